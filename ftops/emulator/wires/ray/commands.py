"""Entrypoints that are no trainer: the few lines of shell that tests of an engine are made of."""

import re
from dataclasses import dataclass

COMMAND_SECONDS = 6.0
NO_SUCH_COMMAND = 127

_EXIT = re.compile(r"exit (\d{1,3})")
_ECHO = re.compile(r"echo ([\w .-]+)")
_KILL = re.compile(r"kill -(\d{1,2}) \$\$")
_SLEEP = re.compile(r"(?:exec )?sleep (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Command:
    """What a command says, how long it takes (emulated seconds), and how it ends."""

    says: str = ""
    seconds: float = COMMAND_SECONDS
    exit_code: int = 0


def command_of(entrypoint: str) -> Command:
    """Understand `exit N`, `kill -N $$`, `true`, `echo`, `sleep`; a path is a command that is not there.

    Everything else takes a while and ends well.
    """
    line = entrypoint.strip()
    if (exits := _EXIT.fullmatch(line)) is not None:
        return Command(seconds=0, exit_code=int(exits[1]))
    if (killed := _KILL.fullmatch(line)) is not None:
        return Command(seconds=0, exit_code=-int(killed[1]))
    if line.startswith("/"):
        program = line.split()[0]
        return Command(f"/bin/sh: 1: {program}: not found\n", 0, NO_SUCH_COMMAND)
    parts = [part.strip() for part in line.split(";")]
    says = "".join(f"{echo[1]}\n" for part in parts if (echo := _ECHO.fullmatch(part)))
    slept = [float(sleep[1]) for part in parts if (sleep := _SLEEP.fullmatch(part))]
    quick = line == "true" or says
    return Command(says, sum(slept) if slept or quick else COMMAND_SECONDS)
