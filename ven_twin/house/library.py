"""Finds house profiles: by packaged name, or by path."""

from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from ven_twin.house.end_uses import read_end_uses
from ven_twin.house.errors import PhysicsError, ProfileError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Profile, decode_profile
from ven_twin.house.weather import Weather, read_weather

STANDARD = "standard"
SUFFIX = ".toml"


def packaged_houses() -> tuple[str, ...]:
    """The names of the profiles that come with the twin, in order."""
    names = (entry.name for entry in files("ven_twin.house.profiles").iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


def load_profile(house: str | Path = STANDARD) -> Profile:
    """The profile called *house*: a packaged name, or the path of a TOML file.

    Raises:
        ProfileError: there is no such profile, or it does not decode.
    """
    name = str(house)
    if name in packaged_houses():
        text = (files("ven_twin.house.profiles") / f"{name}{SUFFIX}").read_text(encoding="utf-8")
        return decode_profile(text, name)
    try:
        text = Path(house).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        allowed = f"{', '.join(packaged_houses())}, or the path of a readable TOML file"
        raise ProfileError(name, "house", name, allowed) from error
    profile = decode_profile(text, name)
    if profile.weather is None:
        return profile
    return replace(profile, weather=str(Path(house).parent / profile.weather))


def load_environment(
    profile: Profile, seed: int | None = None, weather: Path | None = None
) -> HouseEnvironment:
    """The world around a profile's house; *seed* and *weather* replace the profile's.

    Raises:
        ProfileError: the profile's weather file cannot be read, or has no year of weather.
        OSError: *weather* cannot be read.
        PhysicsError: it has no year of weather.
    """
    used_seed = profile.seed if seed is None else seed
    if weather is None and profile.weather is not None:
        year = _profile_weather(profile, Path(profile.weather))
    else:
        year = read_weather(weather)
    return HouseEnvironment(year, read_end_uses(), profile.habits, used_seed)


def _profile_weather(profile: Profile, path: Path) -> Weather:
    try:
        return read_weather(path)
    except (OSError, PhysicsError) as error:
        allowed = f"a file of EPW, TMY3 or the packaged form: {error}"
        raise ProfileError(profile.name, "weather", str(path), allowed) from error
