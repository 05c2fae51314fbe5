"""Tariffs: the price of a kWh at a time, and how what is none is refused."""

from datetime import datetime
from pathlib import Path

import pytest

from ven_twin.house.errors import ProfileError
from ven_twin.house.library import load_profile
from ven_twin.house.tariff import tariff_in

PEAK = """
[tariff]
currency = "USD"
price = 0.12
[[tariff.periods]]
from = "14:00"
until = "19:00"
days = "weekdays"
price = 0.31
[[tariff.periods]]
from = "22:00"
until = "06:00"
days = "weekends"
price = 0.05
"""


@pytest.mark.parametrize(
    ("at", "price"),
    [
        ("2026-07-14 13:59", 0.12),
        ("2026-07-14 14:00", 0.31),
        ("2026-07-14 18:59", 0.31),
        ("2026-07-14 19:00", 0.12),
        ("2026-07-18 15:00", 0.12),
        ("2026-07-18 22:00", 0.05),
        ("2026-07-18 03:00", 0.12),
        ("2026-07-19 03:00", 0.05),
        ("2026-07-20 05:59", 0.05),
        ("2026-07-20 06:00", 0.12),
    ],
)
def test_a_price_is_that_of_the_first_period_that_has_the_time(at: str, price: float) -> None:
    """A period over midnight belongs to the day that it began on; outside of all the flat price counts."""
    assert tariff_in(PEAK, "file").price_at(datetime.fromisoformat(at)) == price


def test_what_is_fed_in_has_the_export_price_of_its_period() -> None:
    """A period without one has the tariff's, and a tariff without one pays nothing."""
    at = [datetime.fromisoformat(f"2026-07-{day}") for day in ("14 12:00", "14 15:00", "18 23:00")]
    assert [tariff_in(PEAK, "file").prices_at(time).export_price for time in at] == [0.0, 0.0, 0.0]
    priced = PEAK.replace("price = 0.12", "price = 0.12\nexport_price_kwh = 0.04")
    priced = priced.replace("price = 0.31", "price = 0.31\nexport_price_kwh = 0.2")
    assert [tariff_in(priced, "file").prices_at(time).export_price for time in at] == [0.04, 0.2, 0.04]


@pytest.mark.parametrize(
    ("old", "new", "key", "allowed"),
    [
        ('currency = "USD"', 'currency = "$"', "tariff.currency", "three capital letters"),
        ('currency = "USD"\n', "", "tariff.currency", "three capital letters"),
        ("price = 0.12", 'price = "cheap"', "tariff.price", "a number from -100"),
        (
            "price = 0.12",
            "prize = 0.12",
            "tariff.prize",
            "there are currency, price, export_price_kwh, co2_kg_kwh, incentive_kwh, periods",
        ),
        (
            "price = 0.12",
            "price = 0.12\nexport_price_kwh = 1e6",
            "tariff.export_price_kwh",
            "from -100 to 100000",
        ),
        (
            "price = 0.31",
            'price = 0.31\nexport_price_kwh = "no"',
            "tariff.periods[0].export_price_kwh",
            "fed in",
        ),
        ("price = 0.31", "price = nan", "tariff.periods[0].price", "a number from -100"),
        ('from = "14:00"', "from = 14", "tariff.periods[0].from", "a time of day"),
        ('from = "14:00"', 'from = "2 pm"', "tariff.periods[0].from", "from 00:00 to 24:00"),
        ('until = "19:00"', 'until = "14:00"', "tariff.periods[0].until", "another time than from"),
        ('days = "weekends"', 'days = "sundays"', "tariff.periods[1].days", "'weekdays'"),
        ("[tariff]", "[tarif]", "tariff", "a table"),
        ("[tariff]", "[tariff", "(file)", "must be TOML"),
    ],
)
def test_what_is_no_tariff_is_named_with_what_is_allowed(old: str, new: str, key: str, allowed: str) -> None:
    """The error has the key and an example of what is right."""
    text = PEAK.replace(old, new, 1) if old != "[tariff]" else PEAK.replace("tariff", new.strip("[]"))
    text = text if new != "[tariff" else PEAK.replace("[tariff]", "[tariff")
    with pytest.raises(ProfileError) as caught:
        tariff_in(text, "file")
    assert caught.value.key == key
    assert allowed in caught.value.allowed


def test_a_house_file_has_its_tariff_and_the_packaged_houses_none(tmp_path: Path) -> None:
    """Prices differ from house to house, so that none is made up."""
    assert load_profile("flat").tariff is None
    source = Path("ven_twin/house/profiles/flat.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(source + PEAK, encoding="utf-8")
    tariff = load_profile(tmp_path / "mine.toml").tariff
    assert tariff is not None
    assert (tariff.currency, len(tariff.periods)) == ("USD", 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tariff", "file must be TOML: "),
        ("x = 1", "file: tariff is missing: a table, such as "),
        ("[tariff]\nprice = 0.1", "file: tariff.currency is missing: three capital letters"),
        ('[tariff]\nprice = 0.1\ncurrency = "usd"', "file: tariff.currency = 'usd' is not allowed: three "),
    ],
)
def test_an_error_is_a_sentence(text: str, words: str) -> None:
    """A missing key is called missing, and a file that cannot be read is named itself."""
    with pytest.raises(ProfileError) as caught:
        tariff_in(text, "file")
    assert str(caught.value).startswith(words)
