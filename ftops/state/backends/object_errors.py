"""What a store said to a request for a state, as an error of ours: whether a write may have been done."""

from __future__ import annotations

from obstore.exceptions import BaseError

from ftops.errors import StateError, StateUncertain
from ftops.transport.bucket_errors import FORBIDDEN, NO_CREDENTIALS, STATUS, Place, reason

_UNTIMELY = "408"


def failure(place: Place, doing: str, error: Exception) -> StateError:
    """Make the error for a request that changed nothing. `doing` follows "cannot": "read the state"."""
    why, hint = reason(place, error)
    return StateError(f"cannot {doing} {place.location}: {why}", hint=hint)


def write_failure(place: Place, doing: str, error: Exception, *, may_read: bool) -> StateError:
    """Make the error for a write, StateUncertain unless the store certainly refused it."""
    why, hint = reason(place, error)
    if _is_refusal(error):
        if why == FORBIDDEN and may_read:
            why = "the credentials may read but not write"
        return StateError(f"cannot {doing} {place.location}: {why}", hint=hint)
    return StateUncertain(
        f"cannot {doing} {place.location}, and it is unknown whether it was done: {why}", hint=hint
    )


def _is_refusal(error: Exception) -> bool:
    """Return whether the only try got a refusal; an earlier one that was repeated may have had its effect."""
    if not isinstance(error, BaseError | FileNotFoundError):
        return True
    text = str(error)
    status = STATUS.search(text)
    refused = status is not None and status[1].startswith("4") and status[1] != _UNTIMELY
    return (refused and "retries: 0," in text) or NO_CREDENTIALS.search(text) is not None
