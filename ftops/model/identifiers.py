"""The forms of ids, as patterns: what is read from a state or a mark and is none of these is not ours.

A state file may come with the branch of a pull request, and a mark stands at a server. Ids are printed,
compared and put into addresses, so they hold no sentences, no line breaks and no way to another path.
"""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

NAME = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
"""Of a project, and of a fine-tune."""

FINGERPRINT = "f[1-9][0-9]{0,3}:[0-9a-f]{64}"
"""A digest of what is trained, after the version of the form that it was taken of."""

DIGEST = "sha256:[0-9a-f]{64}"

WORD = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""A nonce, a lineage, the name of a provider."""

SHA256 = "[0-9a-f]{64}"

PROVIDERS_ID = r"(?!(.*/)?\.{1,2}(/|\Z))[!-.0-~][!-~]{0,255}"
"""What a provider calls a job or a file: no white space, and no step to another path."""

_NAME, _FINGERPRINT, _DIGEST, _WORD, _SHA256, _PROVIDERS_ID = map(
    re.compile, (NAME, FINGERPRINT, DIGEST, WORD, SHA256, PROVIDERS_ID)
)


def is_name(text: str) -> bool:
    """Return whether it can name a project or a fine-tune."""
    return _NAME.fullmatch(text) is not None


def is_fingerprint(text: str) -> bool:
    """Return whether it can be a fingerprint, of this version or of another."""
    return _FINGERPRINT.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Return whether it can be the digest of what a commit declares."""
    return _DIGEST.fullmatch(text) is not None


def is_word(text: str) -> bool:
    """Return whether it can be a nonce, a lineage or the name of a provider."""
    return _WORD.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """Return whether it can be the digest of a file."""
    return _SHA256.fullmatch(text) is not None


def is_providers_id(text: str) -> bool:
    """Return whether a provider's id can be put into the path of a request."""
    return _PROVIDERS_ID.fullmatch(text) is not None


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\Z"


Name = Annotated[str, Meta(pattern=_whole(NAME), title="a name")]
Fingerprint = Annotated[str, Meta(pattern=_whole(FINGERPRINT), title="a fingerprint")]
Digest = Annotated[str, Meta(pattern=_whole(DIGEST), title="a digest")]
Word = Annotated[str, Meta(pattern=_whole(WORD), title="a word of letters, digits, dots and dashes")]
SHA256Hex = Annotated[str, Meta(pattern=_whole(SHA256), title="a SHA-256")]
ProvidersId = Annotated[str, Meta(pattern=_whole(PROVIDERS_ID), title="an id without white space")]
Count = Annotated[int, Meta(ge=0)]
"""The forms as types: where one stands in a value, nothing else is decoded into it."""
