"""How a job is marked as ours: a whole mark where a format has room for texts by name, else a tag.

A tag (`Stamp.tag`) stands behind the suffix, or in an id that we choose. It is a hash, so only the state that
knows the nonce can read it: a lost state does not get its jobs back by their tags.
"""

from __future__ import annotations

import re
from typing import Any

from ftops.model.identifiers import FINGERPRINT, NAME, WORD
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
    if not isinstance(metadata, dict):
        return None
    try:
        found = _MARK.fullmatch("\n".join([metadata[key] for key in STAMP_KEYS]))
    except (KeyError, TypeError):
        return None
    if found is None:
        return None
    project, lineage, name, fingerprint, generation, attempt, nonce = found.group(*_PARTS)
    return Stamp(project, lineage, name, fingerprint, int(generation), int(attempt), nonce)


_NUMBER = f"[0-9]{{1,{LONGEST_NUMBER}}}"
_MARK = re.compile(
    "\n".join(
        (
            f"(?P<project>{NAME})",
            f"(?P<lineage>{WORD})",
            f"(?P<name>{NAME})",
            f"(?P<fingerprint>{FINGERPRINT})",
            rf"(?P<generation>{_NUMBER})\.(?P<attempt>{_NUMBER})",
            f"(?P<nonce>{WORD})",
        )
    )
)
"""A whole mark, a line for each of its keys: no value of it may hold a line break. One look at each job."""

_PARTS = ("project", "lineage", "name", "fingerprint", "generation", "attempt", "nonce")

_TAG = re.compile(r"(?:^|[-_:])(f[b-df-hj-np-z0-9]{8})$")


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
