"""A line of a crontab, run as cron runs it: `/bin/sh -c`, in the user's home, with hardly any environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.recipes.bare import run_bare

LINE = re.compile(r"^((?:[0-9*/,-]+ +){5})(\S.*)$", re.MULTILINE)
"""Five fields of time, and the command."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A user's cron."""

    home: Path

    def run(self, command: str) -> str:
        """Run the command of a line; return what cron would send by mail."""
        # To cron a bare % ends the command, and what follows is its standard input.
        assert "%" not in command.replace(r"\%", ""), "a % that cron would take for a line's end"
        environ = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "HOME": str(self.home), "LOGNAME": "ana"}
        return run_bare(["/bin/sh", "-c", command], environ, self.home).stdout
