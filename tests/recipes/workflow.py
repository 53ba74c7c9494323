"""A workflow of GitHub's, run step by step as a runner would, and nothing of our environment.

What is not known here fails the test: an expression, an action, a key of a job or a step.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY
from tests.recipes.bare import run_bare
from tests.recipes.expressions import holds, substituted

_JOB_KEYS = frozenset({"name", "if", "runs-on", "timeout-minutes", "environment", "permissions", "steps"})
_STEP_KEYS = frozenset({"name", "id", "if", "uses", "with", "run", "env", "shell", "continue-on-error"})
SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
}
"""How GitHub starts the shell that a step names, or none."""

OURS = "ftops/ftops"
INSTALL = "Install"
"""The step of our action that takes long."""

Artifacts = dict[tuple[str, str], Path]
"""The files that runs have left, by run and name."""


@dataclass(frozen=True, slots=True)
class Event:
    """What starts a workflow, and what GitHub knows then."""

    name: str
    payload: Mapping[str, Any]
    secrets: Mapping[str, str]
    """One that is withheld is empty, as at GitHub."""
    github: Mapping[str, str] = field(default_factory=dict)
    """More of the context of that name."""
    environ: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    run: str = "7"


@dataclass(frozen=True, slots=True)
class Done:
    """A step that ran. One of a composite action is named after both."""

    name: str
    code: int
    printed: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What a step leaves to those after it."""

    code: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Runner:
    """A fresh machine: a workspace, a home, and stand-ins for the actions that it may use."""

    folder: Path
    origin: str
    """What `actions/checkout` clones."""
    python: Path
    """The environment that `actions/setup-python` puts into PATH."""
    source: str
    """What is installed in place of `FTOPS_SOURCE`, and of our action's own checkout."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Of the world around: the address of a store that plays Amazon's."""
    artifacts: Artifacts = field(default_factory=dict)
    ready: bool = False
    """Whether `python` has ftops already, so that our action need not install it again, for half a minute."""
    path: str = "/usr/bin:/bin"
    done: list[Done] = field(default_factory=list)
    event: Event = field(default_factory=lambda: Event("", {}, {}))
    files: int = 0
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Of our action, by the name of the step that used it."""

    @property
    def workspace(self) -> Path:
        """Where the steps run."""
        return self.folder / "workspace"

    @property
    def temp(self) -> Path:
        """What is cleared after each job."""
        return self.folder / "temp"

    @property
    def summary(self) -> Path:
        """The job's summary."""
        return self.folder / "summary.md"

    def run(self, workflow: Path, event: Event) -> list[Done]:
        """Run the only job of a workflow."""
        document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        (job,) = document["jobs"].values()
        assert job.keys() <= _JOB_KEYS, f"unknown keys of a job: {job.keys() - _JOB_KEYS}"
        for place in (self.workspace, self.temp, self.folder / "home"):
            place.mkdir(parents=True)
        self.summary.touch()
        (self.folder / "event.json").write_text(json.dumps(event.payload))
        self.event = event
        contexts = self._contexts()
        if not holds(job.get("if", "always()"), contexts, failed=False):
            return []
        whole = {**_variables(document.get("env", {}), contexts), "FTOPS_SOURCE": self.source}
        self._steps(job["steps"], contexts, whole, "")
        return self.done

    def _contexts(self) -> dict[str, Any]:
        github = {
            "event": self.event.payload,
            "event_name": self.event.name,
            "repository": self.event.environ.get("GITHUB_REPOSITORY", ""),
            **self.event.github,
        }
        return {
            "github": github,
            "secrets": self.event.secrets,
            "inputs": self.event.inputs,
            "runner": {"temp": str(self.temp)},
        }

    def _steps(
        self, steps: list[Mapping[str, Any]], contexts: Mapping[str, Any], whole: Mapping[str, str], of: str
    ) -> tuple[int, dict[str, Any]]:
        """Run steps in order; give the first code that failed, and what `steps` knows of them."""
        known: dict[str, Any] = {}
        code = 0
        for step in steps:
            assert step.keys() <= _STEP_KEYS, f"unknown keys of a step: {step.keys() - _STEP_KEYS}"
            now = {**contexts, "steps": known}
            if not holds(str(step.get("if", "success()")), now, failed=code != 0):
                known[step.get("id", "")] = {"outputs": {}, "outcome": "skipped"}
                continue
            environ = {**whole, **_variables(step.get("env", {}), now)}
            ended = self._used(step, now, environ) if "uses" in step else self._ran(step, now, environ, of)
            outcome = "failure" if ended.code else "success"
            known[step.get("id", "")] = {"outputs": ended.outputs, "outcome": outcome}
            if not step.get("continue-on-error"):
                code = code or ended.code
        return code, known

    def _ran(
        self, step: Mapping[str, Any], contexts: Mapping[str, Any], environ: Mapping[str, str], of: str
    ) -> Ended:
        self.files += 1
        script, output = self.folder / f"step-{self.files}.sh", self.folder / f"output-{self.files}"
        script.write_text(substituted(step["run"], contexts), encoding="utf-8")
        output.touch()
        machine = {**self._machine(), "GITHUB_OUTPUT": str(output)}
        command = [*SHELLS[step.get("shell")], str(script)]
        ran = run_bare(command, {**machine, **environ}, self.workspace)
        self.done.append(Done(f"{of}{step.get('name', step['run'])}", ran.returncode, ran.stdout))
        lines = (line.partition("=") for line in output.read_text().splitlines())
        return Ended(ran.returncode, {name: value for name, _, value in lines})

    def _used(
        self, step: Mapping[str, Any], contexts: Mapping[str, Any], environ: Mapping[str, str]
    ) -> Ended:
        name, _, version = step["uses"].partition("@")
        assert len(version) == 40, f"not pinned: {step['uses']}"
        given = {key: substituted(str(value), contexts) for key, value in step.get("with", {}).items()}
        if name == OURS:
            return self._composite(given, contexts, environ, step.get("name", name))
        action = ACTIONS.get(name)
        assert action is not None, f"no stand-in for the action {name}"
        code = action(self, given)
        self.done.append(Done(step["uses"], code, ""))
        return Ended(code)

    def _composite(
        self, given: Mapping[str, str], contexts: Mapping[str, Any], environ: Mapping[str, str], name: str
    ) -> Ended:
        """Run our own action: its inputs reach no step but by expressions, and `env` of the step does."""
        action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
        assert given.keys() <= action["inputs"].keys(), f"unknown inputs: {given}"
        inputs = {
            key: given.get(key, substituted(str(told.get("default", "")), contexts))
            for key, told in action["inputs"].items()
        }
        # Built once for all tests, instead of once for every step.
        inputs["source"] = inputs["source"] or self.source
        inputs["python"] = str(self.python / "bin/python")
        inside = {**contexts, "inputs": inputs}
        steps = action["runs"]["steps"]
        if self.ready:
            steps = [step for step in steps if step["name"] != INSTALL]
            (self.temp / "ftops").unlink(missing_ok=True)
            (self.temp / "ftops").symlink_to(self.python)
        code, known = self._steps(steps, inside, environ, f"{name}/")
        outputs = {
            key: substituted(told["value"], {**inside, "steps": known})
            for key, told in action["outputs"].items()
        }
        self.outputs[name] = outputs
        return Ended(code, outputs)

    def _machine(self) -> dict[str, str]:
        files = {name: str(self.folder / name.lower()) for name in ("GITHUB_ENV", "GITHUB_PATH")}
        return {
            "HOME": str(self.folder / "home"),
            "PATH": self.path,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(REPOSITORY),
            "GITHUB_EVENT_NAME": self.event.name,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temp),
            **files,
            **self.event.environ,
            **self.given,
        }


