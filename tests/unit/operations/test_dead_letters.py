"""Dead letters are counted by queue, and are not known where the caller has no right to the queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from contracts.store.dead_letters import queues_output
from contracts.store.stack import StackOutput
from ven_twin.operations.aggregator.by_functions import DirectAggregator
from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError

REGION = "eu-west-1"
QUEUES = ("telemetry", "vens", "rule-errors")


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A stack of three queues of dead letters."""
    access = Access(stage="dev", region=REGION, access_key_id="testing", secret_access_key="testing")
    with mock_aws():
        cloud = Cloud(access)
        sqs = cloud.client("sqs")
        urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
        cloud._outputs = {StackOutput.DEAD_LETTERS: queues_output(urls), StackOutput.INLETS: ""}
        yield cloud


def _send(cloud: Cloud, queue: str, *, count: int) -> str:
    sqs = cloud.client("sqs")
    url: str = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for number in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    return url


def test_letters_are_counted_in_every_queue(cloud: Cloud) -> None:
    """A queue without any counts none, and one letter that somebody looks at just now still counts."""
    _send(cloud, "vens", count=1)
    url = _send(cloud, "telemetry", count=3)
    cloud.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=30)
    assert DirectAggregator(cloud).dead_letters() == {"telemetry": 3, "vens": 1, "rule-errors": 0}


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_letters_that_the_caller_may_not_count_are_not_known(cloud: Cloud, code: str) -> None:
    """A refusal for want of rights is no count of nothing, and no failure of the rest."""
    with Stubber(cloud.client("sqs")) as refusing:
        refusing.add_client_error("get_queue_attributes", code, "no")
        assert DirectAggregator(cloud).dead_letters() is None


def test_queues_that_fail_are_an_error(cloud: Cloud) -> None:
    """Any other refusal is told as it is."""
    with Stubber(cloud.client("sqs")) as failing:
        failing.add_client_error("get_queue_attributes", "InternalFailure", "broken")
        with pytest.raises(CloudError, match="InternalFailure"):
            DirectAggregator(cloud).dead_letters()
