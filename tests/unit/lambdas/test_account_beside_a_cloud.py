"""The functions' account in the process, beside a local cloud that the same process calls."""

from __future__ import annotations

import boto3
import pytest
from botocore.awsrequest import AWSRequest

LOCAL, AWS = "http://127.0.0.1:4566/", "https://sts.us-east-1.amazonaws.com/"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("url", "signed"), [(LOCAL, True), (AWS, False)])
def test_only_calls_of_the_account_go_without_a_signature(url: str, signed: bool) -> None:
    """Moto reads none; a local cloud checks each, and the account stays open as long as the session."""
    client = boto3.client(
        "sts", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    request = AWSRequest(method="POST", url=url, data="Action=GetCallerIdentity")
    client._request_signer.sign("GetCallerIdentity", request)
    assert ("SignedHeaders=" in request.headers["Authorization"]) is signed
