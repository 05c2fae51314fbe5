"""Finds house profiles: by packaged name, or by path."""

from importlib.resources import files
from pathlib import Path

from ven_twin.house.end_uses import read_end_uses
from ven_twin.house.errors import ProfileError
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Profile, decode_profile
from ven_twin.house.weather import read_weather

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
    return decode_profile(text, name)


def load_environment(
    profile: Profile, seed: int | None = None, weather: Path | None = None
) -> HouseEnvironment:
    """The world around a profile's house; *seed* and *weather* replace the profile's and the packaged.

    Raises:
        OSError: the weather file cannot be read.
        PhysicsError: it is not of the expected form.
    """
    return HouseEnvironment(
        read_weather(weather), read_end_uses(), profile.habits, profile.seed if seed is None else seed
    )
