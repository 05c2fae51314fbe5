"""The licence is one, in the file and in the metadata; what others made is named with its terms."""

from __future__ import annotations

import re
import tomllib

from tests.unit.docs.markdown import ROOT

NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_file_and_metadata_name_the_same_licence() -> None:
    """Apache License 2.0, as an SPDX expression."""
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert re.match(r"\s*Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_file_of_the_licence_goes_with_the_package() -> None:
    """Each pattern of the metadata meets a file, and every file with terms meets a pattern."""
    met = {path for pattern in PROJECT["license-files"] for path in ROOT.glob(pattern)}
    assert all(any(ROOT.glob(pattern)) for pattern in PROJECT["license-files"])
    terms = {path for name in ("NOTICE*", "LICENSE*") for path in (ROOT / "ven_twin").rglob(name)}
    assert met == terms | {ROOT / "LICENSE", ROOT / "NOTICE"}


def test_the_notice_names_files_that_exist() -> None:
    """What others made, and the terms beside it, by path from the project's root."""
    paths = re.findall(r"(?:ven_twin|lambdas)/\S+", NOTICE)
    assert len(paths) >= 7
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_terms_beside_data_or_code_are_in_the_notice() -> None:
    """A data set or a library that is added with its terms is named at the top too."""
    for path in (*(ROOT / "ven_twin").rglob("NOTICE*"), *(ROOT / "ven_twin").rglob("LICENSE*")):
        assert path.relative_to(ROOT).as_posix() in NOTICE
