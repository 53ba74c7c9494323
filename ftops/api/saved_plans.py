"""Plan files: written, read, and compared with the world as it is now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ftops.api.notifying import observe_undone
from ftops.api.plan_key import plan_key
from ftops.api.rounds import Round, carried_out
from ftops.api.session import Session
from ftops.api.stored_state import open_seal
from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError, InvalidInput, NeedsPerson
from ftops.files.ci import in_ci
from ftops.files.commits import reviewed_with
from ftops.files.private import write_private
from ftops.manifests.project import load_project
from ftops.model.json_value import JSON
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.reconciler.line import narrowed
from ftops.reconciler.loading import declared
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.freshness import Rest, bindings, rest
from ftops.review.plan_document import FORMAT_VERSION, plan_document
from ftops.review.plan_file import COMMITS, SavedPlan, decode_plan_file, encode_plan_file
from ftops.review.selection import ANY_COMMIT, Selection
from ftops.state.sealing import Seal, opened, sealed

MOST_BYTES = 256 << 20
"""Of a plan file. Ten thousand changes take about 10 MiB; what is larger was made to fill the memory."""

MOST_TOLD = 5
"""How many reasons for staleness one sentence takes; the rest is counted."""


def bound(loaded: Loaded, reviewed: Reviewed, chosen: Selection) -> Reviewed:
    """Bind a plan to what it was made from, so that an apply can check whether it still holds."""
    plan, state = reviewed.plan, reviewed.planning.state
    what = bindings(plan, declared(loaded, everything=chosen.everything), state)
    selection: dict[str, JSON] = {
        "targets": list(chosen.targets),
        "labels": dict(chosen.labels),
        "allow_empty": chosen.allow_empty,
        "allow_older": chosen.as_shown(plan).allow_older,
        "lifted": dict(chosen.lifted),
    }
    commits = reviewed_with(loaded.root, loaded.commit) if loaded.commit else ()
    whole = replace(plan, bindings={**what, "selection": selection, COMMITS: commits})
    return replace(reviewed, planning=replace(reviewed.planning, plan=whole))


def encoded_plan(reviewed: Reviewed, seal: Seal | None, surroundings: Surroundings) -> bytes:
    """Write a plan down: signed where the run has a key for it, and with a seal encrypted.

    One that was made offline can never be applied: no key is looked for. Raises SecretExposed.
    """
    key = None if reviewed.plan.offline else plan_key(surroundings)
    plain = encode_plan_file(plan_document(reviewed.plan, reviewed.review), key)
    surroundings.vault.refuse(plain, "the plan file")
    return seal.close(plain, {"format_version": FORMAT_VERSION}) if seal else plain


def write_plan_file(path: Path, data: bytes) -> None:
    """Write a plan so that nobody ever reads half of it; only its owner may read it."""
    try:
        write_private(path, data)
    except OSError as error:
        message = f"cannot write the plan to {path}: {error.strerror or error}"
        raise FtopsError(message, hint="check the path, its permissions and the space") from error


def read_plan_file(path: Path, root: Path, surroundings: Surroundings) -> SavedPlan:
    """Read a plan file; only for an encrypted one the project at `root` is looked at, for its key.

    Raises FtopsError for anything that `ftops plan --out` did not write, and Refused for what was not signed
    with the key of this run, if it has one.
    """
    key = plan_key(surroundings)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"cannot read the plan {path}: {error.strerror or error}"
        raise FtopsError(message, hint="make one with `ftops plan --out FILE`") from error
    if len(data) > MOST_BYTES:
        message = f"{path} is not a plan file: it is larger than {MOST_BYTES >> 20} MiB"
        raise FtopsError(message, hint="make one with `ftops plan --out FILE`")
    if sealed(data) is not None:
        root = root.resolve()
        if not (root / "ftops.yaml").exists():
            message = f"the plan {path} is encrypted, and the project that knows its key is not in {root}"
            raise FtopsError(message, hint="point -C at the project")
        project, _ = load_project(root, dialects())
        data = opened(data, open_seal(project.encryption, root, surroundings), str(path))
    return decode_plan_file(data, str(path), key)


def first_lineage(saved: SavedPlan) -> str | None:
    """Return the lineage that a state begins with when the plan was made before there was one."""
    return saved.plan.lineage if saved.plan.serial == 0 else None


def selection_of(saved: SavedPlan) -> Selection:
    """Return the selection that the plan was made with, by the resulting names."""
    told = saved.plan.bindings.get("selection")
    chosen = told if isinstance(told, Mapping) else {}
    lifted, older = chosen.get("lifted"), chosen.get("allow_older")
    some = bool(chosen.get("targets") or chosen.get("labels"))
    return Selection(
        allow_empty=chosen.get("allow_empty") is True,
        lifted={
            name: float(number)
            for name, number in (lifted.items() if isinstance(lifted, Mapping) else ())
            if isinstance(number, int | float)
        },
        allow_older=older if isinstance(older, str) and older != ANY_COMMIT else None,
        exactly=frozenset(change.name for change in saved.plan.changes) if some else None,
    )


@contextmanager
def blaming_moved_data(root: Path, saved: SavedPlan | None) -> Iterator[None]:
    """Call a plan stale if its data became invalid: what matters is that it is not what was approved."""
    try:
        yield
    except InvalidInput as error:
        bound_data = saved.plan.bindings.get("data") if saved else None
        data = bound_data if isinstance(bound_data, Mapping) else {}
        moved = [f"{path} has changed" for path, sha256 in data.items() if _sha256(root / path) != sha256]
        if moved:
            raise _stale(moved) from error
        raise


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _stale(moved: Sequence[str]) -> NeedsPerson:
    told = [*moved[:MOST_TOLD]]
    if len(moved) > MOST_TOLD:
        told.append(f"and {len(moved) - MOST_TOLD} more")
    return NeedsPerson(
        f"the plan is stale, nothing was done: {'; '.join(told)}",
        hint="make a new one with `ftops plan --out` and review it",
    )


def what_is_left(session: Session, saved: SavedPlan) -> tuple[Reviewed, Rest]:
    """Plan again and keep what the saved plan still allows. Raises NeedsPerson for a stale one.

    The lock must be held, or somebody else could move what was just compared.
    """
    saved.raise_unless_applicable(session.loaded.project.name)
    if in_ci(session.surroundings.environ):
        saved.raise_if_lifting()
    chosen = selection_of(saved)
    reviewed = session.plan(chosen)
    left = rest(saved.plan, reviewed.planning, declared(session.loaded, everything=chosen.everything))
    if left.moved:
        raise _stale(left.moved)
    return narrowed(session.loaded, reviewed, left.changes, chosen), left


def apply_saved(
    session: Session,
    saved: SavedPlan,
    parallelism: int,
    look: Callable[[Reviewed, int], None] = lambda *_: None,
) -> Round:
    """Lock, plan again, and do what is left of a saved plan.

    `look` sees what is left, and how many changes are done already, before anything is done. Raises
    NeedsPerson for a stale plan, Refused when frozen, LockHeld.
    """
    session.refuse_frozen()
    with session.locked("apply") as lock:
        reviewed, left = what_is_left(session, saved)
        look(reviewed, left.done)
        if reviewed.review.violations:
            observe_undone(session, reviewed, lock)
            return Round(reviewed)
        return carried_out(session, reviewed, session.hands(lock, parallelism))
