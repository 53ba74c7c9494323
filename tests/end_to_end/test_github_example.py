"""The workflows of examples/github, step by step, in a project on the embedded emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

WORKFLOWS = REPOSITORY / "examples/github/.github/workflows"


def steps(name: str) -> list[dict[str, Any]]:
    (job,) = yaml.safe_load((WORKFLOWS / name).read_text())["jobs"].values()
    return [step for step in job["steps"] if "run" in step and "pip install" not in step["run"]]


def run_steps(name: str, root: Path, summary: Path) -> list[subprocess.CompletedProcess[str]]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "CI": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    return [
        subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=root,
            env=environ,
            text=True,
            capture_output=True,
            check=False,
        )
        for step in steps(name)
    ]


def test_the_plan_of_a_pull_request_lands_in_the_job_summary(
    copy_example: Callable[[str], Path], tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    done = run_steps("plan.yml", copy_example("quickstart"), summary)
    assert [step.returncode for step in done] == [0, 0]
    text = summary.read_text()
    assert text.startswith("## ftops plan")
    assert "| `+` | workshop-answers | create | new |" in text


@pytest.mark.parametrize("times", [1, 2])
def test_a_scheduled_reconcile_creates_once(
    copy_example: Callable[[str], Path], tmp_path: Path, times: int
) -> None:
    root = copy_example("quickstart")
    for _ in range(times):
        (done,) = run_steps("reconcile.yml", root, tmp_path / "summary.md")
        assert done.returncode == 0, done.stderr
    state = (root / ".ftops/state.json").read_text()
    assert state.count('"generation": 1') >= 1
    assert '"generation": 2' not in state
