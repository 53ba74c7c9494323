"""The key that plan files are signed with, and checked."""

from __future__ import annotations

from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError
from ftops.review.plan_signature import LEAST_BYTES
from ftops.transport.references import PLAN_KEY
from ftops.transport.secret import Secret


def plan_key(surroundings: Surroundings) -> bytes | None:
    """Return the key of this run, None where the variable is not set. From now on the vault knows it.

    Raises FtopsError for a short one, and for the empty one that CI hands to whoever may not have the secret:
    taken for no key at all, it would turn the check off without a word.
    """
    value = surroundings.environ.get(PLAN_KEY)
    if value is None:
        return None
    key = value.strip().encode("utf-8", "surrogateescape")
    if len(key) < LEAST_BYTES:
        state = f"has {len(key)} bytes and needs {LEAST_BYTES}" if key else "is set, and empty"
        raise FtopsError(
            f"{PLAN_KEY} {state}", hint="make one with `openssl rand -hex 32`, or unset the variable"
        )
    surroundings.vault.add(Secret(value.strip(), PLAN_KEY))
    return key
