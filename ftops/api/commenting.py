"""A plan file as a comment on a pull request. Needs the file and the environment, and no project.

The file may come from anybody, as the artifact of a fork does: it says what the comment shows, and never
where it goes.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, to_builtins

from ftops.api.saved_plans import read_plan_file
from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError
from ftops.forge.commenting import Commented, comment
from ftops.forge.opening import open_github, open_gitlab
from ftops.forge.port import Clock
from ftops.forge.sticky import Behavior
from ftops.model.identifiers import is_name
from ftops.model.json_text import encoded
from ftops.model.plan import Plan, PlanFacts
from ftops.model.review import Review
from ftops.model.typed_json import Malformed
from ftops.report.conditions import met
from ftops.report.markdown import Footer, render_comment
from ftops.report.summarizing import summarized
from ftops.report.summary import Summary
from ftops.review.plan_file import NotPlanned
from ftops.state.holder import ci_run

LARGEST = 25 << 20
"""Bytes of a plan file that is commented on: what is larger was made to fill the memory, not to be read."""

_REPORT = "FTOPS_REPORT_URL"
"""Where the full report is, such as an artifact of the run; only https is shown."""

_OPENING = {"github": open_github, "gitlab": open_gitlab}
FORGES = tuple(_OPENING)


class Wish(Struct, frozen=True):
    """What is asked for: a plan `file`, a `forge`, perhaps a `number`, and `only_if` any of these is met."""

    file: Path
    forge: str
    number: int | None = None
    behavior: Behavior = Behavior.UPDATE
    only_if: tuple[str, ...] = ()


class Done(Struct, frozen=True):
    """What was done. `thing` is what it is on; `met`: a condition was, or there is none."""

    commented: Commented
    thing: str
    met: bool


def comment_on(wish: Wish, root: Path, surroundings: Surroundings, clock: Clock) -> Done:
    """Put a plan on its pull request. `root` is the project of an encrypted plan, and else not looked at.

    Where no condition is met nothing is posted, and a comment that is there is brought up to date: it must
    not go on saying what is no longer so.
    """
    read = _read(wish.file, root, surroundings)
    seen = footer(surroundings.environ)
    worth = not wish.only_if or any(met(condition, read.summary) for condition in wish.only_if)
    opened = _OPENING[wish.forge](surroundings.environ, surroundings.vault, wish.number, clock)
    # Before any of it is escaped: afterwards a key is not found any more.
    surroundings.vault.refuse(encoded(to_builtins(read.summary)), "the comment")
    try:
        done = comment(
            opened.forge,
            opened.wanted,
            lambda budget: render_comment(read.summary, footer=seen, budget=budget),
            commit=read.commit,
            behavior=wish.behavior if worth else Behavior.REFRESH,
            clock=clock,
        )
    finally:
        opened.close()
    return Done(done, opened.forge.thing, worth)


def footer(environ: Mapping[str, str], at: float | None = None) -> Footer:
    """Return what the environment knows of a document: the CI run, and where the full report is."""
    return Footer(at, ci_run(environ), environ.get(_REPORT))


class _Read(Struct, frozen=True):
    """What a plan file says, and of which `commit` it says to be."""

    summary: Summary
    commit: str | None


def _read(path: Path, root: Path, surroundings: Surroundings) -> _Read:
    _refuse_odd(path)
    try:
        saved = read_plan_file(path, root, surroundings)
    except NotPlanned as error:
        return _failed(path, error)
    _refuse_unnamed(path, saved.plan.project)
    commit = saved.plan.facts.commit
    summary = summarized(saved.plan, saved.review, digest=str(saved.document.get("digest", "")))
    return _Read(summary, commit.id if commit else None)


def _failed(path: Path, error: NotPlanned) -> _Read:
    try:
        failure = error.why()
    except Malformed as why:
        raise FtopsError(f"{path} is damaged or was edited: {why}", hint=error.hint) from why
    project, commit = failure.project or "", failure.commit
    _refuse_unnamed(path, project)
    empty = Plan(project, "", 0, (), facts=PlanFacts(commit=commit))
    return _Read(summarized(empty, Review(), problems=failure.errors), commit.id if commit else None)


def _refuse_odd(path: Path) -> None:
    """Refuse what cannot be read to its end, or only at a price."""
    try:
        found = path.stat()
    except OSError:
        return
    if not stat.S_ISREG(found.st_mode):
        raise FtopsError(f"{path} is not a plan file: it is not a regular file", hint="check the path")
    if found.st_size > LARGEST:
        message = f"{path} is not a plan file: it is larger than {LARGEST >> 20} MiB"
        raise FtopsError(message, hint="make one with `ftops plan --out FILE`")


def _refuse_unnamed(path: Path, project: str) -> None:
    """Refuse a plan whose project is no name: it is what the comment is found by."""
    if not is_name(project):
        raise FtopsError(
            f"{path} does not say which project it is of, so its comment could not be found again",
            hint="make it with a ftops.yaml that has a valid metadata.name",
        )
