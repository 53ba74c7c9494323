"""The signature of a plan file: that its maker holds a key. The digest guards against mistakes alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from ftops.errors import Refused
from ftops.model.fingerprint import canonical_json

FIELD = "signature"
"""Where it stands in the document. Neither the digest nor the signature covers it."""

LEAST_BYTES = 32
"""Of a key: as many as an HMAC with SHA-256 is worth."""

_PURPOSE = b"ftops plan file 1\n"
"""Stands before the document, so that no signature made with the key for another purpose fits a plan."""

_AGAIN = "make it with `ftops plan --out` where the same FTOPS_PLAN_KEY is set"


def signed(document: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """Return the document with its signature: HMAC-SHA256 of its canonical form."""
    return {**document, FIELD: _signature(document, key)}


def raise_unless_signed(document: Mapping[str, Any], key: bytes, location: str) -> None:
    """Raise Refused unless the document was signed with this key and is still the same."""
    found = document.get(FIELD)
    if found is None:
        raise Refused(f"{location} is not signed, and a key to check plans with is set", hint=_AGAIN)
    right = _signature(document, key).encode()
    if not hmac.compare_digest(right, str(found).encode("utf-8", "replace")):
        raise Refused(
            f"{location} was signed with another key, or was changed after it was signed", hint=_AGAIN
        )


def _signature(document: Mapping[str, Any], key: bytes) -> str:
    content = canonical_json({name: value for name, value in document.items() if name != FIELD})
    return f"hmac-sha256:{hmac.new(key, _PURPOSE + content, hashlib.sha256).hexdigest()}"
