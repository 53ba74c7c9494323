"""What the line passes on: what is declared, what was reviewed, what an apply works with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from ftops.errors import InvalidInput, Problem
from ftops.files.places import FileStamp
from ftops.model.commit import Commit
from ftops.model.data_check import DataVerdict
from ftops.model.dataset import Dataset, TokenCount
from ftops.model.finetune import FineTune
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Plan
from ftops.model.planning import Planning
from ftops.model.policy import Rulebook
from ftops.model.project import Project
from ftops.model.review import Review
from ftops.model.state import State
from ftops.review.prices import PriceBook
from ftops.review.purse import EMPTY, Purse
from ftops.review.retirement import Ends
from ftops.review.selection import Selection


class Pointer(Struct, frozen=True):
    """A file that is known by the SHA-256 of its bytes alone, and their number if it is reported."""

    sha256: str
    bytes: int = 0


class Loaded(Struct, frozen=True):
    """A project and everything it declares, checked. `datasets` by project-relative path.

    `stamps` show whether the manifests are still those that were read; `commit`, where they are from a
    repository, is what it was at before they were read. `verdicts` judge the data by fine-tune,
    `unseen` where manifests may be that were not seen. `data_problems` say by fine-tune why it may not be
    created: a file of it that cannot be read is not in `datasets`. `pointers` are files without their bytes.
    `partly`: it is read to stop jobs, and nothing has a price, so that no mistake in prices is in the way.
    `indexed`: this run has written the index of unchanged files.
    `rulebook` is what a plan is judged by.
    `counted` are the tokens that this run has counted, by content: the one field that grows.
    """

    root: Path
    project: Project
    facts: Mapping[str, ProviderFacts]
    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    stamps: Mapping[str, FileStamp | None] = field(default_factory=dict)
    commit: Commit | None = None
    verdicts: Mapping[str, DataVerdict] = field(default_factory=dict)
    unseen: tuple[Problem, ...] = ()
    data_problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    believed: frozenset[str] = frozenset()
    remembering: bool = False
    pointers: Mapping[str, Pointer] = field(default_factory=dict)
    partly: bool = False
    indexed: bool = False
    rulebook: Rulebook = Rulebook()
    counted: dict[str, TokenCount] = field(default_factory=dict)

    def require_seen(self) -> None:
        """Raise InvalidInput where manifests may be that were not seen: what is not seen is not removed."""
        if self.unseen:
            raise InvalidInput(self.unseen)


class Reviewed(Struct, frozen=True):
    """A plan with its review, what applying it starts from, and what it is about.

    `ends` is what retirement is judged by, None where no known end concerns the plan. `at` (Unix seconds) is
    the instant that it was judged at: what it creates counts in the budgets of that day. `purse` is what
    these hold, and `prices` what it costs by, None where nothing is trained.
    """

    planning: Planning
    review: Review
    observations: Mapping[str, Observation]
    stored: State
    selection: Selection
    at: float
    ends: Ends | None = None
    purse: Purse = EMPTY
    prices: PriceBook | None = None

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.planning.plan
