"""Loads of the functions that make, change and take away VENs' certificates."""

from __future__ import annotations

from functools import cache

from contracts.store.claim_codes import (
    CODE_PARAMETER,
    HASH_ATTRIBUTE,
    SALT_ATTRIBUTE,
    code_hash,
    code_of,
)
from contracts.store.items import Item
from contracts.store.keys import ALLOWED_VENS, EVENTS, VENS
from contracts.store.stack import (
    DEFINITIONS_RESOURCE,
    SECRET_CA,
    SECRET_CERTIFICATE,
    SECRET_PRIVATE_KEY,
    VEN_IDS_RESOURCE,
    claim_secret_name,
    tls_secret_name,
    ven_policy_name,
)
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.topics import claim_client_id
from harness.functions.account import CannedAccount, ids
from harness.functions.load import Calls, Done, WorstLoad
from harness.functions.loads import fleet
from harness.functions.tables import CannedTable
from lambdas.provision_ven.logic import POLICY_REMOVAL
from lambdas.rotate_ven.handler import LAST_VEN_S
from ven_twin.testing.pki import Authority

CODE = code_of(bytes(range(12)))
VENS_MAX = 80
GROUPS_OF_CONTEXT = 50
"""VENs of a stack, as docs/guides/aws.md has them."""
DUE = 10
"""VENs due in an hour: 10,000 in 90 days are five."""
STAGE = "dev"
OTHERS = tuple(f"{number:064x}" for number in range(1, 5))
"""Certificates that cut-short attempts have left on a thing."""


@cache
def _certificate_pem() -> str:
    return Authority().issue("ven").certificate


def _secret() -> str:
    return codec.encode(
        {
            SECRET_CA: "-" * 4_700,
            SECRET_CERTIFICATE: _certificate_pem(),
            SECRET_PRIVATE_KEY: "-" * 1_700,
        }
    ).decode()


def _account(
    vens: CannedTable, *, things: bool = True, certificates: tuple[str, ...] = OTHERS, conflicts: int = 0
) -> CannedAccount:
    return CannedAccount(
        {
            "vens": vens,
            "allowed": CannedTable(ALLOWED_VENS).add([_place()]),
            "events": CannedTable(EVENTS),
        },
        things=things,
        certificates=certificates,
        policy=ven_policy_name(STAGE),
        certificate_pem=_certificate_pem(),
        secret=_secret(),
        shadow={"state": {"reported": {"certificateId": fleet.CERTIFICATE}}},
        conflicts=conflicts,
    )


def _no_vens() -> CannedTable:
    return CannedTable(VENS)


def _one_ven() -> CannedTable:
    return CannedTable(VENS).add(fleet.ven_items()[:1])


def _place() -> Item:
    """The place of the VEN that claims on the list of those that may."""
    hashed = {HASH_ATTRIBUTE: code_hash(CODE, "salt"), SALT_ATTRIBUTE: "salt"}
    return {"venId": ids(1)[0], "expiresTs": int(fleet.NOW) + 3600, **hashed}


def _claim() -> JsonDict:
    ven_id = ids(1)[0]
    return {
        "claimCertificateId": "c" * 64,
        "certificateId": "b" * 64,
        "certificatePem": _certificate_pem(),
        "templateArn": "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/ven-twin-dev",
        "clientId": claim_client_id(ven_id),
        "parameters": {"SerialNumber": ven_id, CODE_PARAMETER: CODE},
    }


def _admitted(answer: JsonDict, calls: Calls) -> bool:
    return answer == {"allowProvisioning": True} and calls["dynamodb UpdateItem"] == 4


def _turned_away(answer: JsonDict, calls: Calls) -> bool:
    return answer == {"allowProvisioning": False} and calls["iot POST /attached-policies"] == len(OTHERS)


def _request(kind: str, resource: str, **properties: object) -> JsonDict:
    return {
        "RequestType": kind,
        "RequestId": "8d7a1f3e-0000-4000-8000-000000000002",
        "ResponseURL": "https://localhost:PORT/answer",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/VenTwin-dev/1b2c",
        "LogicalResourceId": "Resource",
        "PhysicalResourceId": fleet.CERTIFICATE,
        "ResourceType": resource,
        "ResourceProperties": {"ServiceToken": "arn", **properties},
    }


def _ven(kind: str) -> JsonDict:
    ven_id = ids(1)[0]
    return _request(
        kind,
        "Custom::VenCertificate",
        VenId=ven_id,
        PolicyName=ven_policy_name(STAGE),
        SecretId=tls_secret_name(STAGE, ven_id),
    )


