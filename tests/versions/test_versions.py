"""What `make lowest` installs is what pyproject.toml declares."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.versions.__main__ import LEFT_OUT, SELECTION, Column, columns, run
from tests.versions.declared import ELSEWHERE, TOOLS, lowest, other_pythons, requirements, tools
from tests.versions.interpreters import interpreter

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def names(given: tuple[str, ...], between: str) -> dict[str, str]:
    pairs = [each.split(between) for each in given]
    assert len({name for name, _ in pairs}) == len(pairs)
    return {name: version for name, version in pairs}  # noqa: C416 - two and no more


def test_the_stage_installs_every_declared_dependency_at_its_lower_bound() -> None:
    bottom = columns()[0]
    pinned = names(tuple(each for each in bottom.requirements if "==" in each), "==")
    extras = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"]]
    for extra in extras.keys() - set(ELSEWHERE):
        declared += extras[extra]
    assert pinned == names(tuple(declared), ">=")
    assert f">={bottom.python}" == PROJECT["requires-python"]


def test_the_other_columns_are_the_classifiers_and_take_what_is_newest() -> None:
    _, *rest = columns()
    assert [f"Programming Language :: Python :: {each.python}" for each in rest] == [
        each
        for each in PROJECT["classifiers"]
        if each.startswith("Programming Language :: Python :: 3.") and not each.endswith(columns()[0].python)
    ]
    assert all(set(requirements()) < set(each.requirements) for each in rest)
    assert other_pythons()


def test_an_extra_has_the_same_bound_for_users_and_for_developers() -> None:
    developers = dict(each.split(">=") for each in PROJECT["optional-dependencies"]["dev"] if ">=" in each)
    users = names(requirements(), ">=")
    assert {name: developers[name] for name in developers.keys() & users.keys()} == {
        name: users[name] for name in developers.keys() & users.keys()
    }


def test_every_tool_is_declared_and_every_selected_test_is_there() -> None:
    assert len(tools()) == len(TOOLS)
    assert [each for each in SELECTION if not (REPOSITORY / each).exists()] == []
    for file, name in (each.split("::") for each in LEFT_OUT):
        assert f"def {name}(" in (REPOSITORY / file).read_text()


@pytest.mark.parametrize(
    "odd", ["click", "click>8", "click>=8.1,<9", "click==8.2", "click>=8.2; os_name=='x'"]
)
def test_a_bound_that_the_stage_could_not_pin_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="has no plain lower bound"):
        lowest((odd,))


def test_a_python_is_found_on_path_or_in_pyenv_and_a_shim_that_refuses_is_none(tmp_path: Path) -> None:
    shims, home = tmp_path / "shims", tmp_path / "home"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    script(shims / f"python{version}", "echo 'pyenv: command not found' >&2; exit 127")
    environ = {"PATH": f"{shims}:/bin:/usr/bin", "HOME": str(home)}
    assert interpreter(version, {**environ, "PATH": str(shims)}) is None
    assert interpreter("3.99", environ) is None
    own = home / f".pyenv/versions/{version}.9/bin/python"
    own.parent.mkdir(parents=True)
    own.symlink_to(sys.executable)
    assert interpreter(version, {**environ, "PATH": str(shims)}) == str(own)
    script(shims / f"python{version}", f'exec "{sys.executable}" "$@"')
    assert interpreter(version, environ) == str(shims / f"python{version}")


def test_a_python_that_is_not_here_is_named_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Column("3.99", (), "Python 3.99"), tmp_path, fresh=False) is None
    assert capsys.readouterr().out == "Python 3.99: not run, no python3.99 on PATH or in pyenv\n"


def test_the_gate_runs_the_stage_before_the_tests() -> None:
    steps = [line for line in (REPOSITORY / ".ci/run").read_text().splitlines() if line.startswith("make ")]
    assert steps[-1] == 'make test COVERED="--cov --cov-report=term:skip-covered"'
    assert "make lowest" in steps
    recipe = subprocess.run(
        ["make", "-n", "-o", "install-dev", "lowest"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-m tests.versions" in recipe.stdout


def script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
