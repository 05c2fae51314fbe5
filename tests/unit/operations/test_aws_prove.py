"""The proof of an account: its cost, and the page that is its evidence."""

from __future__ import annotations

import datetime as dt

import boto3
import pytest
from botocore.stub import ANY, Stubber

from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.operations.aws_prove.costs import MONTH_S, Usage, bill, cost_by_tag, expected, total_usd
from ven_twin.operations.aws_prove.evidence import Evidence, ProofStep, page
from ven_twin.operations.aws_prove.remains import Remainder
from ven_twin.operations.bill.stack import ALARMS
from ven_twin.operations.prices import price_table

DONE = ProofStep("deploy", 200.0, worked=True, result="")
FAILED = ProofStep("main job", 9.5, worked=False, result="telemetry did not come | within 60 s\nsecond line")


def evidence(*steps: ProofStep, left: tuple[Remainder, ...] = ()) -> Evidence:
    """The evidence of *steps*."""
    return Evidence(
        stage="proveabcd",
        account="123456789012",
        region="eu-west-1",
        begun_at="2026-11-27T08:00:00Z",
        steps=list(steps),
        cost="not answered yet",
        left=list(left),
    )


def test_what_is_priced_by_the_month_is_shared_out_by_the_second() -> None:
    """A whole month of nothing costs the alarms, dashboard, metrics, secrets and polls; half of it half."""
    prices = price_table().prices
    month = bill(Usage(MONTH_S, rows=0, commands=0, shadow_updates=0))
    alarms = next(item for item in month if item.name == "alarms")
    assert alarms.usd == pytest.approx(ALARMS * prices["alarm"].usd)
    half = bill(Usage(MONTH_S / 2, rows=0, commands=0, shadow_updates=0))
    assert next(item for item in half if item.name == "alarms").usd == pytest.approx(alarms.usd / 2)


def test_the_estimate_grows_with_the_load_and_stays_below_a_dollar() -> None:
    """What the user is asked about: more commands cost more, and a proof is no fortune."""
    short, long = (bill(expected(60, load_s, 180)) for load_s in (60, 600))
    assert 0 < total_usd(short) < total_usd(long) < 1


def test_it_is_proved_only_when_all_worked_and_nothing_is_left() -> None:
    """A step that failed, something that stays, or no step at all: not proved."""
    left = Remainder("thing", "proveabcd-ven-1", "aws iot delete-thing --thing-name proveabcd-ven-1")
    assert evidence(DONE).proved
    assert not evidence(DONE, FAILED).proved
    assert not evidence(DONE, left=(left,)).proved
    assert not evidence().proved


def test_the_page_has_times_results_cost_and_how_to_remove_what_is_left() -> None:
    """Dated, each step in a row of its own, whatever its text; what is left has its command."""
    left = Remainder("thing", "proveabcd-ven-1", "aws iot delete-thing --thing-name proveabcd-ven-1")
    text = page(evidence(DONE, FAILED, left=(left,)))
    assert "# Stage proveabcd, begun 2026-11-27T08:00:00Z" in text
    assert "**Not proved**" in text
    assert "| main job | ✗ | 9.5 s | telemetry did not come \\| within 60 s second line |" in text
    assert "By the tag `stage=proveabcd`: not answered yet" in text
    assert "- thing `proveabcd-ven-1`: `aws iot delete-thing --thing-name proveabcd-ven-1`" in text
    assert "Nothing." in page(evidence(DONE))


@pytest.mark.parametrize(
    ("amount", "start"), [("0.0000000000", "not answered yet"), ("0.0420000000", "USD 0.0420 so far")]
)
def test_the_cost_by_tag_is_what_cost_explorer_has(
    amount: str, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag is the stage's; nothing billed yet is said as such, with the call that answers later."""
    client = boto3.client(
        "ce", region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )
    stub = Stubber(client)
    total = {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}
    stub.add_response(
        "get_cost_and_usage",
        {"ResultsByTime": [{"Total": total}]},
        {
            "TimePeriod": {"Start": "2026-11-27", "End": "2026-11-28"},
            "Granularity": ANY,
            "Metrics": ["UnblendedCost"],
            "Filter": {"Tags": {"Key": "stage", "Values": ["proveabcd"]}},
        },
    )
    cloud = Cloud(Access("proveabcd", region="eu-west-1"))
    monkeypatch.setattr(cloud, "client", {"ce": client}.__getitem__)
    with stub:
        answer = cost_by_tag(cloud, dt.date(2026, 11, 27))
    assert answer.startswith(start)
    assert "aws ce get-cost-and-usage" in answer
    client.close()