def _claim_certificate() -> JsonDict:
    return _request(
        "Create",
        "Custom::ClaimCertificate",
        PolicyName=f"ven-twin-{STAGE}-claim",
        SecretId=claim_secret_name(STAGE),
    )


def _vens_of_another() -> JsonDict:
    return _request("Create", VEN_IDS_RESOURCE, VenIds=ids(VENS_MAX))


def _definitions() -> JsonDict:
    groups = {f"group-{number}": ids(VENS_MAX) for number in range(GROUPS_OF_CONTEXT)}
    programs = {f"program-{number}": "caiso_10_of_10" for number in range(GROUPS_OF_CONTEXT)}
    return _request("Create", DEFINITIONS_RESOURCE, Groups=groups, Programs=programs)


def _policy() -> JsonDict:
    return _request("Delete", POLICY_REMOVAL, PolicyName=ven_policy_name(STAGE))


def _answered(operation: str, count: int) -> Done:
    def done(_: object, calls: Calls) -> bool:
        return calls[" PUT /answer"] == 1 and calls[operation] >= count

    return done


def _sweep_account() -> CannedAccount:
    """Ten thousand VENs, of whom ten have a certificate of a hundred days."""
    items = list(fleet.ven_items())
    items[:DUE] = [{**item, "certifiedTs": fleet.NOW - 100 * fleet.DAY_S} for item in items[:DUE]]
    return _account(CannedTable(VENS).add(items), certificates=(fleet.CERTIFICATE,))


def _swept(answer: JsonDict, calls: Calls) -> bool:
    begun: int = answer["begun"]
    return begun == DUE == calls["iot POST /certificates"]


def _begun(answer: JsonDict, calls: Calls) -> bool:
    return answer["begun"] == 1 and calls["iot DELETE /certificates"] == len(OTHERS)


DELETED = "iot DELETE /certificates"
LOADS = (
    WorstLoad(
        "admit_ven",
        "a claim, the first that the sandbox meets",
        _claim,
        lambda: _account(_no_vens(), things=False),
        _admitted,
    ),
    WorstLoad(
        "admit_ven",
        "a claim for a thing of another stage, which has four certificates",
        _claim,
        lambda: _account(_no_vens()),
        _turned_away,
    ),
    WorstLoad(
        "provision_ven",
        "a VEN's certificate, with four that cut-short attempts have left",
        lambda: _ven("Create"),
        lambda: _account(_no_vens()),
        _answered(DELETED, len(OTHERS)),
    ),
    WorstLoad(
        "provision_ven",
        "a VEN is removed, with four certificates that AWS deletes late",
        lambda: _ven("Delete"),
        lambda: _account(_one_ven(), conflicts=24),
        _answered(DELETED, len(OTHERS) + 24),
    ),
    WorstLoad(
        "provision_ven",
        "the claim's certificate, with 80 that have its policy",
        _claim_certificate,
        lambda: _account(_no_vens(), certificates=tuple(f"{number:064x}" for number in range(VENS_MAX))),
        _answered(DELETED, VENS_MAX),
    ),
    WorstLoad(
        "provision_ven",
        "80 VENs that another stage has",
        _vens_of_another,
        lambda: _account(_no_vens(), certificates=OTHERS[:1]),
        _answered("iot POST /attached-policies", VENS_MAX),
    ),
    WorstLoad(
        "provision_ven",
        "the context's 50 groups of 80 VENs, and 50 programs",
        _definitions,
        lambda: _account(_no_vens()),
        _answered("dynamodb PutItem", 3 * GROUPS_OF_CONTEXT),
    ),
    WorstLoad(
        "provision_ven",
        "a policy of 80 certificates, which AWS deletes after nine minutes",
        _policy,
        lambda: _account(
            _no_vens(), certificates=tuple(f"{number:064x}" for number in range(VENS_MAX)), conflicts=30
        ),
        _answered("iot DELETE /policies", 31),
    ),
    WorstLoad(
        "rotate_ven",
        "a sweep over 10,000 VENs, ten of them due",
        lambda: {"op": "sweep"},
        _sweep_account,
        _swept,
        environment={"ROTATE_DAYS": "90"},
    ),
    WorstLoad(
        "rotate_ven",
        "the last VEN that a sweep begins with, with four certificates that were left",
        lambda: {"op": "begin", "venId": ids(1)[0]},
        lambda: _account(_one_ven(), certificates=(fleet.CERTIFICATE, *OTHERS)),
        _begun,
        limit_s=LAST_VEN_S,
    ),
)
