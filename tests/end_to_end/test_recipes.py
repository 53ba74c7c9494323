"""The workflows, the cron line and the script of the docs, run as CI and cron would run them.

Each line in the shell that would read it, in an environment that holds nothing else, with a wheel of this
project where a recipe installs ftops. Its dependencies are those of the tests: nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
import site
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY, Emulator

pytestmark = pytest.mark.slow

WORKFLOWS = REPOSITORY / "examples/github/.github/workflows"
STAND_INS = {
    "actions/checkout@v4": "the project is there",
    "actions/setup-python@v5": "the interpreter is that of the environment",
}
"""Steps of others, and what stands in for them."""

SECRET = re.compile(r"\$\{\{ secrets\.([A-Z_]+) \}\}")
KEYS = {"OPENAI_READ_KEY": "sk-read", "OPENAI_API_KEY": "sk-write"}


@dataclass(frozen=True, slots=True)
class Machine:
    """What CI or cron starts with: an interpreter of its own, and a wheel of this project."""

    environment: Path
    wheel: Path
    home: Path

    def ci(self, summary: Path) -> dict[str, str]:
        return {
            "PATH": f"{self.environment / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.home),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ENV": str(summary.with_name("github-env")),
            # A runner's own settings of pip: what a recipe asks for is installed, and nothing is fetched.
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    place = tmp_path_factory.mktemp("machine")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    environment = place / "opt/ftops"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    # The dependencies of the tests' own environment, without its ftops.
    paths = [path for path in site.getsitepackages() if "site-packages" in path]
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in paths))
    return Machine(environment, wheel, place)


@dataclass(slots=True)
class Run:
    """A workflow, step by step, until one fails."""

    machine: Machine
    root: Path
    secrets: Mapping[str, str]
    done: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    @property
    def summary(self) -> Path:
        return self.root.parent / "summary.md"

    def workflow(self, name: str) -> Run:
        document = yaml.safe_load((WORKFLOWS / name).read_text())
        (job,) = document["jobs"].values()
        everywhere = {**document.get("env", {}), **job.get("env", {})}
        assert everywhere["FTOPS"].startswith("ftops[")
        everywhere["FTOPS"] = f"ftops @ {self.machine.wheel.as_uri()}"
        for step in job["steps"]:
            if "uses" in step:
                assert step["uses"] in STAND_INS, f"nothing stands in for {step['uses']}"
            elif not self._step(step, everywhere):
                break
        return self

    def _step(self, step: Mapping[str, Any], everywhere: Mapping[str, str]) -> bool:
        told = {name: self._expanded(value) for name, value in {**everywhere, **step.get("env", {})}.items()}
        done = subprocess.run(
            ["bash", "-e", "-c", self._expanded(step["run"])],
            cwd=self.root,
            env={**self.machine.ci(self.summary), **told},
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            check=False,
        )
        self.done.append(done)
        return done.returncode == 0

    def _expanded(self, text: str) -> str:
        """Put secrets in; one that a fork has not is empty. Any other expression is an error of the test."""
        text = SECRET.sub(lambda found: self.secrets.get(found[1], ""), text)
        assert "${{" not in text, f"not understood: {text}"
        return text


@pytest.fixture
def run(machine: Machine, copy_example: Callable[[str], Path]) -> Callable[[Mapping[str, str]], Run]:
    root = copy_example("quickstart")
    return lambda secrets: Run(machine, root, secrets)


def test_a_pull_request_lands_as_a_plan_in_the_summary(run: Callable[[Mapping[str, str]], Run]) -> None:
    done = run(KEYS).workflow("plan.yml")
    assert [step.returncode for step in done.done] == [0, 0, 0], done.done[-1]
    text = done.summary.read_text()
    assert text.startswith("## ftops plan")
    assert "| `+` | workshop-answers | create | new |" in text


def test_a_fork_has_no_key_and_is_validated(run: Callable[[Mapping[str, str]], Run]) -> None:
    done = run({}).workflow("plan.yml")
    assert [step.returncode for step in done.done] == [0, 0, 0], done.done[-1]
    assert "all valid" in done.done[1].stdout
    assert done.summary.read_text() == "Validated, and not planned: a pull request from a fork gets no key.\n"


def test_a_broken_manifest_makes_the_check_red(run: Callable[[Mapping[str, str]], Run]) -> None:
    started = run(KEYS)
    (started.root / "jobs/broken.yaml").write_text("apiVersion: ftops/v1\nkind: FineTune\nspec:\n\tx: y\n")
    done = started.workflow("plan.yml")
    assert [step.returncode for step in done.done] == [0, 1]
    assert "jobs/broken.yaml:4:1: is indented with a tab (use spaces)" in done.done[-1].stderr


def test_a_scheduled_reconcile_creates_once(run: Callable[[Mapping[str, str]], Run]) -> None:
    started = run(KEYS)
    for _ in range(2):
        done = started.workflow("reconcile.yml").done[-1]
        assert done.returncode == 0, done.stderr
    state = (started.root / ".ftops/state.json").read_text()
    assert '"generation": 1' in state
    assert '"generation": 2' not in state


def block(page: str, words: str) -> str:
    """Return the block of a page that holds some words."""
    text = (REPOSITORY / "docs/how-to" / page).read_text()
    blocks: list[str] = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return next(found for found in blocks if words in found)


def test_the_script_that_waits_hands_the_model_on(run: Callable[[Mapping[str, str]], Run]) -> None:
    started = run(KEYS)
    assert started.workflow("plan.yml").done[0].returncode == 0
    script = block("wait-in-ci.md", "case $code in")
    done = started._step({"run": script}, {})
    assert done, started.done[-1]
    exported = started.summary.with_name("github-env").read_text()
    assert "WORKSHOP_ANSWERS_MODEL=ft:" in exported
    (started.root / "jobs/broken.yaml").write_text("sufix: b\n")
    assert not started._step({"run": script}, {})


def git(directory: Path, *arguments: str) -> None:
    named = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    environ = {"PATH": os.environ["PATH"], "HOME": str(directory), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *named, *arguments], cwd=directory, check=True, capture_output=True, env=environ)


def test_the_cron_line_follows_its_branch_and_creates_once(
    machine: Machine, emulator: Emulator, tmp_path: Path
) -> None:
    line = block("scheduled-reconcile.md", "reconcile --once >>").strip()
    schedule, command = line.split(None, 5)[:5], line.split(None, 5)[5]
    assert schedule == ["*/15", "*", "*", "*", "*"]
    assert "%" not in command, "cron takes % for a line break"
    command = command.replace("/srv/models", str(tmp_path / "models"))
    command = command.replace("/opt/ftops", str(machine.environment))
    pip = [
        str(machine.environment / "bin/pip"),
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        str(machine.wheel),
    ]
    subprocess.run(pip, check=True)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".ftops-key").write_text("export OPENAI_API_KEY=sk-cron\n")
    (tmp_path / "desk").mkdir()
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(tmp_path, "clone", "-q", "origin.git", "desk")
    desk = tmp_path / "desk"
    (desk / "ftops.yaml").write_text(
        "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: cron-x1}\nspec:\n  default_provider: oa\n"
        f"  providers:\n    oa: {{dialect: openai, base_url: '{emulator.base_url}',"
        " api_key: {env: OPENAI_API_KEY}}\n"
    )
    (desk / "jobs").mkdir()
    rows = [
        {"messages": [{"role": r, "content": f"{r} {n}"} for r in ("user", "assistant")]} for n in range(12)
    ]
    (desk / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {name: NAME}\nspec:\n  model: gpt-4o-mini\n"
    manifest += "  training_file: {path: ../data.jsonl}\n  seed: 1\n"

    def declared(name: str) -> None:
        (desk / f"jobs/{name}.yaml").write_text(
            manifest.replace("NAME", name).replace("seed: 1", f"seed: {len(name)}")
        )
        git(desk, "add", "-A")
        git(desk, "commit", "-q", "-m", name)
        git(desk, "push", "-q", "origin", "HEAD:main")

    def tick() -> subprocess.CompletedProcess[str]:
        environ = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "HOME": str(home), "LOGNAME": "ftops"}
        return subprocess.run(
            ["/bin/sh", "-c", command], env=environ, cwd=home, text=True, capture_output=True, check=False
        )

    declared("a")
    git(tmp_path, "clone", "-q", "-b", "main", "origin.git", "models")
    first, again = tick(), tick()
    assert (first.returncode, again.returncode, emulator.jobs()) == (0, 0, 1), (
        home / "ftops.log"
    ).read_text()
    declared("bb")
    assert (tick().returncode, emulator.jobs()) == (0, 2)
    (tmp_path / "models/jobs/a.yaml").write_text("an edit on the server\n")
    git(desk, "rm", "-q", "jobs/a.yaml")
    declared("ccc")
    stuck = tick()
    assert (stuck.returncode, emulator.jobs()) == (1, 2)
    assert "jobs/a.yaml" in stuck.stderr
