"""An identity provider's options in the context, whose tokens the VTN takes instead of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from cdk.context import read_names, read_pairs
from contracts.errors import FieldError
from contracts.openadr.external_issuer import (
    CLIENT_CLAIM,
    SCOPE_CLAIM,
    ExternalIssuer,
    is_fetchable,
    issuer_setting,
)
from contracts.openadr.scopes import Scope

MQTT_URI = "oadr_mqtt_uri"
MQTT_EXAMPLE = "wss://abc123-ats.iot.eu-west-1.amazonaws.com/mqtt"
_BROKER = re.compile(r"(mqtts|wss)://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?")
ISSUER = "oadr_issuer"
NEEDED = ("oadr_jwks_url", "oadr_token_url", "oadr_audience")
OPTIONAL = ("oadr_client_claim", "oadr_scope_claim", "oadr_scopes")
SETTING_MAX_BYTES = 3000
"""All variables of a function have 4 KB together. Source: AWS Lambda quotas, environment variables."""


def read_external_issuer(context: Callable[[str], str | None]) -> ExternalIssuer | None:
    """The identity provider of the context; None where the stage issues its tokens itself.

    Raises:
        FieldError: an option is missing, stands alone, or is no address or scope.
    """
    values = {key: context(key) for key in (ISSUER, *NEEDED, *OPTIONAL)}
    for key, value in values.items():
        if value is not None and not value.strip():
            raise FieldError(key, "is empty")
    issuer = values[ISSUER]
    if issuer is None:
        for key, value in values.items():
            if value is not None:
                raise FieldError(key, f"is of an identity provider: name it by -c {ISSUER}=")
        return None
    for key in NEEDED:
        if values[key] is None:
            raise FieldError(key, f"required beside {ISSUER}")
    read = ExternalIssuer(
        issuer=issuer,
        jwks_url=_address("oadr_jwks_url", values),
        token_url=_address("oadr_token_url", values),
        audience=str(values["oadr_audience"]),
        client_claim=values["oadr_client_claim"] or CLIENT_CLAIM,
        scope_claim=values["oadr_scope_claim"] or SCOPE_CLAIM,
        scopes=_scopes(values["oadr_scopes"]),
    )
    if len(issuer_setting(read).encode()) > SETTING_MAX_BYTES:
        raise FieldError(ISSUER, f"its options are too long: together at most {SETTING_MAX_BYTES} bytes")
    return read


def read_mqtt_uri(context: Callable[[str], str | None], *, is_local: bool) -> str | None:
    """The broker's URI of the context; None where there is none.

    Raises:
        FieldError: it is none by TLS, or the stage is the local one, whose broker knows no tokens.
    """
    uri = context(MQTT_URI)
    if uri is None:
        return None
    if is_local:
        raise FieldError(MQTT_URI, "the local cloud's broker takes certificates and no tokens")
    if not _BROKER.fullmatch(uri):
        raise FieldError(MQTT_URI, f"{uri!r} is not like {MQTT_EXAMPLE}")
    return uri


def _address(key: str, values: dict[str, str | None]) -> str:
    url = str(values[key])
    if not is_fetchable(url):
        raise FieldError(key, f"{url!r} is neither https:// nor http:// on this machine")
    return url


def _scopes(value: str | None) -> dict[str, tuple[Scope, ...]]:
    """``grid.read=read_all,grid.write=write_programs+write_events``."""
    scopes: dict[str, tuple[Scope, ...]] = {}
    for word, names in read_pairs(value, "oadr_scopes", "grid.read=read_all,grid.write=write_events"):
        ours = read_names(names, "+")
        for name in ours:
            if name not in set(Scope):
                raise FieldError("oadr_scopes", f"{name!r} is none of {', '.join(Scope)}")
        scopes[word] = tuple(dict.fromkeys(Scope(name) for name in ours))
    return scopes
