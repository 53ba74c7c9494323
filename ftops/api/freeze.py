"""The kill switch: while it is on, nothing is created, cancelled or recorded. Plans still work.

`ftops cancel` alone goes on: whoever has turned the switch wants less to run, not more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from ftops.errors import FtopsError, Refused
from ftops.files.confinement import confine, is_inside, is_special

VARIABLE = "FTOPS_FREEZE"
FILE = ".ftops/freeze"

_OFF = frozenset({"", "0", "false", "no", "off"})
_LONGEST_REASON = 200


class Freeze(Struct, frozen=True):
    """The switch is on. `switch` is what a person turns to lift it; `reason` is in their own words."""

    switch: str
    reason: str | None = None

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"ftops is frozen by {self.switch}{why}"

    @property
    def way_out(self) -> str:
        """Say how to lift it."""
        turn = f"unset {VARIABLE}" if self.switch == VARIABLE else f"remove {self.switch}"
        return f"when the reason is over, {turn}; `ftops plan` works meanwhile"

    def refusal(self) -> Refused:
        """Make the error for whoever wants to change something."""
        return Refused(f"{self}: nothing is created, cancelled or recorded", hint=self.way_out)


def frozen(root: Path, environ: Mapping[str, str]) -> Freeze | None:
    """Return whether the project is frozen. A switch that cannot be looked at counts as on."""
    if environ.get(VARIABLE, "").strip().lower() not in _OFF:
        return Freeze(VARIABLE)
    path = root / FILE
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Freeze(FILE, f"it cannot be looked at: {error.strerror}")
    return Freeze(FILE, _reason(root, path))


def freeze(root: Path, environ: Mapping[str, str], reason: str) -> Freeze:
    """Turn the kill switch on: it outlives a crash. One that is on as a file already stays as it is.

    Raises FtopsError where the file cannot be written, and Refused where, in CI, it would be elsewhere.
    """
    path = root / FILE
    confine(root, path, FILE, environ)
    if os.path.lexists(path):
        return Freeze(FILE, _reason(root, path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    except OSError as error:
        raise FtopsError(
            f"the kill switch {FILE} cannot be turned on: {error.strerror}; nothing was cancelled",
            hint="make it writable, or set FTOPS_FREEZE=1 for every runner and name what is to be cancelled",
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{reason}\n")
        file.flush()
        os.fsync(file.fileno())
    _sync_directory(path.parent)
    return Freeze(FILE, reason)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(root: Path, path: Path) -> str | None:
    """Read the first line, if there is one; an empty file freezes just as well.

    A link out of the project freezes too, and what it leads to is not shown.
    """
    if not is_inside(root, path) or is_special(path):
        return None
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            line = file.readline(_LONGEST_REASON)
    except OSError:
        return None
    return "".join(sign if sign.isprintable() else " " for sign in line).strip() or None
