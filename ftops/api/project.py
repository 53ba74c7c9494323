"""The Python API: a project from load to plan to apply, and a provider without a project.

Small on purpose: what has an effect takes what a plan has shown, under the lock, and fails closed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from weakref import WeakKeyDictionary

from ftops.api.cancelling import Cancellation, cancel
from ftops.api.opening import opened_provider
from ftops.api.outputs import served_models
from ftops.api.plans import ApplyResult, ReviewedPlan
from ftops.api.rounds import apply_round
from ftops.api.session import Session, Surroundings, open_session
from ftops.errors import InvalidInput, UsageError
from ftops.model.event import Event
from ftops.model.finetune import FineTune
from ftops.model.project import EMULATOR_SCHEME, EnvReference, ProviderSettings
from ftops.providers.provider import Provider
from ftops.providers.registry import dialects
from ftops.reconciler.loading import load as load_checked
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.serving import Output
from ftops.report.status import StatusRow, status_rows
from ftops.review.approval import approvals
from ftops.review.rules import LIFTABLE
from ftops.review.selection import ANY_COMMIT, Selection
from ftops.transport.secret import Vault

_HOST_RULE = ("CI", "FTOPS_ALLOWED_HOSTS")
_KEY = "api_key"


def load(path: str | os.PathLike[str] = ".") -> Loaded:
    """Read and check a project directory, as `ftops validate` does. Needs no network and no key.

    Raises InvalidInput, whose `problems` hold everything that is wrong, each with its place.
    """
    loaded = load_checked(Path(path).resolve())
    loaded.require_seen()
    if loaded.data_problems:
        raise InvalidInput(tuple(dict.fromkeys(chain.from_iterable(loaded.data_problems.values()))))
    return loaded


def read_outputs(
    path: str | os.PathLike[str] = ".",
    *,
    current: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Mapping[str, Output]:
    """Return the models that serve, by the name of their fine-tune; with `current` only the declared ones.

    The state alone is needed: a provider is asked, for a moment, only about jobs that were active when last
    seen, and manifests that do not load leave `current` to what was applied last. Raises InvalidInput for
    a project file that cannot be read, and StateError.
    """
    variables = os.environ if environ is None else environ
    surroundings = Surroundings(variables, threading.Event(), lambda _: None)
    return served_models(Path(path), surroundings).chosen(None, current=current)


@contextmanager
def open_project(
    path: str | os.PathLike[str] = ".", *, environ: Mapping[str, str] | None = None
) -> Iterator[Project]:
    """Load a project directory and open its state; nothing is sent before `plan`.

    Manifests and data are read here, and by `apply` again if a manifest was edited since. `environ` (default
    `os.environ`) is where references to keys are looked up. Raises InvalidInput for manifests that do
    not load; data with problems holds its own fine-tunes alone: the plan says which, and why.
    """
    events = _Ear()
    variables = os.environ if environ is None else environ
    with open_session(Path(path), Surroundings(variables, threading.Event(), events)) as session:
        project = Project(session, events)
        try:
            yield project
        finally:
            project._close()  # noqa: SLF001 - the other half of this function


class Project:
    """An open project; made by `open_project`, and good until the end of its `with`.

    To be used from one thread; only `stop` may be called from any, or from a signal handler.
    """

    def __init__(self, session: Session, events: _Ear) -> None:
        self._session = session
        self._events = events
        self._plans: WeakKeyDictionary[ReviewedPlan, tuple[Reviewed, Selection]] = WeakKeyDictionary()
        self._open = True

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
    ) -> ReviewedPlan:
        """List the providers and decide what is to be done. Changes nothing and takes no lock.

        `targets` and `labels` choose fine-tunes (upstreams come along), `allow` lifts limits by name
        (`{"creates": 40}`), `allow_empty` accepts that nothing is declared any more, `allow_older` a commit
        from before the one that the state was last applied from.
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
        reviewed = self._session.plan(selection)
        plan = ReviewedPlan(reviewed)
        self._plans[plan] = reviewed, selection.as_shown(reviewed.plan)
        return plan

    def apply(
        self,
        plan: ReviewedPlan,
        *,
        parallelism: int = 8,
        on_event: Callable[[Event], None] | None = None,
    ) -> ApplyResult:
        """Take the lock, plan again, and do what `plan` shows. A job costs money the moment it is created.

        Only a plan that this open project made is taken. What has meanwhile been done is not done twice;
        what `plan` did not show is refused as a whole: NeedsPerson, and nothing is sent. Raises Refused
        for violations and while ftops is frozen, LockHeld, StateError and LeaseLost. `on_event` gets each
        event, from any thread; what it raises is raised once everything is recorded.
        """
        self._require_open()
        if plan not in self._plans:
            raise UsageError("apply takes a plan that this open project made", hint="call plan() on it")
        if parallelism < 1:
            raise UsageError("parallelism is at least 1")
        plan.raise_for_violations()
        shown, selection = self._plans[plan]
        approved = approvals(shown.plan, waits=False)
        with self._events.told(on_event):
            run = apply_round(self._session, selection, parallelism, approved=approved)
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

    def status(self) -> tuple[StatusRow, ...]:
        """Return the status of every fine-tune, by name. Lists the providers; changes nothing."""
        self._require_open()
        reviewed = self._session.plan(Selection())
        return status_rows(reviewed.plan, reviewed.planning.state)

    def outputs(self, *, current: bool = False) -> Mapping[str, Output]:
        """Return the models that serve, as `read_outputs` does."""
        self._require_open()
        return served_models(self.root, self._session.surroundings).chosen(None, current=current)

    def stop(self) -> None:
        """Let an apply finish what is in flight and send nothing more. No job is cancelled."""
        self._session.stop.set()

    def __repr__(self) -> str:
        state = "" if self._open else ", closed"
        return f"<Project {self.name} at {self.root}{state}>"

    def _close(self) -> None:
        self._open = False

    def _require_open(self) -> None:
        if not self._open:
            raise UsageError("the project is closed", hint="use it inside `with ftops.open_project(...)`")


