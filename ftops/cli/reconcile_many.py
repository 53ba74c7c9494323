"""`ftops reconcile --projects`: many projects in one process."""

from __future__ import annotations

import glob
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, field

from ftops.cli.garbage import collect_as_usual
from ftops.cli.metrics_options import expect, measured
from ftops.cli.round_log import RoundLog
from ftops.cli.session import surroundings
from ftops.cli.shown_rounds import Rounds
from ftops.controller.fleet import MOST_AT_ONCE, Fleet, Member, Slots
from ftops.controller.pacing import Pacing
from ftops.controller.pulling import Pulling
from ftops.controller.reconciled import Reconciled
from ftops.controller.rounds import failed_before
from ftops.errors import EXIT_CODE_ORDER, FtopsError
from ftops.files.upstream import top_of
from ftops.manifests.project import PROJECT_FILE
from ftops.model.value import replace
from ftops.review.selection import Selection

if TYPE_CHECKING:
    from ftops.controller.instruments import Instruments


class Many(Struct):
    """The projects below one directory.

    `instruments` are told of every round, from the thread of its project. `pulled` says which project follows
    a repository's branch.
    """

    root: Path
    pattern: str
    chosen: Selection
    parallelism: int
    form: str
    log_form: str
    stop: threading.Event
    pull: bool
    instruments: Instruments | None = None
    pulled: dict[Path | None, Path] = field(default_factory=dict)

    def require_any(self) -> None:
        """Raise UsageError for what is about one project alone, and where there is none."""
        if self.chosen.targets or self.chosen.labels:
            raise click.UsageError("--target and --selector are about one project: leave --projects out")
        if not self.find():
            raise click.UsageError(f"--projects {self.pattern}: no directory that matches has {PROJECT_FILE}")

    def find(self) -> list[Path]:
        """Return the directories of the projects, each once."""
        wanted = f"{self.pattern}/{PROJECT_FILE}"
        below = glob.glob(wanted, root_dir=self.root, recursive=True)  # noqa: PTH207 - takes absolute ones too
        return sorted({(self.root / name).parent.resolve() for name in below})

    def once(self) -> int:
        """Do one round of each project, some at once; return the first exit code that applies."""
        members = [self._member(path) for path in self.find()]
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            rounds = [pool.submit(member.run) for member in members]
            codes = set()
            for member, begun in zip(members, rounds, strict=True):
                ended = begun.result()
                codes.add(ended.code)
                for listener in member.listeners:
                    listener(ended)
        return next(code for code in EXIT_CODE_ORDER if code in codes)

    def go_on(self, pacing: Pacing) -> None:
        """Run rounds of all projects until a signal comes; those that come meanwhile too."""
        collect_as_usual()
        draw = random.SystemRandom().random
        Fleet(self.find, self._member, pacing, self.stop, draw, Slots()).go_on()

    def _member(self, path: Path) -> Member:
        top = self.root.resolve()
        log = RoundLog(self.log_form, str(path.relative_to(top) if path.is_relative_to(top) else path))
        tools = self.instruments
        expect(tools, path)
        within = measured(surroundings(self.stop, log.hear), tools)
        heard_by = (tools,) if tools else ()
        rounds = Rounds(path, within, self.chosen, self.parallelism, None, self.form, log, heard_by)
        try:
            rounds = replace(rounds, pulling=self._pulling(path) if self.pull else None)
        except FtopsError as error:
            return self._told(Member(partial(failed_before, path, error), rounds.listeners), path)
        return self._told(Member(partial(_unharmed, path, rounds.run), rounds.listeners), path)

    def _told(self, member: Member, path: Path) -> Member:
        """Have the instruments know of its pauses, and of its end."""
        if self.instruments is None:
            return member
        gone = partial(self.instruments.forget, path)
        return replace(member, resting=self.instruments.pausing, gone=gone)

    def _pulling(self, path: Path) -> Pulling:
        """Follow the branch of a project. Raises FtopsError where another project follows it."""
        top = top_of(path)
        first = self.pulled.setdefault(top, path)
        if top is not None and first != path:
            raise FtopsError(
                f"{path} and {first} are in one repository, and --pull can only go back for one of them",
                hint="give each project a clone of its own, or pull outside of ftops",
            )
        return Pulling(path, self.stop.is_set)


def _unharmed(path: Path, run: Callable[[], Reconciled]) -> Reconciled:
    """Run a round; a mistake in ftops ends this round of this project, and nothing else."""
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other projects go on
        words = f"the round was ended by a mistake in ftops: {type(error).__name__}: {error}"
        return failed_before(path, FtopsError(words, hint="report it; other projects go on"))
