"""Content-MD5: whether a body arrived as it was sent. A check against accidents, not against anybody."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

HEADER = "Content-MD5"


def content_md5(data: bytes) -> str:
    """Return the header's value for a body."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def arrived_whole(headers: Mapping[str, str], body: bytes) -> bool:
    """Compare a body with its Content-MD5, where there is one that is understood; names are in lower case."""
    told = headers.get(HEADER.lower(), "")
    coded = "content-encoding" in headers
    return coded or len(told) != len(content_md5(b"")) or told == content_md5(body)
