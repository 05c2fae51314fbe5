"""The signature of a notification: HMAC-SHA256 over its time and its body. Pure.

    Ven-Twin-Signature: t=1784154600,v1=5257a869e7ec…

The receiver joins the time, a dot and the body as it came, and compares; a time that is long past is a copy.
"""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE_HEADER = "Ven-Twin-Signature"
ID_HEADER = "Ven-Twin-Id"


def signature(secret: bytes, body: bytes, ts: int) -> str:
    """The value of the header for *body*, sent at *ts*, UTC s."""
    digest = hmac.new(secret, str(ts).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={ts},v1={digest}"
