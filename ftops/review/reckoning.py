"""Done, now and to follow: the total of a command, each step in the earliest part that has it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ftops.model.change import Reason
from ftops.model.plan import Plan
from ftops.model.steps import SoFar, Steps, steps_later, steps_now


class Reckoning(Struct, frozen=True):
    """The steps of a command that a limit counts, in three parts that share none.

    `recorded` counts the records that the command began with.
    """

    done: Steps
    now: Steps
    later: Steps
    recorded: int

    @property
    def ahead(self) -> Steps:
        """What is not done yet."""
        return self.now | self.later

    @property
    def all(self) -> Steps:
        """Everything, each step once."""
        return self.done | self.ahead

    def parts(self, measure: Callable[[Steps], float], written: Callable[[float], str]) -> str:
        """Name the parts of the total, in parentheses; empty where all of it is to be done now."""
        amounts = (("done", self.done), ("now", self.now), ("to follow", self.later))
        shown = [(name, measure(part)) for name, part in amounts if measure(part)]
        if [name for name, _ in shown] in ([], ["now"]):
            return ""
        return f" ({', '.join(f'{written(amount)} {name}' for name, amount in shown)})"


def reckoned(plan: Plan, so_far: SoFar) -> Reckoning:
    """Return the command's total with this plan; the cancels that no limit counts are left out."""
    uncounted = Steps(cancels=plan.facts.uncounted)
    now = steps_now(plan.changes) - uncounted - so_far.steps
    # What waits for another day's budget, or for the end of a freeze, is for another command.
    following = [change for change in plan.changes if change.reason not in _FOR_ANOTHER]
    later = steps_later(following) - so_far.steps - now
    recorded = plan.facts.recorded if so_far.recorded is None else so_far.recorded
    return Reckoning(so_far.steps, now, later, recorded)


_FOR_ANOTHER = frozenset({Reason.OVER_BUDGET, Reason.FREEZE})
