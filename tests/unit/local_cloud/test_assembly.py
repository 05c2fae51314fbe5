"""The assembly for the local cloud: kept as long as what it names is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from local_cloud import synth


def test_an_assembly_whose_bundle_is_gone_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the bundle in the cache and has no copy of it; whoever empties the cache need not know."""
    bundle, made = tmp_path / "bundle", list[Path]()

    def synthesize(draft: Path, _vens: Sequence[str], _rotation: str) -> None:
        bundle.mkdir(exist_ok=True)
        files = {"code": {"source": {"path": str(bundle)}}}
        (draft / "VenTwin-local.assets.json").write_text(json.dumps({"files": files}), encoding="utf-8")
        made.append(draft)

    monkeypatch.setattr(synth, "_synthesize", synthesize)
    first = synth.assembly(("ven-1",), cache=tmp_path / "assembly")
    assert synth.assembly(("ven-1",), cache=tmp_path / "assembly") == first
    assert len(made) == 1
    bundle.rmdir()
    assert synth.assembly(("ven-1",), cache=tmp_path / "assembly") == first
    assert len(made) == 2
    assert bundle.is_dir()
