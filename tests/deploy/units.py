"""The units of `deploy/systemd` as values: a key may be there several times, and an empty one clears it."""

from __future__ import annotations

import shlex
from collections import defaultdict
from pathlib import Path

from tests.conftest import REPOSITORY

SYSTEMD = REPOSITORY / "deploy/systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
DROP_INS = sorted((SYSTEMD / "drop-ins").glob("*.conf"))
PROGRAM = "/opt/ftops/bin/ftops"

Section = dict[str, list[str]]


def unit(path: Path) -> dict[str, Section]:
    sections: dict[str, Section] = {}
    here: Section = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            here = sections.setdefault(line.strip("[]"), defaultdict(list))
        elif line.strip() and not line.startswith("#"):
            name, _, value = line.partition("=")
            here[name].append(value)
    return sections


def service(kind: str) -> Section:
    return unit(SYSTEMD / f"ftops-{kind}@.service")["Service"]


def words(section: Section) -> list[str]:
    """What is started, without the program; a doubled % is one to systemd."""
    (command,) = section["ExecStart"]
    program, *rest = shlex.split(command.replace("%%", "%"))
    assert program == PROGRAM
    return rest


def variables(section: Section) -> dict[str, str]:
    return dict(line.split("=", 1) for line in section["Environment"])
