"""House profiles: TOML text decoded into circuits and habits, every value checked against its range."""

import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from contracts.wire.shadow import TimeZoneName
from ven_twin.house.circuit import Circuit, Device
from ven_twin.house.devices import DEVICES
from ven_twin.house.devices.appliance import RangeSpec
from ven_twin.house.devices.ev import EvSpec
from ven_twin.house.errors import WHOLE_FILE, PhysicsError, ProfileError
from ven_twin.house.house import House
from ven_twin.house.occupants import Habits
from ven_twin.house.tariff import Tariff, read_tariff

LARGE_PANEL_AMPS = 150.0
_FIELD = re.compile(r"(unknown|required) field `(\w+)`")
_INDEX = re.compile(r"\[(\d+)\]")
"""The place in a list, as in ``schedule[0].from_h``."""

StructT = TypeVar("StructT", bound=msgspec.Struct)


class Panel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service panel.

    ``export_kw`` is the most that battery and car may bring the site's export to, together with the PV: the
    limit of its interconnection. At 0 they give no more than the circuits of the house draw.
    """

    rating_amps: Annotated[float, Meta(ge=60.0, le=400.0)]
    voltage_v: Annotated[float, Meta(ge=100.0, le=260.0)]
    export_kw: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A house as it is configured. *time_zone* is its site's; the weather's standard time without it.

    *weather* is the path of the year of weather that it stands under, from the house file's folder; the
    packaged one without it. *tariff* is what a kWh costs the resident; no money is shown without it.
    """

    name: str
    seed: int
    panel: Panel
    time_zone: TimeZoneName | None = None
    weather: str | None = None
    tariff: Tariff | None = None
    habits: Habits
    circuits: tuple[Circuit, ...]


DEVICE_TYPES: Mapping[str, type[Device]] = {device.spec_type.type: device for device in DEVICES}


def _device_habits() -> Iterator[tuple[str, type] | tuple[str, type, object]]:
    """Name, type and default of every device's own keys of ``[habits]``."""
    for device in DEVICES:
        if device.stream_type is not None:
            for key in msgspec.structs.fields(device.stream_type.habits_type):
                yield (key.name, key.type) if key.required else (key.name, key.type, key.default)


HouseHabits = msgspec.defstruct(
    "HouseHabits",
    list(_device_habits()),
    bases=(Habits,),
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)
"""The keys of ``[habits]``: the house's, and those of every device that people use."""
HouseProfile: type[Profile] = typing.cast(
    "type[Profile]",
    msgspec.defstruct("HouseProfile", [("habits", HouseHabits)], bases=(Profile,), frozen=True, kw_only=True),
)
"""A profile as it decodes."""


