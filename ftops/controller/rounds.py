"""One round of one project: whatever becomes of it is a value, so that the next round comes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from ftops.api.exit_codes import reconcile_code
from ftops.api.rounds import Round, apply_round
from ftops.api.session import Session, open_session
from ftops.api.surroundings import Surroundings
from ftops.controller.pulling import Pulling
from ftops.controller.reconciled import Reconciled, Result
from ftops.errors import ExitCode, FtopsError, Interrupted, InvalidInput, LockHeld, Problem, Refused
from ftops.manifests.project import load_project
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.reconciler.values import Reviewed
from ftops.review.selection import Selection


class Watch(Struct, frozen=True):
    """Who is told while a round goes on: `begun` its id, `look` the plan before anything is done."""

    begun: Callable[[str], None] = lambda _: None
    look: Callable[[Reviewed], None] = lambda _: None


UNWATCHED = Watch()


class _End(Struct, frozen=True):
    """How a round ended; `project` is empty where its name was not read."""

    result: Result
    code: ExitCode
    project: str = ""
    round: Round | None = None
    problems: tuple[Problem, ...] = ()
    holder: str | None = None


class _NotLoaded(InvalidInput):
    """What is declared cannot be read, before anything was asked of a provider."""


def reconcile_round(
    root: Path,
    surroundings: Surroundings,
    chosen: Selection,
    parallelism: int,
    *,
    pulling: Pulling | None = None,
    watch: Watch = UNWATCHED,
) -> Reconciled:
    """Load, take the lock, plan, and do what the limits allow. The project is opened anew each time.

    Raises nothing that a user, a provider, a store or a network can cause. With `pulling`, what stands in the
    way of a newer commit is in `problems` (code 1), and the round is that of the commit that is there.
    """
    clock = surroundings.clock
    started_at, began, identity = clock.now(), clock.monotonic(), uuid.uuid4().hex[:12]
    watch.begun(identity)

    def attempt() -> _End:
        return _attempted(root, surroundings, chosen, (parallelism, watch.look), pulling)

    said, end = _pulled(attempt, pulling)
    code = ExitCode.ERROR if said and end.code is not ExitCode.INTERRUPTED else end.code
    return Reconciled(
        id=identity,
        project=end.project or _name(root),
        root=root,
        started_at=started_at,
        seconds=clock.monotonic() - began,
        result=end.result,
        code=code,
        round=end.round,
        problems=(*said, *end.problems),
        holder=end.holder,
    )


def failed_before(root: Path, error: FtopsError) -> Reconciled:
    """Return the round of a run that could not begin one."""
    end = _failed(error)
    return Reconciled(
        id=uuid.uuid4().hex[:12],
        project=_name(root),
        root=root,
        started_at=time.time(),
        seconds=0.0,
        result=end.result,
        code=end.code,
        problems=end.problems,
    )


def _pulled(attempt: Callable[[], _End], pulling: Pulling | None) -> tuple[tuple[Problem, ...], _End]:
    """Pull, and attempt; where the new commit does not load, attempt the last one that did."""
    try:
        said = pulling.advance() if pulling else ()
    except Interrupted as stopped:
        return (), _failed(stopped)
    try:
        return said, _settled(attempt)
    except _NotLoaded as broken:
        back = pulling.go_back(broken.problems) if pulling else None
        if back is None:
            return said, _failed(broken)
    try:
        return (*said, *back), _settled(attempt)
    except _NotLoaded as broken:
        return (*said, *back), _failed(broken)


def _settled(attempt: Callable[[], _End]) -> _End:
    try:
        return attempt()
    except _NotLoaded:
        raise
    except LockHeld as held:
        return _End(Result.STANDING_BY, ExitCode.NOTHING, holder=held.holder or "another run")
    except FtopsError as error:
        return _failed(error)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        words = Problem(f"{place}{error.strerror or error}")
        return _End(Result.FAILED, ExitCode.ERROR, problems=(words,))


def _failed(error: FtopsError) -> _End:
    return _End(Result.FAILED, error.exit_code, problems=error.problems)


def _attempted(
    root: Path,
    surroundings: Surroundings,
    chosen: Selection,
    applying: tuple[int, Callable[[Reviewed], None]],
    pulling: Pulling | None,
) -> _End:
    if surroundings.stop.is_set():
        raise Interrupted("stopped before anything was planned", hint="run ftops again")
    parallelism, look = applying
    with ExitStack() as stack:
        try:
            session = stack.enter_context(open_session(root, surroundings))
        except InvalidInput as error:
            raise _NotLoaded(error.problems) from error
        if pulling is not None:
            pulling.loaded(session.loaded.commit)
        unattended = replace(chosen, patient=True, defers=True)
        try:
            run = apply_round(session, unattended, parallelism, approved=None, look=look)
        except Refused as error:
            if session.freeze() is None:
                raise
            return _End(Result.FROZEN, error.exit_code, _known(session), problems=error.problems)
        return _ended(session, run)


def _ended(session: Session, run: Round) -> _End:
    """Say how a round ended that was planned."""
    result, code = Result.DONE, reconcile_code(run)
    problems: tuple[Problem, ...] = ()
    if run.reviewed.review.violations:
        result = Result.REFUSED
    if run.frozen is not None:
        result = Result.FROZEN
        words = f"{run.frozen}: what was not yet sent was skipped"
        problems = (Problem(words, hint=run.frozen.way_out),)
    if session.stop.is_set():
        code = ExitCode.INTERRUPTED
        problems = (Problem("stopped; what was sent is recorded and no job was cancelled"),)
    return _End(result, code, _known(session), run, problems)


def _known(session: Session) -> str:
    return session.loaded.project.name


def _name(root: Path) -> str:
    """Return the name of a project that did not load: as it declares it, else that of its directory."""
    try:
        return load_project(root.resolve(), dialects())[0].name
    except (FtopsError, OSError):
        return root.resolve().name
