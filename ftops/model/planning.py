"""What a plan is made from, and the result."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.errors import Problem
from ftops.model.change import Reason
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.freezing import Freezes
from ftops.model.observation import Observation
from ftops.model.plan import Plan
from ftops.model.request import JobRequest
from ftops.model.state import State


class Deferred(Struct, frozen=True):
    """Why a create does not happen in this round; from `until` (Unix seconds) on it may, with None never."""

    message: str
    until: float | None = None
    reason: Reason = Reason.OVER_BUDGET


class Inputs(Struct, frozen=True):
    """The three truths, and the instant (Unix seconds) they are judged at.

    `observations` has every provider that is used, by name; `configured` are all that the project has, used
    or not (None: those observed). `selection` are the names to plan for (their upstreams come along), None
    for all. `data_problems` go by fine-tune; a file that could not be read to its end is not in `datasets`.
    `fingerprints` are those that are known already, by name, of the newest form. `deferred` are the creates
    that may not happen yet, by name; `freezes` are the open windows in which nothing is created, or stopped.
    `unattended`: nobody is there, so the places that a queue leaves free for people are not used.
    """

    project: str
    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    observations: Mapping[str, Observation]
    state: State
    now: float
    selection: frozenset[str] | None = None
    patient: bool = False
    unattended: bool = False
    data_problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    configured: frozenset[str] | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    deferred: Mapping[str, Deferred] = field(default_factory=dict)
    freezes: Freezes = Freezes()


class Doubts(Struct, frozen=True):
    """What a second look could make surer: jobs that were listed without a mark, files that nobody listed.

    `jobs` are pairs of provider and id, `files` provider names. `dates` are the providers to be asked when
    their models end, `costs` the creates whose cost they are asked for, by provider and fine-tune: no
    decision of the planner's, but a reviewer's. `events` are running jobs that a list shows nothing new of,
    as pairs, with the newest event that is known of each.
    """

    jobs: frozenset[tuple[str, str]] = frozenset()
    files: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    costs: Mapping[str, Mapping[str, JobRequest]] = field(default_factory=dict)
    events: Mapping[tuple[str, str], str | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.jobs or self.files or self.dates or self.costs or self.events)


class Planning(Struct, frozen=True):
    """A plan, and the settled state that carrying it out starts from."""

    plan: Plan
    state: State
    doubts: Doubts = Doubts()
