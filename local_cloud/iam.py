"""IAM in the emulator: its callers, and the resources by which it judges their calls.

Callers: every signature is checked, also root's, and root is the one with its own key.

Left to itself the emulator takes a call under the root's key id, under ``test``, under any account's number
or under a foreign Authorization header for root's, whatever its signature says. AWS takes none of these.

Resources: where the emulator knows less of them than AWS, a role that is as narrow as AWS allows would be
refused here. Where it knows a resource by which AWS does not judge, a role that AWS refuses would be let
through: an action that knows no resource type can be granted on ``*`` alone.
Source: AWS Service Authorization Reference.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
import os
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from contracts.wire.codec import JsonDict, JsonObject
from local_cloud.limits import action_types
from local_cloud.overrides import Original

Knows = Callable[[str], bool]
Extract = Callable[..., str]
ON_A_THING = frozenset({"iot:AttachThingPrincipal", "iot:DetachThingPrincipal"})
"""Actions on a certificate that have the thing as the condition key ``iot:thingArn``."""
BATCHES = frozenset({"sqs:SendMessageBatch", "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch"})
"""Calls that AWS judges by the action without the word. Source: SQS Developer Guide, API permissions."""
_PLACE = re.compile(r"\$\{(\w+)\}")


def only_the_configured(_: Knows) -> Knows:
    """The emulator's test for root's key id: it is the one that the launcher made, and no other."""

    def is_root_access_key(access_key_id: str) -> bool:
        return hmac.compare_digest(access_key_id or "", os.environ["AWS_ACCESS_KEY_ID"])

    return is_root_access_key


def nobody(_: Knows) -> Knows:
    """The emulator's test for a caller whose signature is not checked: none is."""

    def is_exempt(access_key_id: str) -> bool:  # noqa: ARG001 - whoever it is
        return False

    return is_exempt


def reached_by_path(create: Original, gateway: ModuleType) -> Original:
    """The emulator's *create* of an HTTP API, with an endpoint that resolves without a name server's help.

    Its own is ``{id}.execute-api.localhost``, which no resolver but some browsers knows. *gateway* is the
    emulator's module.
    """

    def create_api(logical_id: str, properties: Any, stack_name: str) -> tuple[str, JsonDict]:
        api_id, attributes = create(logical_id, properties, stack_name)
        host, port = os.environ["BIND_HOST"], os.environ["GATEWAY_PORT"]
        endpoint = f"http://{host}:{port}/_aws/execute-api/{api_id}"
        gateway._apis[api_id]["apiEndpoint"] = endpoint  # noqa: SLF001 - the emulator's own record
        return api_id, {**attributes, "ApiEndpoint": endpoint}

    return create_api


def judged_as_on_aws(extract: Extract) -> Extract:
    """The emulator's *extract*, with a policy's target, a connection's client and a schedule's group."""

    def extract_resource_arn(service: str, *call: Any) -> str:
        _method, path, _headers, body, query_params, *_scope = call
        arn = extract(service, *call)
        if service == "iot" and path.startswith(("/target-policies/", "/attached-policies/")):
            target = _body(body).get("target") or path.removeprefix("/attached-policies/")
            return target if str(target).startswith("arn:") else arn
        if service == "iot" and path.startswith("/policy-targets/"):
            region, account_id = _scope
            return f"arn:aws:iot:{region}:{account_id}:policy/{path.removeprefix('/policy-targets/')}"
        if service == "iot-data" and path.startswith("/connections/"):
            region, account_id = _scope
            return f"arn:aws:iot:{region}:{account_id}:client/{path.split('/')[2]}"
        if service == "scheduler" and ":schedule/default/" in arn:
            group = _body(body).get("GroupName") or _first(query_params.get("groupName"))
            return arn.replace(":schedule/default/", f":schedule/{group or 'default'}/")
        return arn

    return extract_resource_arn


def judged_by_type(evaluate: Original) -> Original:
    """The emulator's *evaluate* of a caller's policies, by the resource types that the action knows.

    A call that names no resource, as one that lists, is judged by all of the action's one type. One that
    attaches a certificate to a thing is judged by all certificates, and by the thing as a condition.
    """

    def evaluate_by_type(context: Any, *policies: Any) -> Any:
        if context.action in BATCHES:
            context = dataclasses.replace(context, action=context.action.removesuffix("Batch"))
        types = action_types().get(context.action.lower(), [context.resource_arn])
        if not types:
            context = dataclasses.replace(context, resource_arn="*")
        elif context.action in ON_A_THING:
            more = {**context.service_context, "iot:thingarn": context.resource_arn}
            context = dataclasses.replace(
                context, resource_arn=_all_of(types[0], context), service_context=more
            )
        elif context.resource_arn == "*" and len(types) == 1:
            context = dataclasses.replace(context, resource_arn=_all_of(types[0], context))
        return evaluate(context, *policies)

    return evaluate_by_type


def _all_of(arn: str, context: Any) -> str:
    """The ARN of every resource of a type in the caller's account and region."""
    places = {"Partition": "aws", "Region": context.region, "Account": context.principal_account}
    return _PLACE.sub(lambda match: places.get(match[1], "*"), arn)


def _body(body: bytes) -> JsonObject:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def _first(value: object) -> Any:
    return value[0] if isinstance(value, list) and value else value
