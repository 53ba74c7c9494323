"""Write a corrected copy beside each data file, and check it again; the file itself is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from msgspec import Struct

from ftops.api.data_check import Judged, check_data
from ftops.datasets.fixing import Fixing
from ftops.errors import FtopsError, Problem
from ftops.files.confinement import is_inside
from ftops.files.fresh import new_file
from ftops.model.data_check import DataCheck, FixedFile
from ftops.model.value import replace

_MARK = ".fixed.jsonl"


class Fix(Struct, frozen=True):
    """How copies are written: `duplicates` leaves out repeated rows, `force` replaces an earlier copy."""

    duplicates: bool = False
    force: bool = False


class _NothingToDo(Exception):
    """The file is as the copy would be."""


def fix_data(asked: Judged, found: DataCheck, how: Fix, *, count: bool = True) -> DataCheck:
    """Correct what needs no judgement in copies of the files that were checked, and check those again.

    A file that cannot be corrected says why. Raises nothing for what is in a file.
    """
    fixed = [_fixed(asked.declared.root, file.check.path, how) for file in found.files]
    copies = {one.path: copy_of(one.path) for one in fixed if one.corrections and one.problem is None}
    checked = check_data(asked.of_copies(copies), count=count) if copies else DataCheck()
    by_path = {file.check.path: file for file in checked.files}
    done = tuple(
        replace(one, copy=by_path.get(copies[one.path])) if one.path in copies else one for one in fixed
    )
    return replace(found, fixed=done)


def copy_of(path: str) -> str:
    """Name the corrected copy of a file: beside it."""
    return str(PurePath(path).with_suffix(_MARK))


def _fixed(root: Path, path: str, how: Fix) -> FixedFile:
    copy = copy_of(path)
    if is_inside(root, root / path) and not is_inside(root, root / copy):
        return _refused(path, f"its copy {copy} would be outside the project", "symbolic links are followed")
    fixing = Fixing(path, duplicates=how.duplicates)
    try:
        _write(root, path, fixing, replacing=how.force)
    except _NothingToDo:
        return FixedFile(path)
    except FileExistsError:
        return _refused(path, f"{copy} exists and differs", "pass --force to replace it, or move it away")
    except OSError as error:
        return _refused(path, f"{copy} cannot be written: {error.strerror}", None)
    except FtopsError as error:
        return _refused(path, error.message.removeprefix(f"{path} ").removeprefix(f"{path}: "), error.hint)
    return FixedFile(path, _counted(fixing.counts))


def _write(root: Path, path: str, fixing: Fixing, *, replacing: bool) -> None:
    with (
        (root / path).open("rb") as file,
        new_file(root / copy_of(path), replacing=replacing, same=True) as copy,
    ):
        for line in fixing.lines(file):
            copy.write(line)
        if not fixing.counts.total():
            raise _NothingToDo


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if count}


def _refused(path: str, message: str, hint: str | None) -> FixedFile:
    return FixedFile(path, problem=Problem(f"was not corrected: {message}", path, hint=hint))
