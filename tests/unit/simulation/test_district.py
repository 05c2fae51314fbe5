"""``ven-twin simulate --homes``: many houses and their aggregate."""

import csv
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import FieldError
from ven_twin.cli.simulate import simulate
from ven_twin.cli.tree import CommandGroup
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import Profile, build_house
from ven_twin.simulation.scenario import Scenario
from ven_twin.simulation.scenario import run as run_one

np = pytest.importorskip("numpy", reason="many houses need numpy: pip install numpy")
from ven_twin.simulation.many_houses.district import (  # noqa: E402 - after the skip
    District,
    DistrictLedger,
    DistrictMinute,
)

MIDNIGHT = 1_784_005_200.0
app = CommandGroup("One command.")
app.command()(simulate)
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five flats over a July day, as the command writes them."""
    path = tmp_path_factory.mktemp("district")
    arguments = ["--homes", "5", "--house", "flat", "--seed", "3", "--out", str(path), "--json"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    (path / "totals.json").write_text(result.stdout)
    return path


def test_each_house_of_a_district_is_the_house_of_its_seed(profile: Profile) -> None:
    """A district draws what the houses with consecutive seeds would draw one by one."""
    district = District(build_house(profile), load_environment(profile, 3), 2, MIDNIGHT, 1)
    alone = []
    for seed in (3, 4):
        scenario = Scenario(district.house, load_environment(profile, seed), MIDNIGHT, 1)
        alone.append([minute.used_kw for minute in run_one(scenario)])
    minutes = list(district.minutes())
    assert len(minutes) == district.steps == 1_440
    for house, powers_kw in enumerate(alone):
        assert [minute.houses_kw[house] for minute in minutes] == pytest.approx(powers_kw, abs=1e-12)
    assert alone[0] != alone[1]


def test_the_ledger_has_peak_coincidence_and_spread() -> None:
    """Two houses that peak one after the other share three quarters of their peaks."""
    ledger = DistrictLedger(2)
    for at_s, first_kw, second_kw in ((0.0, 2.0, 0.0), (60.0, 1.0, 2.0)):
        ledger.add(DistrictMinute(at_s, 20.0, {"a": first_kw + second_kw}, np.array([first_kw, second_kw])))
    assert (ledger.peak_kw, ledger.peak_ts, ledger.coincidence) == (3.0, 60.0, 0.75)
    assert ledger.houses_kwh.tolist() == pytest.approx([3.0 / 60, 2.0 / 60])
    assert ledger.used_kwh == pytest.approx(ledger.circuits_kwh["a"]) == pytest.approx(5.0 / 60)
    assert ledger.spread_kwh == pytest.approx((2.1 / 60, 2.5 / 60, 2.9 / 60))


def test_the_trace_of_a_district_is_its_aggregate(folder: Path) -> None:
    """A row a minute: the sum, its circuits and the spread, which add up to the totals."""
    with (folder / "trace.csv").open() as file:
        rows = list(csv.DictReader(file))
    totals = json.loads((folder / "totals.json").read_text())
    assert len(rows) == 1_440
    circuits = [spec.id for spec in load_profile("flat").circuits]
    for row in rows[::100]:
        sum_kw = sum(float(row[f"{circuit}_kw"]) for circuit in circuits)
        assert float(row["used_kw"]) == pytest.approx(sum_kw, abs=1e-5)
        assert float(row["house_p10_kw"]) <= float(row["house_p50_kw"]) <= float(row["house_p90_kw"])
    assert sum(float(row["used_kw"]) for row in rows) / 60 == pytest.approx(totals["usedKwh"], abs=1e-3)
    assert max(float(row["used_kw"]) for row in rows) == pytest.approx(totals["peakKw"], abs=1e-6)
    assert (totals["houses"], totals["seed"]) == (5, 3)
    assert 0.2 < totals["coincidence"] <= 1.0


def test_the_page_of_a_district_shows_power_spread_and_energy(folder: Path) -> None:
    """One self-contained page: the sum by circuit, the houses among themselves, energy by circuit."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("5 houses", "Power by circuit", "Net power of a house", "Coincidence", "kWh a day"):
        assert words in page
    assert "seeds 3 to 7" in page
    assert "http://" not in page
    assert "<script" not in page


def test_the_same_district_is_the_same_trace(folder: Path, tmp_path: Path) -> None:
    """The same options give the same file."""
    RUNNER.invoke(app, ["--homes", "5", "--house", "flat", "--seed", "3", "--out", str(tmp_path)])
    assert (tmp_path / "trace.csv").read_bytes() == (folder / "trace.csv").read_bytes()


def test_events_do_not_go_with_many_houses(tmp_path: Path) -> None:
    """The option at fault is named, and nothing is written."""
    arguments = ["--homes", "5", "--event", "17:00/2h/1kW", "--out", str(tmp_path / "run")]
    error = RUNNER.invoke(app, arguments).exception
    assert isinstance(error, FieldError)
    assert error.field == "--event"
    assert "--homes" in error.reason
    assert not (tmp_path / "run").exists()


def test_many_houses_without_numpy_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing extra is one clear sentence and not a traceback."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    error = RUNNER.invoke(app, ["--homes", "5", "--out", str(tmp_path / "run")]).exception
    assert isinstance(error, FieldError)
    assert error.field == "--homes"
    assert "pip install numpy" in error.reason


@pytest.mark.parametrize("houses", ["0", "-3", "many", "1000000"])
def test_a_number_of_houses_that_is_none_is_refused(houses: str) -> None:
    """The option and its range are named."""
    result = RUNNER.invoke(app, ["--homes", houses])
    assert result.exit_code == 2
    assert "--homes" in result.output
