"""What leads on from where a fine-tune is: commands, and advice where no command helps.

Alternatives are joined by ", or "; what begins with `ftops` is a whole command that can be copied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ftops.model.change import Action, Change, Reason
from ftops.model.job import FailureClass, JobError, JobStatus

FAILURE_ADVICE: Mapping[FailureClass, str] = {
    FailureClass.USER_ERROR: "correct its data or spec: the same fails again, or ftops events {name}",
    FailureClass.MODERATION: "take out of its data what the provider refuses to train on, or train elsewhere",
    FailureClass.QUOTA: "get room at the provider, then set lifecycle.rerun",
    FailureClass.BILLING: "settle the account at the provider, then set lifecycle.rerun",
    FailureClass.PROVIDER_ERROR: "set lifecycle.retry or lifecycle.rerun to train again",
    FailureClass.UNKNOWN: "ftops events {name}",
}
"""What to do about a failed job, by whose fault it is."""

_RESOLVE = "ftops resolve {name} --job ID"
_NOT_MINE = "ftops resolve {name} --not-mine ID"
_RETRY = "ftops resolve {name} --retry"

NEXT_BY_REASON: Mapping[Reason, str] = {
    Reason.AMBIGUOUS_CREATE: f"{_RESOLVE}, or ftops resolve {{name}} --never-arrived",
    Reason.LOOKALIKE: f"{_RESOLVE}, or {_NOT_MINE}",
    Reason.OTHER_LINEAGE: f"ftops state rebuild, or {_RESOLVE}, or {_NOT_MINE}",
    Reason.REJECTED: f"change its spec, or {_RETRY}",
    Reason.STUCK: _RETRY,
    Reason.OVERDUE: f"change its spec, or {_RETRY}",
    Reason.STALLED: "ftops events {name}, or ftops cancel {name}",
    Reason.BILLING: "settle billing at the provider, then ftops apply",
    Reason.CANCELLED_BY_HAND: f"change its spec, or {_RETRY}",
    Reason.CANCELLED_EXTERNALLY: "set lifecycle.rerun to train again",
    Reason.VANISHED: "set lifecycle.rerun to train again",
    Reason.UNKNOWN_PROVIDER: "put its provider back in ftops.yaml, or write renamed_from",
    Reason.UNREACHABLE: "ftops doctor",
    Reason.INCOMPLETE_LIST: "ftops doctor",
    Reason.INVALID_DATA: "ftops validate",
}
NEXT_BY_ACTION: Mapping[Action, str] = {
    Action.WAIT: "ftops apply, later",
    **dict.fromkeys((action for action in Action if action.effective), "ftops apply"),
}

_COMMAND = "ftops "
_BETWEEN = re.compile(f", or (?={_COMMAND})")


def next_step(change: Change, status: str, error: JobError | None) -> str | None:
    """Return what leads on; None where there is nothing to do but wait."""
    text = NEXT_BY_REASON.get(change.reason) if change.action is Action.HOLD else None
    if change.action is Action.HOLD and change.reason is Reason.FAILED:
        text = FAILURE_ADVICE[error.failure_class if error else FailureClass.UNKNOWN]
    if change.action is Action.HOLD and change.reason is Reason.OVERDUE and status != JobStatus.CANCELLED:
        text = "ftops cancel {name}"
    text = text or NEXT_BY_ACTION.get(change.action)
    if text is None and status == JobStatus.SUCCEEDED:
        text = "ftops outputs {name}"
    elif text is None and status in (JobStatus.PENDING, JobStatus.RUNNING):
        text = "ftops events {name} --follow"
    return text.format(name=change.name) if text else None


def alternatives(text: str) -> tuple[tuple[str, bool], ...]:
    """Split what leads on into its parts, each with whether it is a command."""
    return tuple((part, part.startswith(_COMMAND)) for part in _BETWEEN.split(text) if part)
