"""The value of a VEN's secret: its CA, certificate and private key. Pure."""

from __future__ import annotations

from contracts.store.stack import SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY
from contracts.wire import codec


def secret_value(*, ca_pem: str, certificate_pem: str, private_key_pem: str, **more: str) -> str:
    """The secret that a VEN reads its identity from."""
    identity = {SECRET_CA: ca_pem, SECRET_CERTIFICATE: certificate_pem, SECRET_PRIVATE_KEY: private_key_pem}
    return codec.encode({**identity, **more}).decode()


def with_certificate(value: str, *, certificate_pem: str, private_key_pem: str) -> str:
    """The same secret with another certificate. Raises MalformedError when *value* is no such secret."""
    pair = {SECRET_CERTIFICATE: certificate_pem, SECRET_PRIVATE_KEY: private_key_pem}
    return codec.encode(codec.load_object(value) | pair).decode()


def with_trust_root(value: str, ca_pem: str) -> str:
    """The same secret with another trust root. Raises MalformedError when *value* is no such secret."""
    return codec.encode(codec.load_object(value) | {SECRET_CA: ca_pem}).decode()
