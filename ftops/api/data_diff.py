"""What has changed in data: since it was trained on, since a revision of git, or between two files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ftops.api.data_files import DeclaredData, declared_data
from ftops.api.state_access import open_state
from ftops.api.surroundings import Surroundings
from ftops.datasets.difference import compare
from ftops.datasets.disguises import HEAD_BYTES, file_disguise
from ftops.datasets.earlier import trained_rows
from ftops.datasets.row_digests import Opened, Version, opening, read_version
from ftops.datasets.samples import samples
from ftops.errors import FtopsError, Problem, UsageError
from ftops.files.versions import commit_named, opened, version_at
from ftops.model.data_difference import DataDiff, FileDifference
from ftops.model.finetune import FineTune
from ftops.model.json_value import JSON
from ftops.model.nearest import did_you_mean
from ftops.model.state import Record, State

_NOT_KNOWN = (
    "the rows that were trained on cannot be found: they are not in the git history here, and no apply in "
    "this folder kept their digests"
)
_SHOWN = 12


class Wanted(Struct, frozen=True):
    """What to compare with, and how many rows of each kind to show."""

    against: str | None = None
    samples: int = 3


def diff_data(root: Path, words: tuple[str, ...], wanted: Wanted, surroundings: Surroundings) -> DataDiff:
    """Compare the data of a fine-tune, a file, or two files. Raises FtopsError."""
    declared = declared_data(root)
    withheld = declared.project is not None and not declared.project.data.samples
    if withheld:
        wanted = Wanted(wanted.against, 0)
    if len(words) > 1:
        if wanted.against is not None:
            raise UsageError("--against takes one NAME or FILE")
        old, new = map(declared.path, words)
        return DataDiff((_compared(_on_disk(root, old), _on_disk(root, new), new, wanted),), withheld)
    meant = declared.named(words[0])
    if not isinstance(meant, str):
        declared.check_copies(meant)
    if wanted.against is not None:
        files = _against_revision(declared, meant, wanted.against, wanted)
    else:
        files = _since_trained(declared, meant, wanted, surroundings)
    return DataDiff(tuple(files), withheld)


def _on_disk(root: Path, path: str) -> Version:
    return _read(path, opening(root / path))


def _read(where: str, open_it: Opened) -> Version:
    """Read a version. One that is not data is refused: its bytes would be compared as rows."""
    try:
        with open_it() as file:
            disguise = file_disguise(file.read(HEAD_BYTES), where)
        if disguise is not None:
            raise FtopsError(f"{where} {disguise.message}", hint=disguise.hint)
        return read_version(where, open_it)
    except OSError as error:
        raise FtopsError(f"{where} cannot be read: {error.strerror or error}") from error


def _compared(
    before: Version,
    after: Version,
    path: str,
    wanted: Wanted,
    name: str | None = None,
    role: str | None = None,
) -> FileDifference:
    try:
        found = compare(before, after)
        shown = samples(found, before, after, wanted.samples) if wanted.samples else ()
    except OSError as error:
        raise FtopsError(f"{path} can no longer be read: {error.strerror or error}") from error
    bytes_differ = None if before.file_sha256 is None else before.file_sha256 != after.file_sha256
    return FileDifference(
        path,
        before.where,
        name,
        role,
        before.sha256,
        after.sha256,
        found.difference(path, before, after),
        bytes_differ,
        shown,
    )


def _against_revision(
    declared: DeclaredData, meant: FineTune | str, revision: str, wanted: Wanted
) -> Iterator[FileDifference]:
    root = declared.root
    commit = commit_named(root, revision)
    if commit is None:
        raise FtopsError(
            f"git has no commit {revision!r} here",
            hint="see `git log --oneline`; a shallow clone has only the newest commits",
        )
    name = None if isinstance(meant, str) else meant.name
    for role, path in _files(meant):
        version = version_at(root, commit, path)
        if version is None:
            raise FtopsError(
                f"{revision} has no file {path}", hint=f"see `git log --oneline --follow -- {path}`"
            )
        before = _read(f"{path} of {revision}", lambda found=version: opened(root, found))  # type: ignore[misc]
        yield _compared(before, _on_disk(root, path), path, wanted, name, role)


def _files(meant: FineTune | str) -> list[tuple[str | None, str]]:
    if isinstance(meant, str):
        return [(None, meant)]
    found: list[tuple[str | None, str]] = [
        (role, file.path) for role, file in meant.data_files if file.path is not None
    ]
    if not found:
        raise FtopsError(f"{meant.name} trains on files stored at its provider, which cannot be read here")
    return found


def _since_trained(
    declared: DeclaredData, meant: FineTune | str, wanted: Wanted, surroundings: Surroundings
) -> Iterator[FileDifference]:
    only = meant if isinstance(meant, str) else None
    fine_tune = _only_user(declared, meant) if isinstance(meant, str) else meant
    state = open_state(declared.root, surroundings).manager.read()
    record = _record(fine_tune, state)
    applied = state.applied.commit.id if state.applied else None
    for role, path, trained in _pairs(fine_tune, record):
        if only not in (None, path):
            continue
        now = _on_disk(declared.root, path)
        before = trained_rows(declared.root, path, trained, applied) if trained else None
        if before is not None:
            yield _compared(before, now, path, wanted, fine_tune.name, role)
        elif trained == now.sha256:
            yield _compared(now, now, path, wanted, fine_tune.name, role)
        else:
            yield _unknown(fine_tune.name, role, path, trained, now)


def _only_user(declared: DeclaredData, path: str) -> FineTune:
    users = declared.users(path)
    if not users:
        raise FtopsError(
            f"no fine-tune in this project trains on {path}",
            hint="pass --against REVISION, or a second file to compare it with",
        )
    if len(users) > 1:
        names = ", ".join(one.name for one in users[:5])
        raise FtopsError(f"several fine-tunes train on {path}", hint=f"name one of them: {names}")
    return users[0]


def _record(fine_tune: FineTune, state: State) -> Record:
    name = fine_tune.name
    record = state.fine_tunes.get(name) or state.fine_tunes.get(fine_tune.lifecycle.renamed_from or name)
    if record is None:
        hint = did_you_mean(name, state.fine_tunes)
        raise FtopsError(
            f"{name} has not been trained yet: there is nothing to compare its data with",
            hint=hint or "pass --against REVISION to compare it with a commit",
        )
    return record


def _pairs(fine_tune: FineTune, record: Record) -> Iterator[tuple[str, str, str | None]]:
    """Yield role and path of each declared file, with the digest of the rows that were trained before."""
    trained = {"training": _digests(record.spec.get("training_file"))}
    trained["validation"] = _digests(record.spec.get("validation_file"))
    passed = dict.fromkeys(trained, 0)
    for role, file in fine_tune.data_files:
        number, known = passed[role], trained[role]
        passed[role] += 1
        if file.path is not None:
            yield role, file.path, known[number] if number < len(known) else None


def _digests(written: JSON) -> list[str | None]:
    """Return the digests in a canonical form; None for a file that is named by the provider's id."""
    files = written if isinstance(written, list) else [written] if written else []
    found = [file.get("sha256") if isinstance(file, dict) else None for file in files]
    return [one if isinstance(one, str) else None for one in found]


def _unknown(name: str, role: str, path: str, trained: str | None, now: Version) -> FileDifference:
    if trained is None:
        what = f"{name} was last trained without a {role} file from the project"
        problem = Problem(what, path, hint="pass --against REVISION to compare it with a commit")
    else:
        hint = "fetch more of the history (`git fetch --unshallow`), or pass --against REVISION"
        problem = Problem(f"{_NOT_KNOWN} (sha256 {trained[:_SHOWN]}…)", path, hint=hint)
    return FileDifference(path, "", name, role, trained, now.sha256, problem=problem)
