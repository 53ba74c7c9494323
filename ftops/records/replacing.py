"""One state in place of another: which may take the place, and what would be lost with the other. Pure."""

from __future__ import annotations

from ftops.errors import Refused
from ftops.model.state import State


def refuse_older(pushed: State, current: State) -> None:
    """Raise Refused where a state would take back what is recorded, or belongs to another history."""
    if pushed.lineage != current.lineage:
        raise Refused(
            f"the state there has lineage {current.lineage}, the pushed one {pushed.lineage}",
            hint="--force replaces it anyway; what only that one records is forgotten",
        )
    if pushed.serial < current.serial:
        raise Refused(
            f"the state there is newer: serial {current.serial}, the pushed one has {pushed.serial}",
            hint="--force replaces it anyway; jobs recorded since are forgotten",
        )


def known_only_to(one: State, other: State) -> list[str]:
    """Return, in order, the jobs and the nonces of creates that the other state does not know."""
    return sorted(_identities(one) - _identities(other))


def _identities(state: State) -> set[str]:
    """Return every job, and every nonce of a create that may have become one."""
    known: set[str] = set()
    for record in state.fine_tunes.values():
        known |= {job.id for job in record.jobs} | {*record.spent_nonces}
        known |= {record.intent.nonce} if record.intent else set()
    for archived in state.archive.values():
        known |= {job.id for job in archived.jobs} | {*archived.spent_nonces}
    return known
