"""What the files start, started: the same words, with the same settings, on a repository of a team."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ftops.errors import ExitCode
from ftops.state.registry import REQUIRE_SHARED
from tests.conftest import Emulator
from tests.deploy.pods import environment, expanded, main_container, pods
from tests.deploy.units import service, variables, words
from tests.recipes.conftest import Project, project_of
from tests.repository import Repository

KEY = "sk-deploy-77c0"
MACHINE = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator) -> Project:
    return project_of(tmp_path / "origin", emulator.base_url)


def ftops(
    arguments: Sequence[str], environ: Mapping[str, str], where: Path
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "ftops", *arguments],
        cwd=where,
        env={**MACHINE, "HOME": str(where.parent), "OPENAI_API_KEY": KEY, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    print(done.stdout, done.stderr)  # noqa: T201 - shown by pytest -rP
    return done


class Pod:
    """The CronJob's, with its volume in a folder of ours."""

    def __init__(self, folder: Path, project: Project) -> None:
        pod = pods()["cronjob"]
        (clone,) = pod["spec"]["initContainers"]
        self._main = main_container(pod)
        self._settings = {"FTOPS_REPOSITORY": project.origin}
        self._work = folder / uuid.uuid4().hex
        self._work.mkdir()
        command = [self._here(word) for word in expanded(clone["command"], self._environ(clone))]
        environ = {**MACHINE, **self._environ(clone), "HOME": str(self._work)}
        subprocess.run(command, env=environ, check=True, capture_output=True)

    def run(self, **more: str) -> subprocess.CompletedProcess[str]:
        environ = {**self._environ(self._main), **more}
        return ftops(
            expanded(self._main["args"], environ), environ, Path(self._here(self._main["workingDir"]))
        )

    def _environ(self, container: Mapping[str, object]) -> dict[str, str]:
        return {**environment(container), **self._settings}

    def _here(self, word: str) -> str:
        return word.replace("/work", str(self._work), 1) if word.startswith("/work") else word


def test_a_pod_clones_and_refuses_to_pay_by_a_state_that_it_would_lose(
    tmp_path: Path, project: Project, emulator: Emulator
) -> None:
    done = Pod(tmp_path, project).run()
    document = json.loads(done.stdout)
    assert done.returncode == ExitCode.REFUSED
    assert REQUIRE_SHARED in document["problems"][0]["message"]
    assert emulator.jobs() == 0
    for line in done.stderr.splitlines():
        assert json.loads(line)["time"]


def test_a_pod_that_may_does_a_round_and_says_what_it_came_to(
    tmp_path: Path, project: Project, emulator: Emulator
) -> None:
    done = Pod(tmp_path, project).run(**{REQUIRE_SHARED: ""})
    assert done.returncode == ExitCode.NOTHING
    document = json.loads(done.stdout)
    assert document["result"] == "done"
    assert document["commit"]["id"] == project.repository.git("rev-parse", "main")
    assert emulator.jobs() == 1
    assert KEY not in done.stdout + done.stderr


def test_the_service_of_the_timer_follows_the_branch_from_round_to_round(
    tmp_path: Path, project: Project, emulator: Emulator
) -> None:
    clone = project.repository.clone(tmp_path / "support")
    told = service("reconcile")
    environ = {**variables(told), "HOME": str(tmp_path)}
    for jobs in (1, 2):
        assert ftops(words(told), environ, clone.root).returncode == ExitCode.NOTHING
        assert emulator.jobs() == jobs
        project.declare("second")


def test_what_is_merged_does_not_decide_where_a_service_sends_its_key(
    tmp_path: Path, project: Project
) -> None:
    clone: Repository = project.repository.clone(tmp_path / "support")
    told = service("reconcile")
    settings = (project.repository.root / "ftops.yaml").read_text()
    start = settings.index("base_url: '")
    end = settings.index("'", start + len("base_url: '"))
    project.repository.commit(
        {"ftops.yaml": f"{settings[:start]}base_url: 'https://evil.example/v1{settings[end:]}"}
    )
    done = ftops(words(told), {**variables(told), "HOME": str(tmp_path)}, clone.root)
    assert done.returncode == ExitCode.REFUSED
    assert "evil.example" in done.stderr + done.stdout
    assert "FTOPS_ALLOWED_HOSTS" in done.stderr + done.stdout