@contextmanager
def open_provider(
    dialect: str,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    organization: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> Iterator[Provider]:
    """Open one account at a fine-tuning API, without a project. Nothing is sent before the first call.

    `base_url` defaults to the dialect's own address; `emulator:PATH` starts the embedded emulator, which
    needs no key and trains nothing. `timeout` is seconds; `headers` go out with every request. With `CI`
    set, the key goes only to the dialect's own host, to loopback and to hosts in `FTOPS_ALLOWED_HOSTS`.
    """
    known = dialects()
    if dialect not in known:
        raise UsageError(f"unknown dialect {dialect!r}", hint=f"use one of: {', '.join(sorted(known))}")
    if base_url is None and known[dialect].default_base_url is None:
        raise UsageError(f"dialect {dialect} has no default address", hint="pass base_url")
    embedded = base_url is not None and base_url.startswith(EMULATOR_SCHEME)
    if not api_key and not embedded:
        raise UsageError("open_provider needs api_key", hint="read it from the environment, never from code")
    # The key travels as a reference, as everywhere: the settings can then be shown without it.
    settings = ProviderSettings(
        name=dialect,
        dialect=dialect,
        base_url=base_url,
        api_key=EnvReference(_KEY) if api_key else None,
        organization=organization,
        headers=dict(headers or {}),
        timeout=timeout,
    )
    # The path of an emulator is the caller's own, and no file of a project says it.
    rule = () if embedded else _HOST_RULE
    environ = {name: os.environ[name] for name in rule if name in os.environ}
    with opened_provider(settings, Path.cwd(), {**environ, _KEY: api_key or ""}, Vault()) as provider:
        yield provider


class _Ear:
    """Passes events on to whoever listens just now.

    A listener that fails must not end an apply half way: what it raised waits until the apply is over.
    """

    def __init__(self) -> None:
        self._listener: Callable[[Event], None] | None = None
        self._raised: list[Exception] = []

    def __call__(self, event: Event) -> None:
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
            self._raised.append(error)

    @contextmanager
    def told(self, listener: Callable[[Event], None] | None) -> Iterator[None]:
        self._listener, self._raised = listener, []
        try:
            yield
        finally:
            self._listener = None
        if self._raised:
            raise self._raised[0]
