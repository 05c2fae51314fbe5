"""A proof that breaks: whatever breaks, the stage is destroyed, and what stays is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from contracts.errors import VenTwinError
from ven_twin.cli import prove
from ven_twin.cli.prove import Proof
from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.operations.aws_prove.evidence import Evidence
from ven_twin.operations.aws_prove.remains import Remainder

THING = Remainder("thing", "local-ven-1", "aws iot delete-thing --thing-name local-ven-1")


class FakeDeployment:
    """A stage in memory, which breaks where it is told to."""

    def __init__(self, *, deploys: bool = True, destroys: bool = True) -> None:
        self._deploys, self._destroys = deploys, destroys
        self.stands = False
        self.destroyed = 0

    def deploy(self) -> None:
        """Half of it is there also when it fails."""
        self.stands = True
        if not self._deploys:
            raise VenTwinError("the stack ended as ROLLBACK_COMPLETE")

    def destroy(self) -> None:
        """It is gone, or nothing is."""
        self.destroyed += 1
        if not self._destroys:
            raise VenTwinError("the stack was not deleted")
        self.stands = False


def proof(monkeypatch: pytest.MonkeyPatch, deployment: FakeDeployment, breaks: BaseException | None) -> Proof:
    """A proof of *deployment* whose use of the stage raises *breaks*."""

    @contextlib.contextmanager
    def twin(*_: object) -> Iterator[None]:
        if breaks is not None:
            raise breaks
        yield

    def left(*_: object) -> tuple[list[Remainder], list[str]]:
        return ([THING] if deployment.stands else []), []

    monkeypatch.setattr(prove, "twin", twin)
    monkeypatch.setattr(prove, "remainders", left)
    monkeypatch.setattr(prove, "certificates_of", lambda _: set())
    monkeypatch.setattr(prove, "delete_shadows", lambda *_: None)
    monkeypatch.setattr(prove, "cost_by_tag", lambda *_: "not answered")
    monkeypatch.setattr(prove, "GONE_S", 0.0)
    evidence = Evidence(stage="local", account="1", region="us-east-1", begun_at="2026-11-27T08:00:00Z")
    cloud = Cloud(Access("local", region="us-east-1", access_key_id="a", secret_access_key="b"))
    return Proof(
        cloud, deployment, evidence, vens=("local-ven-1", "local-ven-2"), event_s=1, load_s=1, say=silent
    )


def silent(step: str, detail: str = "") -> None:
    """Show no step."""


def steps(evidence: Evidence) -> dict[str, bool]:
    """The steps and whether they worked."""
    return {step.name: step.worked for step in evidence.steps}


def test_a_deployment_that_fails_is_destroyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that was rolled back stays until it is deleted; the reason is in the evidence."""
    deployment = FakeDeployment(deploys=False)
    broken = proof(monkeypatch, deployment, None)
    broken.run()
    assert steps(broken.evidence) == {"deploy": False, "destroy": True, "nothing is left": True}
    assert "ROLLBACK_COMPLETE" in broken.evidence.steps[0].result
    assert not deployment.stands
    assert not broken.evidence.proved


@pytest.mark.parametrize("breaks", [VenTwinError("the twin ended"), KeyboardInterrupt()])
def test_a_use_that_fails_or_is_interrupted_is_destroyed(
    breaks: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stops the steps, the stage goes; and what stopped them is a step that did not work."""
    deployment = FakeDeployment()
    broken = proof(monkeypatch, deployment, breaks)
    broken.run()
    assert (deployment.stands, deployment.destroyed) == (False, 1)
    assert not broken.evidence.proved


def test_a_mistake_of_our_own_is_destroyed_too_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw leaves nothing behind, and is not hidden."""
    deployment = FakeDeployment()
    broken = proof(monkeypatch, deployment, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        broken.run()
    assert not deployment.stands


def test_what_stays_is_told_with_its_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that cannot be destroyed: not proved, and each thing has the command that removes it."""
    deployment = FakeDeployment(destroys=False)
    broken = proof(monkeypatch, deployment, VenTwinError("the twin ended"))
    broken.run()
    assert steps(broken.evidence)["destroy"] is False
    assert steps(broken.evidence)["nothing is left"] is False
    assert broken.evidence.left == [THING]
    assert not broken.evidence.proved
