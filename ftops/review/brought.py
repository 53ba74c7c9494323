"""What a branch brings, and what was pending without it: two plans at one instant, compared. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from ftops.model.change import Change, Reason
from ftops.model.value import replace

_ITS_TURN = frozenset({Reason.PROVIDER_LIMIT, Reason.LOOKALIKE_IN_FLIGHT, Reason.OVER_BUDGET, Reason.FREEZE})
"""Waits that depend on what else is in the plan: what is pending stays so where a branch goes before it."""


def marked(
    changes: Iterable[Change], before: Iterable[Change], unknown: Collection[str]
) -> tuple[Change, ...]:
    """Return the changes, each with whether it is new since `before`; nothing is said of `unknown` names."""
    pending: defaultdict[str, list[Any]] = defaultdict(list)
    for change in before:
        pending[change.name].append(_essence(change))
    return tuple(
        change
        if change.name in unknown
        else replace(change, brought=_essence(change) not in pending[change.name])
        for change in changes
    )


def _essence(change: Change) -> Any:
    """Return what makes two changes of one name the same: what is done, why, about which job and training."""
    then = change.then
    step = (change.action, change.reason)
    if then is not None and change.reason in _ITS_TURN:
        step, then = (then.action, then.reason), None
    return (
        step,
        (then.action, then.reason, then.generation, then.attempt) if then else None,
        change.fingerprint,
        change.job_id,
        change.cancel_first,
        change.provider,
        [(one.path, one.before, one.after) for one in change.differences],
    )
