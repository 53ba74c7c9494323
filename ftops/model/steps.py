"""Steps: what costs money or stops a job, counted so that each counts once for a whole command."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from ftops.model.change import Action, Change
from ftops.model.event import ChangeResult, Outcome
from ftops.model.review import CostEstimate
from ftops.model.value import replace

Start = tuple[str, int, int]
"""A create by what it is for: name, generation, attempt. No two creates ever share these."""

Stop = tuple[str, str]
"""A cancel: the fine-tune's name and the job's id."""

_DIGITS = 6
"""Of a dollar: enough for one short example, too few for the noise of binary fractions."""


class Steps(Struct, frozen=True):
    """Creates, each with its estimate (None: unknown), and cancels."""

    creates: Mapping[Start, CostEstimate | None] = field(default_factory=dict)
    cancels: frozenset[Stop] = frozenset()

    @property
    def cost(self) -> CostEstimate | None:
        """Add up every create; one unknown makes the sum unknown."""
        if not self.creates:
            return CostEstimate(0.0, 0.0)
        return None if None in self.creates.values() else self.known

    @property
    def known(self) -> CostEstimate | None:
        """Add up the creates whose cost is known; None where there is none."""
        known = [cost for cost in self.creates.values() if cost is not None]
        if not known:
            return None
        low, high = sum(cost.low for cost in known), sum(cost.high for cost in known)
        if not (math.isfinite(low) and math.isfinite(high)):
            return None
        about = any(cost.about for cost in known)
        return CostEstimate(round(low, _DIGITS), round(high, _DIGITS), about=about)

    def __or__(self, other: Steps) -> Steps:
        """Return the steps of both, each once; what a create cost is what was said of it first."""
        return Steps({**other.creates, **self.creates}, self.cancels | other.cancels)

    def __sub__(self, other: Steps) -> Steps:
        """Return the steps that are not among the other ones."""
        creates = {start: cost for start, cost in self.creates.items() if start not in other.creates}
        return Steps(creates, self.cancels - other.cancels)


class SoFar(Struct, frozen=True):
    """What a command did in its earlier rounds: its limits hold for all of them together.

    `recorded` counts the records that the state had when the command began, None before its first round.
    """

    steps: Steps = Steps()
    recorded: int | None = None


NOTHING_DONE = SoFar()
"""Of a command that begins."""


def steps_now(changes: Iterable[Change]) -> Steps:
    """Return what carrying out these changes starts and stops."""
    effective = [change for change in changes if change.action.effective]
    creates = {
        (change.name, change.generation, change.attempt): change.estimated_cost
        for change in effective
        if change.action.creates
    }
    return Steps(creates, frozenset((change.name, change.stops) for change in effective if change.stops))


def steps_later(changes: Iterable[Change]) -> Steps:
    """Return what these changes later start and stop, in later rounds or runs."""
    following = [(change, change.then) for change in changes if change.then is not None]
    creates = {
        (change.name, then.generation, then.attempt): then.estimated_cost for change, then in following
    }
    stopped = [
        (change.name, change.job_id)
        for change, then in following
        if then.action is Action.REPLACE and change.job_id
    ]
    return Steps(creates, frozenset(stopped))


def steps_done(results: Iterable[ChangeResult]) -> Steps:
    """Return what carrying out changes amounted to, for a limit: what may have happened counts as done.

    A create counts once it was sent without a certain refusal; a cancel as soon as it was tried, since the
    result of a replace is about its create alone.
    """
    tried = list(results)
    made = [one.change for one in tried if one.outcome is Outcome.DONE or one.ambiguous]
    return replace(steps_now(one.change for one in tried), creates=steps_now(made).creates)
