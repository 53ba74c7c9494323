"""What stays of a record that is put away: jobs and numbers, so that nothing is paid or numbered twice."""

from __future__ import annotations

from ftops.model.spending import labelled
from ftops.model.state import ArchivedRecord, Record
from ftops.model.value import replace

NOTHING = ArchivedRecord(0)


def put_away(record: Record, earlier: ArchivedRecord = NOTHING, *, detached: bool = False) -> ArchivedRecord:
    """Return a record as the archive keeps it, before what was kept of its name. `detached`: its job runs on.

    An archive has no labels of its own: what a found job cost stays with the labels of its fine-tune.
    """
    current = (replace(record.job, detached=detached),) if record.job else ()
    jobs = (
        replace(one, purchase=labelled(one.purchase, record.labels)) for one in (*current, *record.history)
    )
    nonce = (record.intent.nonce,) if record.intent else ()
    asked = (record.intent.request,) if record.intent else ()
    return ArchivedRecord(
        generation=max(record.generation, earlier.generation),
        jobs=(*jobs, *earlier.jobs),
        spent_nonces=(*record.spent_nonces, *nonce, *earlier.spent_nonces),
        requests=(*record.requests, *asked, *earlier.requests),
        cancelled_by_hand=(*record.cancelled_by_hand, *earlier.cancelled_by_hand),
    )
