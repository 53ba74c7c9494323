"""The Python API: an open project, from plan to apply, saved plans, and what a person decides.

Small on purpose: what has an effect takes what a plan has shown, under the lock, and fails closed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from weakref import WeakKeyDictionary

from msgspec import Struct

from ftops.api.cancelling import Cancellation, cancel
from ftops.api.costs import read_cost_report
from ftops.api.listening import Ear
from ftops.api.outputs import served_models
from ftops.api.plans import ApplyResult, ReviewedPlan
from ftops.api.project_state import ProjectState
from ftops.api.rounds import apply_round
from ftops.api.saved_plans import (
    apply_saved,
    blaming_moved_data,
    bound,
    encoded_plan,
    first_lineage,
    read_plan_file,
    write_plan_file,
)
from ftops.api.session import Session, open_session
from ftops.api.surroundings import Surroundings
from ftops.api.taking_over import TakesOver
from ftops.api.waiting import Waiting, wait_until_settled
from ftops.errors import UsageError
from ftops.model.event import ChangeResult, Event
from ftops.model.finetune import FineTune
from ftops.providers.provider import Provider
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.serving import Output
from ftops.report.status import StatusRow, status_rows, with_acknowledgements
from ftops.review.approval import approvals
from ftops.review.costs import CostReport
from ftops.review.rules import LIFTABLE
from ftops.review.selection import ANY_COMMIT, Selection


@contextmanager
def open_project(
    path: str | os.PathLike[str] = ".", *, environ: Mapping[str, str] | None = None
) -> Iterator[Project]:
    """Load a project directory and open its state; nothing is sent before `plan`.

    Manifests and data are read here, and by `apply` again if a manifest was edited since. `environ` (default
    `os.environ`) is where references to keys are looked up. Raises InvalidInput for manifests that do
    not load; data with problems holds its own fine-tunes alone: the plan says which, and why.
    """
    events = Ear()
    variables = os.environ if environ is None else environ
    with open_session(Path(path), Surroundings(variables, threading.Event(), events)) as session:
        project = Project(session, events)
        try:
            yield project
        finally:
            project._close()  # noqa: SLF001 - the other half of this function


class _Shown(Struct, frozen=True):
    """A plan that was given away, with what it was made from."""

    loaded: Loaded
    reviewed: Reviewed
    selection: Selection


class Project(TakesOver):
    """An open project; made by `open_project`, and good until the end of its `with`.

    To be used from one thread; only `stop` may be called from any, or from a signal handler.
    """

    def __init__(self, session: Session, events: Ear) -> None:
        super().__init__(session)
        self._events = events
        self._plans: WeakKeyDictionary[ReviewedPlan, _Shown] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """The project's name, which its jobs are stamped with."""
        return self._session.loaded.project.name

    @property
    def root(self) -> Path:
        """The directory of `ftops.yaml`, resolved."""
        return self._session.loaded.root

    @property
    def fine_tunes(self) -> tuple[FineTune, ...]:
        """What the manifests declare, by name."""
        return self._session.loaded.fine_tunes

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The providers, each opened when it is looked up; raises InvalidInput then for a missing key.

        A job created or cancelled with them directly passes no plan and no limit.
        """
        return MappingProxyType(self._session.providers)

    def plan(
        self,
        *,
        targets: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        allow: Mapping[str, float] | None = None,
        allow_empty: bool = False,
        allow_older: bool = False,
        base: str | None = None,
    ) -> ReviewedPlan:
        """List the providers and decide what is to be done. Changes nothing and takes no lock.

        `targets` and `labels` choose fine-tunes (upstreams come along), `allow` lifts limits by name
        (`{"creates": 40}`), `allow_empty` accepts that nothing is declared any more, `allow_older` a commit
        from before the one that the state was last applied from. With `base`, a revision of git, each change
        says in `brought` whether it is new since then. Raises FtopsError where git has no such revision.
        """
        self._require_open()
        if isinstance(targets, str):
            raise UsageError("targets is a list of names, not one string", hint=f"pass [{targets!r}]")
        unknown = [name for name in allow or {} if name not in LIFTABLE]
        if unknown:
            raise UsageError(f"no limit is named {unknown[0]}", hint=f"use one of: {', '.join(LIFTABLE)}")
        older = ANY_COMMIT if allow_older else None
        selection = Selection(
            tuple(targets), dict(labels or {}), allow_empty, dict(allow or {}), allow_older=older
        )
        reviewed = self._session.plan(selection, base=base)
        plan = ReviewedPlan(reviewed)
        self._plans[plan] = _Shown(self._session.loaded, reviewed, selection.as_shown(reviewed.plan))
        return plan

    def apply(
        self,
        plan: ReviewedPlan,
        *,
        parallelism: int = 8,
        on_event: Callable[[Event], None] | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> ApplyResult:
        """Take the lock, plan again, and do what `plan` shows. A job costs money the moment it is created.

        Only a plan that this open project made is taken. What has meanwhile been done is not done twice;
        what `plan` did not show is refused as a whole: NeedsPerson, and nothing is sent. Raises Refused
        for violations and while ftops is frozen, LockHeld, StateError and LeaseLost. `on_event` gets each
        event, from any thread; what it raises is raised once everything is recorded.

        With `wait` it goes on, also with what `plan` shows as following, until no job is active or a person
        is needed. Raises NeedsPerson when that takes longer than `timeout` seconds; the jobs go on.
        """
        shown = self._shown(plan, "apply")
        _require_threads(parallelism)
        plan.raise_for_violations()
        approved = approvals(shown.reviewed.plan, waits=wait)
        results: list[ChangeResult] = []
        with self._events.told(on_event):
            run = apply_round(self._session, shown.selection, parallelism, approved=approved)
            ReviewedPlan(run.reviewed).raise_for_violations()
            results += run.results
            if wait:
                waiting = Waiting(shown.reviewed.plan, parallelism, timeout)
                wait_until_settled(
                    self._session, shown.selection, run, waiting, lambda more: results.extend(more.results)
                )
        return ApplyResult(tuple(results))

    def save(self, plan: ReviewedPlan, path: str | os.PathLike[str]) -> None:
        """Write a plan to a file that `apply_saved` and `ftops apply FILE` take; only its owner may read it.

        Raises SecretExposed, and FtopsError where it cannot be written.
        """
        shown = self._shown(plan, "save")
        reviewed = bound(shown.loaded, shown.reviewed, shown.selection)
        session = self._session
        write_plan_file(Path(path), encoded_plan(reviewed, session.state.seal, session.surroundings))

    def apply_saved(
        self,
        path: str | os.PathLike[str],
        *,
        parallelism: int = 8,
        on_event: Callable[[Event], None] | None = None,
    ) -> ApplyResult:
        """Take the lock, plan again, and do what is left of a saved plan; what is done is not done twice.

        Raises NeedsPerson, with nothing done, where anything that it was made from has moved; otherwise what
        `apply` raises.
        """
        self._require_open()
        _require_threads(parallelism)
        surroundings = self._session.surroundings
        saved = read_plan_file(Path(path), self.root, surroundings)
        opened = open_session(self.root, surroundings, lineage=first_lineage(saved))
        with self._events.told(on_event), blaming_moved_data(self.root, saved), opened as session:
            run = apply_saved(session, saved, parallelism)
        ReviewedPlan(run.reviewed).raise_for_violations()
        return ApplyResult(run.results)

    def cancel(
        self,
        *names: str,
        everything: bool = False,
        on_event: Callable[[Event], None] | None = None,
    ) -> Cancellation:
        """Stop what these fine-tunes train, now, and hold them until somebody wants them again.

        With `everything` all of the project, and the kill switch is turned on first. Works while ftops is
        frozen, and for protected ones too. What could not be sent is noted: the next apply sends it. Raises
        UsageError for an unknown name, LockHeld, StateError and LeaseLost.
        """
        self._require_open()
        if bool(names) is everything:
            raise UsageError("cancel takes names, or everything=True")
        with self._events.told(on_event):
            return cancel(self._session, None if everything else names)

    @property
    def state(self) -> ProjectState:
        """What is recorded, to look into and to repair by hand."""
        return ProjectState(self._opened)

    def status(self) -> tuple[StatusRow, ...]:
        """Return the status of every fine-tune, by name. Lists the providers; changes nothing."""
        self._require_open()
        reviewed = self._session.plan(Selection(patient=True, defers=True))
        state = reviewed.planning.state
        rows = status_rows(reviewed.plan, state)
        return with_acknowledgements(rows, reviewed.plan, state.acks, reviewed.at)

    def outputs(self, *, current: bool = False) -> Mapping[str, Output]:
        """Return the models that serve, as `read_outputs` does."""
        self._require_open()
        return served_models(self.root, self._session.surroundings).chosen(None, current=current)

    def costs(self, *, month: str | None = None, by: str = "name") -> CostReport:
        """Return what was spent, as `read_costs` does."""
        self._require_open()
        now = self._session.clock.now()
        return read_cost_report(self.root, self._session.surroundings, now, when=month, by=by)

    def stop(self) -> None:
        """Let an apply finish what is in flight and send nothing more. No job is cancelled."""
        self._session.stop.set()

    def __repr__(self) -> str:
        state = "" if self._open else ", closed"
        return f"<Project {self.name} at {self.root}{state}>"

    def _close(self) -> None:
        self._open = False

    def _shown(self, plan: ReviewedPlan, method: str) -> _Shown:
        self._require_open()
        if plan not in self._plans:
            raise UsageError(f"{method} takes a plan that this open project made", hint="call plan() on it")
        return self._plans[plan]


def _require_threads(parallelism: int) -> None:
    if parallelism < 1:
        raise UsageError("parallelism is at least 1")
