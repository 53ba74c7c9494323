"""What pyproject.toml declares, and the same at its lowest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY

TOOLS = ("pytest", "pytest-xdist", "hypothesis", "markdown-it-py")
"""What the tests run with, of the extra `dev`. The rest of it is for style, packaging and servers."""
ELSEWHERE = ("dev", "train")
"""Extras that are for who works on ftops, and for nodes that have no ftops: `make ray` installs that one."""
_AT_LEAST = re.compile(r"([A-Za-z0-9_.-]+(?:\[[a-z,]+\])?)>=([0-9][0-9.]*)")


def requirements(pyproject: Path = REPOSITORY / "pyproject.toml") -> tuple[str, ...]:
    """Return what a run of ftops can use: the dependencies and those of every extra but `ELSEWHERE`."""
    project = _project(pyproject)
    extras = project["optional-dependencies"].items()
    of_extras = [each for extra, needs in extras if extra not in ELSEWHERE for each in needs]
    return (*project["dependencies"], *of_extras)


def lowest(declared: tuple[str, ...]) -> tuple[str, ...]:
    """Return each at exactly its lower bound; ValueError where one has another form than `name>=version`."""
    pinned = []
    for each in declared:
        match = _AT_LEAST.fullmatch(each)
        if match is None:
            raise ValueError(f"{each!r} in pyproject.toml has no plain lower bound: write name>=version")
        pinned.append(f"{match[1]}=={match[2]}")
    return tuple(pinned)


def tools(pyproject: Path = REPOSITORY / "pyproject.toml") -> tuple[str, ...]:
    """Return the test tools as the extra `dev` declares them."""
    declared = _project(pyproject)["optional-dependencies"]["dev"]
    return tuple(each for each in declared if re.split(r"[>=\[]", each)[0] in TOOLS)


def lowest_python(pyproject: Path = REPOSITORY / "pyproject.toml") -> str:
    """Return the lowest Python, such as 3.11."""
    bound: str = _project(pyproject)["requires-python"]
    return bound.removeprefix(">=")


def other_pythons(pyproject: Path = REPOSITORY / "pyproject.toml") -> tuple[str, ...]:
    """Return the classifiers' Pythons above the lowest."""
    named = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    found = [match[1] for each in _project(pyproject)["classifiers"] if (match := named.fullmatch(each))]
    return tuple(each for each in found if each != lowest_python(pyproject))


def _project(pyproject: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return project