def decode_profile(text: str, source: str) -> Profile:
    """Decode a profile. *source* is what errors call it.

    Raises:
        ProfileError: the text is no TOML, a key is missing or unknown, or a value is outside its range;
            the error names the key, the value and what is allowed.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(source, WHOLE_FILE, None, f"must be TOML: {error}") from error
    tables = raw.pop("circuits", {})
    tariff = read_tariff(raw.pop("tariff"), source) if "tariff" in raw else None
    circuits = tuple(_circuit(source, circuit_id, table) for circuit_id, table in tables.items())
    if not circuits:
        raise ProfileError(source, "circuits", tables, "a house has at least one circuit")
    profile = _convert(source, "", {**raw, "circuits": ()}, HouseProfile)
    _check_panel(source, profile.panel, circuits)
    return msgspec.structs.replace(profile, circuits=circuits, tariff=tariff)


def build_house(profile: Profile) -> House:
    """The house of a profile, at rest at its setpoints.

    Raises:
        ProfileError: it has two HVACs, two batteries or two cars that discharge.
    """
    devices = {spec.id: DEVICE_TYPES[spec.type].at_rest(spec) for spec in profile.circuits}
    try:
        return House.of(devices, profile.panel.export_kw)
    except PhysicsError as error:
        raise ProfileError(profile.name, "circuits", list(devices), str(error)) from error


def _circuit(source: str, circuit_id: str, table: object) -> Circuit:
    key = f"circuits.{circuit_id}"
    if not isinstance(table, dict):
        raise ProfileError(source, key, table, "a table")
    kind = table.get("type")
    if not isinstance(kind, str) or kind not in DEVICE_TYPES:
        raise ProfileError(source, f"{key}.type", kind, "one of " + ", ".join(sorted(DEVICE_TYPES)))
    fields = {name: value for name, value in table.items() if name != "type"}
    return _convert(source, key + ".", {"id": circuit_id, **fields}, DEVICE_TYPES[kind].spec_type)


def _convert(source: str, prefix: str, raw: Mapping[str, object], into: type[StructT]) -> StructT:
    """*raw* as *into*; what does not fit is named by its full key, with its value."""
    try:
        return msgspec.convert(raw, into)
    except msgspec.ValidationError as error:
        text = str(error)
        reason, _, path = text.partition(" - at `$.")
        keys = _INDEX.sub(r".\1", path.rstrip("`")).split(".") if path else []
        field = _FIELD.search(reason)
        if field is not None:
            keys.append(field[2])
            allowed_keys = ", ".join(_struct(into, keys[:-1]).__struct_fields__)
            reason = f"there are {allowed_keys}"
        value: object = raw
        for key in keys:
            value = _inside(value, key)
        bounds = _bounds(into, keys)
        allowed = f"{reason}; allowed {bounds}" if bounds else reason
        named = re.sub(r"\.(\d+)", r"[\1]", ".".join(keys))
        raise ProfileError(source, prefix + named, value, allowed) from error


def _struct(struct: type[msgspec.Struct], keys: list[str]) -> type[msgspec.Struct]:
    """The struct that *keys* lead to."""
    for key in keys:
        struct = typing.get_args(struct)[0] if key.isdigit() else typing.get_type_hints(struct)[key]
        optional = type(None) in typing.get_args(struct)
        struct = next(one for one in typing.get_args(struct) if one is not type(None)) if optional else struct
    return struct


def _inside(value: object, key: str) -> object:
    """The item of a table or list; None where there is none."""
    if isinstance(value, dict):
        return value.get(key)
    return value[int(key)] if isinstance(value, list) and key.isdigit() else None


def _bounds(struct: type[msgspec.Struct], keys: list[str]) -> str:
    """The range of the field that *keys* lead to; empty when it has none."""
    field: msgspec.inspect.Type = msgspec.inspect.type_info(struct)
    for key in keys:
        if isinstance(field, msgspec.inspect.UnionType):
            field = field.types[0]
        if isinstance(field, msgspec.inspect.VarTupleType) and key.isdigit():
            field = field.item_type
            continue
        if isinstance(field, msgspec.inspect.TupleType) and key.isdigit():
            field = field.item_types[int(key)]
            continue
        if not isinstance(field, msgspec.inspect.StructType):
            return ""
        field = next(
            (inner.type for inner in field.fields if inner.encode_name == key), msgspec.inspect.AnyType()
        )
    if not isinstance(field, msgspec.inspect.FloatType | msgspec.inspect.IntType):
        return ""
    limits = {">=": field.ge, ">": field.gt, "<=": field.le, "<": field.lt}
    return " and ".join(f"{sign} {limit:g}" for sign, limit in limits.items() if limit is not None)


def _check_panel(source: str, panel: Panel, circuits: tuple[Circuit, ...]) -> None:
    """Refuse what no panel carries, and what does not go together in a circuit.

    A car or a range needs a large panel. No circuit is rated above its breaker, no device draws
    or gives more, and no export is above the panel.
    """
    panel_kw = panel.rating_amps * panel.voltage_v / 1000.0
    if panel.export_kw > panel_kw:
        allowed = f"<= {panel_kw:g}, what the panel carries"
        raise ProfileError(source, "panel.export_kw", panel.export_kw, allowed)
    for spec in circuits:
        if (wrong := spec.impossible()) is not None:
            value = getattr(spec, wrong.key)
            raise ProfileError(source, f"circuits.{spec.id}.{wrong.key}", value, wrong.allowed)
        most_kw = spec.breaker_amps * panel.voltage_v / 1000.0
        for key in spec.most_keys:
            if (kw := getattr(spec, key)) > most_kw:
                allowed = f"<= {most_kw:g}, what its breaker carries"
                raise ProfileError(source, f"circuits.{spec.id}.{key}", kw, allowed)
        if isinstance(spec, EvSpec | RangeSpec) and panel.rating_amps < LARGE_PANEL_AMPS:
            allowed = f">= {LARGE_PANEL_AMPS:g} with {spec.id} in the house"
            raise ProfileError(source, "panel.rating_amps", panel.rating_amps, allowed)
