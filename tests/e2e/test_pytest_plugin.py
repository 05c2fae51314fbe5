"""The fixtures that ven-twin brings to pytest, as somebody else's project uses them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import GIVE_UP_S

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "guides" / "examples"
GUIDE = ROOT / "docs" / "guides" / "test-with-pytest.md"
PROJECT = "tested_with_pytest"
SETTINGS = ("AWS_", "PYTEST_", "VEN_TWIN_")
OTHER = """
import sys

def test_other():
    rooms = ("ven_twin", "contracts", "lambdas", "boto3", "moto")
    there = {name for name in sys.modules if name.split(".")[0] in rooms}
    assert there == {"ven_twin", "ven_twin.installation", "ven_twin.testing", "ven_twin.testing.plugin"}
"""


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=inherited,
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * GIVE_UP_S,
    )


def test_the_example_passes_as_it_stands(tmp_path: Path) -> None:
    """A twin, a VEN of one's own and the functions alone, in tests of some lines, away from the checkout."""
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    done = _pytest(tmp_path / PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 3 passed" in done.stdout


def test_an_event_that_cannot_be_is_one_line_in_the_options_words(tmp_path: Path) -> None:
    """A mistake in a test names the option and what is allowed, and nothing is started for it."""
    (tmp_path / "test_mistake.py").write_text(
        "from ven_twin.testing.dr_events import DrEvents\n"
        "def test_unknown(): DrEvents(None)(shed=2)\n"
        "def test_text(): DrEvents(None)(shed_kw='much')\n"
    )
    done = _pytest(tmp_path)
    assert "FieldError: shed: is none of duration, shed_kw," in done.stdout
    assert "FieldError: --shed-kw: 'much' is no power" in done.stdout


def test_a_project_that_asks_for_nothing_of_it_imports_nothing_of_it(tmp_path: Path) -> None:
    """Having ven-twin installed does not change the tests of others: neither their start nor their names."""
    (tmp_path / "test_other.py").write_text(OTHER)
    done = _pytest(tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_guide_shows_the_example() -> None:
    """The page prints the code that the tests run."""
    sources = "\n".join(path.read_text() for path in sorted((EXAMPLES / PROJECT).glob("*.py")))
    shown = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(shown) == 3
    assert [code for code in shown if code not in sources] == []