def _variables(given: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
    return {name: substituted(str(value), contexts) for name, value in given.items()}


def _checkout(runner: Runner, given: Mapping[str, str]) -> int:
    assert given.keys() == {"fetch-depth", "persist-credentials"}, f"inputs of checkout: {given}"
    assert given["persist-credentials"] == "False", "the token would stay in the workspace"
    depth = int(given["fetch-depth"])
    options = [f"--depth={depth}"] if depth else []
    subprocess.run(["git", "clone", "-q", *options, runner.origin, str(runner.workspace)], check=True)
    reference = runner.event.environ.get("GITHUB_REF", "")
    if reference.startswith("refs/pull/"):
        git = ["git", "-C", str(runner.workspace)]
        subprocess.run([*git, "fetch", "-q", "origin", reference], check=True)
        subprocess.run([*git, "checkout", "-q", "FETCH_HEAD"], check=True)
    return 0


def _setup_python(runner: Runner, given: Mapping[str, str]) -> int:
    assert given == {"python-version": "3.11"}, f"unknown inputs of setup-python: {given}"
    runner.path = f"{runner.python / 'bin'}:{runner.path}"
    return 0


def _upload(runner: Runner, given: Mapping[str, str]) -> int:
    assert given.keys() <= {"name", "path", "if-no-files-found"}, f"unknown inputs of upload: {given}"
    path = Path(given["path"])
    if not path.exists():
        return 0 if given.get("if-no-files-found") == "ignore" else 1
    kept = runner.folder / "artifacts" / path.name
    kept.parent.mkdir(exist_ok=True)
    shutil.copyfile(path, kept)
    runner.artifacts[runner.event.run, given["name"]] = kept
    return 0


def _download(runner: Runner, given: Mapping[str, str]) -> int:
    assert given.keys() == {"name", "path", "run-id", "github-token"}, f"inputs of download: {given}"
    kept = runner.artifacts.get((given["run-id"], given["name"]))
    if kept is None:
        return 1
    Path(given["path"]).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, Path(given["path"]) / kept.name)
    return 0


ACTIONS: Mapping[str, Callable[[Runner, Mapping[str, str]], int]] = {
    "actions/checkout": _checkout,
    "actions/setup-python": _setup_python,
    "actions/upload-artifact": _upload,
    "actions/download-artifact": _download,
}
"""The actions that the workflows use, and what stands in for each; ours is run itself."""
