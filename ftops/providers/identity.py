"""How a job is marked as ours: a whole mark where a format has room for texts by name, else a tag.

A tag (`Stamp.tag`) stands behind the suffix, or in an id that we choose. It is a hash, so only the state that
knows the nonce can read it: a lost state does not get its jobs back by their tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ftops.model.identifiers import is_fingerprint, is_name, is_word
from ftops.model.job import Stamp

STAMP_KEYS = (
    "ftops_project",
    "ftops_lineage",
    "ftops_name",
    "ftops_fingerprint",
    "ftops_generation",
    "ftops_nonce",
)
"""The metadata keys of a stamp; `ftops_generation` is `GENERATION.ATTEMPT`."""

LONGEST_NUMBER = 9
"""Digits of a generation or attempt that anybody can have reached."""


def encode_stamp(stamp: Stamp) -> dict[str, str]:
    """Write our mark as metadata: six keys of at most 512 characters each."""
    values = (
        stamp.project,
        stamp.lineage,
        stamp.name,
        stamp.fingerprint,
        f"{stamp.generation}.{stamp.attempt}",
        stamp.nonce,
    )
    return dict(zip(STAMP_KEYS, values, strict=True))


def decode_stamp(metadata: Any) -> Stamp | None:
    """Read our mark; anything but a complete one is somebody else's metadata."""
    if not isinstance(metadata, Mapping):
        return None
    values = [metadata.get(key) for key in STAMP_KEYS]
    if not all(isinstance(value, str) and value for value in values):
        return None
    project, lineage, name, fingerprint, numbers, nonce = map(str, values)
    generation, _, attempt = numbers.partition(".")
    if not all(
        part.isascii() and part.isdecimal() and len(part) <= LONGEST_NUMBER for part in (generation, attempt)
    ):
        return None
    ours = is_name(project) and is_name(name) and is_fingerprint(fingerprint)
    if not ours or not (is_word(lineage) and is_word(nonce)):
        return None
    return Stamp(project, lineage, name, fingerprint, int(generation), int(attempt), nonce)


_TAG = re.compile(r"(?:^|[-_:])(f[a-z2-7]{8})$")


def tagged(suffix: str | None, stamp: Stamp | None) -> str | None:
    """Write the tag behind a suffix: `triage-fabcdefgh`; it is the suffix where there is none."""
    if stamp is None:
        return suffix
    return f"{suffix}-{stamp.tag}" if suffix else stamp.tag


def split_tag(shown: str | None) -> tuple[str | None, str | None]:
    """Return a suffix or an id without its tag, and the tag; both as they are where there is none."""
    found = _TAG.search(shown or "")
    if shown is None or found is None:
        return shown or None, None
    return shown[: found.start()] or None, found[1]
