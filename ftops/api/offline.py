"""A plan without keys and without a network: from files, git's objects and the last known state alone.

For whoever has no key, such as the run for a fork. No reference of `ftops.yaml` is resolved, no provider and
no store elsewhere is opened, nothing of the repository is executed. It may be looked at, and never applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from msgspec import Struct

from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError, Problem, StateError
from ftops.files.ci import in_ci
from ftops.files.confinement import is_special
from ftops.files.forks import fork_point
from ftops.model.change import Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.plan import Base, Plan
from ftops.model.state import State
from ftops.model.value import replace
from ftops.reconciler.brought import Read, since
from ftops.reconciler.data_differences import DataDifferences
from ftops.reconciler.earlier_commit import Incomparable, earlier_commit
from ftops.reconciler.elsewhere import UNFETCHED, known_by
from ftops.reconciler.line import make_plan
from ftops.reconciler.loading import load
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.desired import DesiredSet
from ftops.records.last_seen import all_trained, as_last_seen, without_assumed
from ftops.review.selection import Selection
from ftops.state.backend import Opening
from ftops.state.form import StateForm
from ftops.state.registry import open_backend, scheme_of
from ftops.state.sealing import sealed

MOST_NAMED = 5
_NOBODY = "offline"
_ASKED = (
    "without asking a provider it is not known which jobs have started or ended meanwhile, nor what a "
    "provider tells of prices and of models that end"
)


class Given(Struct, frozen=True):
    """What an offline plan may start from: a file with a state, a revision that the branch left."""

    state: Path | None = None
    base: str | None = None


class _Known(Struct, frozen=True):
    """The last known state, and what a reviewer has to know of it."""

    state: State
    note: str
    recorded: bool = True


def plan_offline(
    root: Path, surroundings: Surroundings, selection: Selection, given: Given
) -> tuple[Loaded, Reviewed]:
    """Return what is declared, and a plan of it that may only be looked at.

    Raises InvalidInput for manifests that do not load, StateError for a state that cannot be read, and
    FtopsError for a base that git does not know.
    """
    root = root.resolve()
    base = Base(given.base, fork_point(root, given.base)) if given.base is not None else None
    loaded = _without_bytes(load(root, remembering=surroundings.cache))
    if not selection.allow_empty:
        loaded.require_seen()
    read = cache(partial(earlier_commit, loaded, base.commit.id)) if base is not None else None
    known = _named(loaded, given.state) or _local(loaded, surroundings) or _nothing(loaded, base, read)
    loaded = known_by(loaded, known.state)
    seen = as_last_seen(known.state, loaded.facts)
    reviewed = make_plan(loaded, seen, known.state, selection, surroundings.clock.now())
    reviewed = _with(reviewed, DataDifferences().explain(reviewed.plan, loaded, known.state))
    if base is not None:
        reviewed = since(loaded, reviewed, base, read)
    return loaded, _with(reviewed, _told(reviewed.plan, loaded, known))


def _with(reviewed: Reviewed, plan: Plan) -> Reviewed:
    return replace(reviewed, planning=replace(reviewed.planning, plan=plan))


def _told(plan: Plan, loaded: Loaded, known: _Known) -> Plan:
    """Say what is not known, and leave out what nothing can be said of."""
    unread = _unread(loaded)
    changes = tuple(_sayable(without_assumed(plan.changes), unread))
    left_out = sorted({one.name for one in plan.changes} - {one.name for one in changes})
    notes = [_ASKED, known.note]
    if left_out:
        more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
        notes.append(
            f"{', '.join(left_out[:MOST_NAMED])}{more}: data stored elsewhere is not fetched here, so what "
            "is trained, and for how much, is not known"
        )
    if loaded.project.budgets and not known.recorded:
        notes.append("what has been spent of the budgets is not known")
    return replace(plan, changes=changes, notes=(*notes, *plan.notes), offline=True)


def _sayable(changes: tuple[Change, ...], unread: frozenset[str]) -> Iterator[Change]:
    """Yield what is not held just because data was not fetched."""
    hidden = {one.name for one in changes if one.reason is Reason.INVALID_DATA and one.name in unread}
    for one in changes:
        follows = one.reason is Reason.UPSTREAM and not hidden.isdisjoint(one.depends_on)
        if follows:
            hidden.add(one.name)
        if one.name not in hidden or one.action is not Action.HOLD:
            yield one


def _unread(loaded: Loaded) -> frozenset[str]:
    return frozenset(
        one.name
        for one in loaded.fine_tunes
        if any(file.remote and file.path not in loaded.datasets for _, file in one.data_files)
    )


def _without_bytes(loaded: Loaded) -> Loaded:
    """Return what is declared with data that is known by a digest alone: its rows are taken to be its bytes.

    So it differs where the digest does, and its cost is unknown.
    """
    pinned = {
        path: Dataset(path, one.sha256, one.bytes, 0, one.sha256) for path, one in loaded.pointers.items()
    }
    if not pinned:
        return loaded
    by_name = {one.name: one for one in loaded.fine_tunes}
    problems = {
        name: tuple(one for one in found if not _is_unfetched(one, by_name[name], loaded))
        for name, found in loaded.data_problems.items()
    }
    datasets = {**loaded.datasets, **pinned}
    desired = DesiredSet(loaded.fine_tunes, datasets, loaded.facts, known=loaded.fingerprints)
    return replace(
        loaded,
        datasets=datasets,
        data_problems={name: found for name, found in problems.items() if found},
        fingerprints={name: desired.fingerprint(name) for name in desired.comparable},
    )


def _is_unfetched(problem: Problem, fine_tune: FineTune, loaded: Loaded) -> bool:
    """Return whether all that is wrong is that the bytes are not here."""
    urls = [file.remote.url for _, file in fine_tune.data_files if file.remote and file.remote.sha256]
    if problem.hint == UNFETCHED.hint:
        return any(url in problem.message for url in urls)
    return problem.file in loaded.pointers


def _nothing(loaded: Loaded, base: Base | None, read: Read | None) -> _Known:
    """Return a state in which nothing has been trained, or with a base all that it declares."""
    empty = State(project=loaded.project.name, lineage=_NOBODY)
    with suppress(Incomparable):
        if base is not None and read is not None and (earlier := read()) is not None:
            before = earlier.loaded
            desired = DesiredSet(before.fine_tunes, before.datasets, before.facts)
            note = f"no state is known here: what {base.ref} declares counts as trained"
            return _Known(all_trained(empty, desired), note, recorded=False)
    return _Known(empty, "no state is known here: everything counts as not trained yet", recorded=False)


def _named(loaded: Loaded, path: Path | None) -> _Known | None:
    if path is None:
        return None
    return _decoded(loaded, _read(path), str(path).removeprefix(f"{loaded.root}/"))


def _local(loaded: Loaded, surroundings: Surroundings) -> _Known | None:
    """Return the state that the project keeps in a file, None where it has none that can be read here.

    In CI none is believed that nobody named: a branch can bring a file which says that all is as declared.
    """
    settings = loaded.project.state
    if not isinstance(settings.url, str) or scheme_of(settings.url) != "file" or in_ci(surroundings.environ):
        return None
    opening = Opening(
        url=settings.url,
        root=loaded.root,
        project=loaded.project.name,
        environ=surroundings.environ,
        lease=settings.lease,
        history=settings.history,
        reference=None,
        tell=surroundings.tell_of_wait,
        sleep=surroundings.wait,
    )
    backend = open_backend(opening)
    stored = backend.read()
    if stored is None or sealed(stored.data) is not None:
        return None
    return _decoded(loaded, stored.data, settings.url)


def _read(path: Path) -> bytes:
    if is_special(path):
        raise StateError(f"{path} is a device, a FIFO or a socket", hint="name a file")
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot read the state {path}: {error.strerror or error}"
        raise StateError(message, hint="`ftops state pull` writes one") from error


def _decoded(loaded: Loaded, data: bytes, location: str) -> _Known:
    if sealed(data) is not None:
        raise FtopsError(
            f"{location} is encrypted, and no key is looked for offline",
            hint="pass what `ftops state pull` prints",
        )
    state = StateForm().decode(data, location, "pass what `ftops state pull` prints")
    if state.project != loaded.project.name:
        raise StateError(f"{location} belongs to project {state.project}, this is {loaded.project.name}")
    return _Known(state, f"jobs are as the state in {location} (serial {state.serial}) last saw them")
