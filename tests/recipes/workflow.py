"""A workflow of GitHub's, run step by step as a runner would: `bash -e`, and nothing of our environment.

What is not known here fails the test: an expression, an action, a key of a job or a step.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.recipes.bare import run_bare

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_JOB_KEYS = frozenset({"runs-on", "environment", "steps"})
_STEP_KEYS = frozenset({"name", "uses", "with", "run", "env"})


@dataclass(frozen=True, slots=True)
class Event:
    """What starts a workflow, and what GitHub knows then."""

    expressions: Mapping[str, str]
    """By the text between `${{` and `}}`. A secret that is withheld is empty, as at GitHub."""
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """A step that ran."""

    name: str
    code: int
    printed: str


@dataclass(slots=True)
class Runner:
    """A fresh machine: a workspace, a home, and stand-ins for the actions that it may use."""

    folder: Path
    origin: str
    """What `actions/checkout` clones."""
    python: Path
    """The environment that `actions/setup-python` puts into PATH."""
    source: str
    """What is installed in place of `FTOPS_SOURCE`."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Of the world around: the address of a store that plays Amazon's."""
    path: str = "/usr/bin:/bin"

    @property
    def workspace(self) -> Path:
        """Where the steps run."""
        return self.folder / "workspace"

    @property
    def summary(self) -> Path:
        """The job's summary."""
        return self.folder / "summary.md"

    def run(self, workflow: Path, event: Event) -> list[Done]:
        """Run the only job of a workflow until a step fails."""
        document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        (job,) = document["jobs"].values()
        assert job.keys() <= _JOB_KEYS, f"unknown keys of a job: {job.keys() - _JOB_KEYS}"
        self.workspace.mkdir(parents=True)
        (self.folder / "home").mkdir()
        self.summary.touch()
        whole = {**self._variables(document.get("env", {}), event), "FTOPS_SOURCE": self.source}
        done: list[Done] = []
        for number, step in enumerate(job["steps"]):
            assert step.keys() <= _STEP_KEYS, f"unknown keys of a step: {step.keys() - _STEP_KEYS}"
            done.append(self._step(number, step, whole, event))
            if done[-1].code:
                break
        return done

    def _step(self, number: int, step: Mapping[str, Any], whole: Mapping[str, str], event: Event) -> Done:
        if "uses" in step:
            action = ACTIONS.get(step["uses"])
            assert action is not None, f"no stand-in for the action {step['uses']}"
            action(self, step.get("with", {}))
            return Done(step["uses"], 0, "")
        script = self.folder / f"step-{number}.sh"
        script.write_text(substituted(step["run"], event), encoding="utf-8")
        environ = {**self._machine(event), **whole, **self._variables(step.get("env", {}), event)}
        ran = run_bare(["bash", "-e", str(script)], environ, self.workspace)
        return Done(step.get("name", step["run"]), ran.returncode, ran.stdout)

    def _machine(self, event: Event) -> dict[str, str]:
        files = {
            name: str(self.folder / name.lower()) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")
        }
        return {
            "HOME": str(self.folder / "home"),
            "PATH": self.path,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **files,
            **event.environ,
            **self.given,
        }

    @staticmethod
    def _variables(given: Mapping[str, Any], event: Event) -> dict[str, str]:
        return {name: substituted(str(value), event) for name, value in given.items()}


def substituted(text: str, event: Event) -> str:
    """Return the text with its expressions' values; an expression that the event does not know fails."""

    def value(match: re.Match[str]) -> str:
        assert match[1] in event.expressions, f"unknown expression: {match[0]}"
        return event.expressions[match[1]]

    return _EXPRESSION.sub(value, text)


def _checkout(runner: Runner, given: Mapping[str, Any]) -> None:
    assert given.keys() <= {"fetch-depth"}, f"unknown inputs of checkout: {given}"
    depth = int(given.get("fetch-depth", 1))
    options = [f"--depth={depth}"] if depth else []
    subprocess.run(["git", "clone", "-q", *options, runner.origin, str(runner.workspace)], check=True)


def _setup_python(runner: Runner, given: Mapping[str, Any]) -> None:
    assert given == {"python-version": "3.11"}, f"unknown inputs of setup-python: {given}"
    runner.path = f"{runner.python / 'bin'}:{runner.path}"


ACTIONS: Mapping[str, Callable[[Runner, Mapping[str, Any]], None]] = {
    "actions/checkout@v4": _checkout,
    "actions/setup-python@v5": _setup_python,
}
"""The actions that the workflows use, and what stands in for each."""
