"""Plan: the ordered changes, and what they were made from. Apply reads nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.change import UNPLANNED_REASONS, Action, Change
from ftops.model.commit import Commit
from ftops.model.json_value import JSONObject
from ftops.model.steps import Stop


class PlanFacts(Struct, frozen=True):
    """Counts that the guards judge by; a guard must not look at anything else.

    `known_active` are recorded jobs that were active when last seen, `newly_missing` those of them that
    this run's complete lists lack for the first time. `wrong_accounts` says of each provider whose jobs
    belong to another organization than the expected one. `commit` is what is declared by, and `older_than`
    the newer one that was applied last, where there is one. `second_payments` are the cancels of jobs whose
    twin, another job of the same create, stays, and `by_hand` those that a person has asked for: no limit
    counts either. `same_training` are the declared names that share a
    fingerprint, each group in order.
    """

    declared: int = 0
    recorded: int = 0
    known_active: int = 0
    newly_missing: int = 0
    wrong_accounts: tuple[str, ...] = ()
    commit: Commit | None = None
    older_than: Commit | None = None
    second_payments: frozenset[Stop] = frozenset()
    by_hand: frozenset[Stop] = frozenset()
    same_training: tuple[tuple[str, ...], ...] = ()

    @property
    def uncounted(self) -> frozenset[Stop]:
        """The cancels that no limit counts."""
        return self.second_payments | self.by_hand


class Base(Struct, frozen=True):
    """What a plan was compared with: a commit, by the name that somebody asked for."""

    ref: str
    commit: Commit


class Plan(Struct, frozen=True):
    """All changes, in an order in which nothing precedes what it depends on.

    `incomplete` maps each provider whose list was not surely whole to the reason: nothing is done there.
    `notes` are what a reviewer should know besides the changes. `bindings` is what a saved plan depends on,
    by kind; empty for one that nobody saves. `unmanaged` counts live jobs that are neither declared, recorded
    nor stamped by us. `base` is what its changes were compared with. `offline`: no provider was asked, so
    that it may only be looked at.
    """

    project: str
    lineage: str
    serial: int
    changes: tuple[Change, ...]
    incomplete: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unmanaged: int = 0
    facts: PlanFacts = PlanFacts()
    bindings: JSONObject = field(default_factory=dict)
    base: Base | None = None
    offline: bool = False

    @property
    def complete(self) -> bool:
        """Return whether every provider that it is about was listed to the end."""
        return not self.incomplete

    @property
    def fruitless(self) -> bool:
        """Return whether nothing at all could be planned: providers cannot be listed, data is invalid."""
        return bool(self.changes) and all(change.reason in UNPLANNED_REASONS for change in self.changes)

    @property
    def summary(self) -> Mapping[str, int]:
        """Count the changes by action, what trains later, the jobs that are stopped, and those not ours.

        `stopped` counts every job that is cancelled now: alone, by a replace or by an adopt.
        """
        counts = Counter(change.action for change in self.changes)
        return {
            **{action.value: counts[action] for action in Action},
            "later": sum(1 for change in self.changes if change.then is not None),
            "stopped": sum(1 for change in self.changes if change.stops is not None),
            "unmanaged": self.unmanaged,
        }

    @property
    def effective_changes(self) -> tuple[Change, ...]:
        """Return the changes that would do something."""
        return tuple(change for change in self.changes if change.action.effective)
