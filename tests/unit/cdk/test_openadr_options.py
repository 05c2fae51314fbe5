"""An identity provider is read from CDK context whole, or refused by the option that is wrong."""

from __future__ import annotations

import pytest

from cdk.openadr_options import read_external_issuer
from cdk.stage import read_stage
from contracts.errors import FieldError
from contracts.openadr.external_issuer import ExternalIssuer, issuer_setting, read_issuer
from contracts.openadr.scopes import Scope

WHOLE = {
    "oadr_issuer": "https://id.example",
    "oadr_jwks_url": "https://id.example/keys",
    "oadr_token_url": "https://id.example/token",
    "oadr_audience": "vtn",
}


def test_without_options_the_stage_is_a_vtn_that_issues_its_tokens() -> None:
    """Nothing has to be set."""
    stage = read_stage({"stage": "dev"}.get)
    assert (stage.openadr, stage.external_issuer) == (True, None)
    assert not read_stage({"openadr": "off"}.get).openadr


def test_an_identity_provider_has_the_usual_claims_unless_told_otherwise() -> None:
    """Its words are OpenADR's then; the functions read what the stage has."""
    issuer = read_external_issuer(WHOLE.get)
    assert issuer == ExternalIssuer(
        issuer="https://id.example",
        jwks_url="https://id.example/keys",
        token_url="https://id.example/token",
        audience="vtn",
    )
    assert read_issuer(issuer_setting(issuer)) == issuer


def test_words_are_mapped_to_one_scope_or_several() -> None:
    """By pairs, each word once."""
    issuer = read_external_issuer(
        {**WHOLE, "oadr_scopes": "r=read_all, w = write_programs+write_events+write_events"}.get
    )
    assert issuer is not None
    assert issuer.scopes == {"r": (Scope.READ_ALL,), "w": (Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS)}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("openadr", "yes", "'yes' is none of on, off"),
        ("oadr_jwks_url", None, "required beside oadr_issuer"),
        ("oadr_token_url", None, "required beside oadr_issuer"),
        ("oadr_audience", None, "required beside oadr_issuer"),
        ("oadr_audience", " ", "is empty"),
        ("oadr_issuer", "x" * 3000, "together at most 3000 bytes"),
        ("oadr_jwks_url", "http://id.example/keys", "is neither https:// nor http:// on this machine"),
        ("oadr_jwks_url", "id.example", "is neither https:// nor http:// on this machine"),
        ("oadr_token_url", "ftp://id.example", "is neither https:// nor http:// on this machine"),
        ("oadr_scopes", "grid.read", "is not like grid.read=read_all"),
        ("oadr_scopes", "a=read_all,a=read_bl", "names a twice"),
        ("oadr_scopes", "a=read_everything", "'read_everything' is none of read_all, read_bl"),
    ],
)
def test_an_option_that_cannot_be_is_named(key: str, value: str | None, reason: str) -> None:
    """With what is allowed."""
    context = {name: text for name, text in {**WHOLE, key: value}.items() if text is not None}
    with pytest.raises(FieldError) as refused:
        read_stage(context.get)
    assert refused.value.field == key
    assert reason in refused.value.reason


@pytest.mark.parametrize("key", [key for key in WHOLE if key != "oadr_issuer"])
def test_an_option_of_a_provider_that_is_not_named_is_refused(key: str) -> None:
    """It would change nothing, and whoever set it would believe that it did."""
    with pytest.raises(FieldError, match="is of an identity provider: name it by -c oadr_issuer="):
        read_external_issuer({key: WHOLE[key]}.get)


def test_a_broker_is_named_by_its_uri() -> None:
    """By TLS, as clients are told it; none when it is left out."""
    uri = "wss://abc123-ats.iot.eu-west-1.amazonaws.com/mqtt"
    assert read_stage({"stage": "dev", "oadr_mqtt_uri": uri}.get).oadr_mqtt_uri == uri
    assert read_stage({"stage": "dev"}.get).oadr_mqtt_uri is None


@pytest.mark.parametrize(
    ("stage", "uri"), [("dev", "mqtt://broker"), ("dev", "wss://"), ("dev", ""), ("local", "wss://broker")]
)
def test_a_broker_without_tls_or_tokens_is_refused(stage: str, uri: str) -> None:
    """The local cloud's broker takes certificates and no tokens."""
    with pytest.raises(FieldError) as refused:
        read_stage({"stage": stage, "oadr_mqtt_uri": uri}.get)
    assert refused.value.field == "oadr_mqtt_uri"
