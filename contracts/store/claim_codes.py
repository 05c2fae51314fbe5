"""Claim codes: the secret by which one VEN may claim a certificate, once; a salted hash is stored. Pure.

A code has 96 random bits, so that a salted SHA-256 keeps it as well as a slow hash would.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

CODE_BYTES = 12
SALT_BYTES = 16
TRIES = 5
"""Attempts at a code; then the VEN has to be put on the list again.
Interpretation: enough for a typing error or two."""
CODE_PARAMETER = "ClaimCode"
"""The provisioning template's parameter in which a device sends it."""
HASH_ATTRIBUTE, SALT_ATTRIBUTE, TRIES_ATTRIBUTE = "codeHash", "codeSalt", "codeTries"


def code_of(random: bytes) -> str:
    """The code that *random*, of `CODE_BYTES`, is: letters and digits in groups of four."""
    text = base64.b32encode(random).decode().rstrip("=")
    return "-".join(text[first : first + 4] for first in range(0, len(text), 4))


def code_hash(code: str, salt: str) -> str:
    """The salted hash of *code* that is stored. Capitals, hyphens and spaces make no difference."""
    plain = "".join(code.upper().split()).replace("-", "")
    return hmac.new(salt.encode(), plain.encode(), hashlib.sha256).hexdigest()


def is_code(code: str, salt: str, stored_hash: str) -> bool:
    """True when *code* is the one that *stored_hash* was made of; it takes as long for any."""
    return hmac.compare_digest(code_hash(code, salt).encode(), stored_hash.encode())
