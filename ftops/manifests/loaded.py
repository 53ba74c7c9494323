"""What the manifests of a project declare."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.errors import Problem
from ftops.files.places import FileStamp
from ftops.model.finetune import FineTune
from ftops.model.policy import PolicyRule, Waiver


class LoadedManifests(Struct, frozen=True):
    """Every fine-tune that could be read, by name, and all that is wrong: then nothing may be done.

    A data file that lies outside the project is left out of its fine-tune. `of_data` are those of the
    problems that say of a fine-tune, by name, that a data file is not there; `absent` are these files.
    `stamps` are of the manifests, by project-relative path, from before they were read. `unseen` says where
    manifests may be that were not seen: then nothing may be concluded from what is not there, unless a
    person accepts it. `rules` and `waivers` are those of the project's own.
    """

    fine_tunes: tuple[FineTune, ...]
    problems: tuple[Problem, ...]
    stamps: Mapping[str, FileStamp | None]
    unseen: tuple[Problem, ...] = ()
    of_data: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    rules: tuple[PolicyRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    @property
    def misdeclared(self) -> tuple[Problem, ...]:
        """The problems of the manifests themselves, for which nothing of the project may be applied."""
        of_data = {problem for problems in self.of_data.values() for problem in problems}
        return tuple(problem for problem in self.problems if problem not in of_data)
