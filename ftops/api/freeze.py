"""The kill switch: while it is on, nothing is created, cancelled or recorded. Plans still work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ftops.errors import Refused
from ftops.files.confinement import is_inside, is_special

VARIABLE = "FTOPS_FREEZE"
FILE = ".ftops/freeze"

_OFF = frozenset({"", "0", "false", "no", "off"})
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Freeze:
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
    """Tell whether the project is frozen. A switch that cannot be looked at counts as on."""
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
