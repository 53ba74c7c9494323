"""Names that the table is not asked about: a create in doubt."""

from __future__ import annotations

from collections.abc import Sequence

from ftops.model.change import Action, Reason
from ftops.model.job import Job
from ftops.model.state import Intent
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.records.intents import Doubt
from ftops.records.likeness import Likeness, said
from ftops.records.wording import ways_out


def doubtful(
    situation: Situation,
    intent: Intent,
    doubt: tuple[Doubt, tuple[str, ...]],
    lookalikes: Sequence[tuple[Job, Likeness]],
) -> Decision:
    """Say what is not known about an open intent, and how a person can settle it."""
    kind, job_ids = doubt
    if kind is Doubt.SETTLING:
        return Decision(Action.WAIT, Reason.SETTLING, _settling(situation, intent))
    found = "the job list is incomplete"
    if lookalikes:
        found = "; ".join(_lookalike(job, like) for job, like in lookalikes)
    elif job_ids:
        found = f"it could be any of {', '.join(job_ids)}"
    message = (
        f"an earlier create got no clear answer and {found}; "
        f"{ways_out(situation.name, job_ids, '--never-arrived')}"
    )
    return Decision(Action.HOLD, Reason.AMBIGUOUS_CREATE, message, job_ids[0] if job_ids else None)


def _settling(situation: Situation, intent: Intent) -> str:
    settle = situation.provider.settle
    until = intent.not_after + settle if intent.absent_since is None else intent.absent_since + settle
    left = max(0, round(until - situation.now))
    looked = (
        ""
        if intent.absent_since is None
        else "; one complete list did not have it, and a second has to confirm that"
    )
    return (
        "an earlier create got no clear answer; it may still show up, so nothing is sent again for another "
        f"{left} s{looked}"
    )


def _lookalike(job: Job, like: Likeness) -> str:
    where = "it trains on the file that was sent" if like.on_our_file else "model and files fit"
    if like.differing:
        return f"job {job.id} could be it ({where}, and it differs in {said(like.differing)})"
    return f"job {job.id} could be it ({where}, and it does not carry our mark)"
