"""By which resource IAM judges a call, where the emulator knows less than AWS.

Without this, a role that is as narrow as AWS allows would be refused here. Source: AWS Service
Authorization Reference, AWS IoT and EventBridge Scheduler.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Extract = Callable[..., str]


def judged_as_on_aws(extract: Extract) -> Extract:
    """The emulator's *extract*, with a policy's target, the policy of a list, and a schedule's group."""

    def extract_resource_arn(service: str, *call: Any) -> str:
        _method, path, _headers, body, query_params, *_scope = call
        arn = extract(service, *call)
        if service == "iot" and path.startswith(("/target-policies/", "/attached-policies/")):
            target = _body(body).get("target") or path.removeprefix("/attached-policies/")
            return target if str(target).startswith("arn:") else arn
        if service == "iot" and path.startswith("/policy-targets/"):
            region, account_id = _scope
            return f"arn:aws:iot:{region}:{account_id}:policy/{path.removeprefix('/policy-targets/')}"
        if service == "scheduler" and ":schedule/default/" in arn:
            group = _body(body).get("GroupName") or _first(query_params.get("groupName"))
            return arn.replace(":schedule/default/", f":schedule/{group or 'default'}/")
        return arn

    return extract_resource_arn


def _body(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
