"""What of the project ends when: what is declared, what runs, what serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from ftops.model.check import Check, Verdict
from ftops.model.finetune import FineTune, root_model
from ftops.model.state import State
from ftops.records.serving import serving_job
from ftops.report.words import counted
from ftops.review.agenda import Concern, Due, Why

NEAR_DAYS = 90


def concerns(fine_tunes: Iterable[FineTune], state: State | None) -> Iterator[Concern]:
    """Return what may end: of the declarations, and of what the state knows, declared or not."""
    declared = {one.name: one for one in fine_tunes}
    for name, one in declared.items():
        if model := root_model(one, declared):
            yield Concern(name, one.provider, model, str(one.method), Why.DECLARED)
    for name, record in state.fine_tunes.items() if state else ():
        method = str(record.spec.get("method") or "supervised")
        job, serves = record.job, serving_job(record)
        base = job.model or record.spec.get("model") if job else None
        if job is not None and job.status.active and isinstance(base, str):
            yield Concern(name, job.provider, base, method, Why.RUNNING)
        if serves is not None and serves.fine_tuned_model:
            yield Concern(name, serves.provider, serves.fine_tuned_model, method, Why.SERVING)


def retirement_check(dues: Sequence[Due], today: date) -> Check:
    """Sum up the calendar: what is near is worth a warning."""
    near = [due for due in dues if due.ending.date <= today + timedelta(days=NEAR_DAYS)]
    if not near:
        return Check("retirement", Verdict.OK, f"nothing of this project is known to end in {NEAR_DAYS} days")
    dates = counted(len(near), "date has passed or comes", "dates have passed or come")
    message = f"{dates} within {NEAR_DAYS} days, the first on {near[0].ending.date}"
    return Check(
        "retirement", Verdict.WARN, message, "see the calendar below; `ftops providers` shows others"
    )
