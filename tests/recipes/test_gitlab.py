"""The jobs of the GitLab template, run by bash as a runner does, and what they refuse."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.wrappers import Request, Response

from tests.conftest import REPOSITORY, Emulator
from tests.forge.wire import answer
from tests.forge.world import Pull, World
from tests.recipes.bare import run_bare
from tests.recipes.conftest import KEY, DeadMan, Installed, Project, project_of
from tests.recipes.github import served
from tests.services import Service

TEMPLATE = yaml.safe_load((REPOSITORY / "templates/gitlab-ci.yml").read_text())
PLAN_KEY = "0123456789abcdef" * 4
JOB_TOKEN, TOKEN = "glcbt-job0000", "glpat-robot00"
_API = "/api/v4/projects/9/"


@dataclass
class GitLab:
    """What GitLab knows besides notes."""

    world: World = field(default_factory=World)
    merged: dict[str, int] = field(default_factory=dict)
    heads: dict[int, Path] = field(default_factory=dict)
    """Plans of the last good pipeline of a merge request."""
    jobs: dict[int, Path] = field(default_factory=dict)
    path: str = "/api/v4"
    url: str = ""

    def answered(self, request: Request) -> Response | None:
        """Answer what a job's own token may ask."""
        if request.headers.get("JOB-TOKEN") != JOB_TOKEN or not request.path.startswith(_API):
            return None
        path = request.path.removeprefix(_API)
        if found := re.fullmatch(r"repository/commits/([0-9a-f]{40})/merge_requests", path):
            number = self.merged.get(found[1])
            return answer([self._shown(found[1], number)] if number else [])
        if found := re.fullmatch(r"jobs/artifacts/refs/merge-requests/(\d+)/head/raw/ftops-plan.json", path):
            assert request.args["job"] == "ftops:plan"
            return _file(self.heads.get(int(found[1])))
        if found := re.fullmatch(r"jobs/(\d+)/artifacts/ftops-plan.json", path):
            return _file(self.jobs.get(int(found[1])))
        return answer({"message": "404 Not Found"}, 404)

    def _shown(self, merge: str, number: int) -> dict[str, Any]:
        head = self.world.pulls[number].head
        told = {"merge_commit_sha": merge, "squash_commit_sha": None}
        return {"iid": number, "state": "merged", "sha": head, **told}


def _file(path: Path | None) -> Response:
    if path is None:
        return answer({"message": "404 Not Found"}, 404)
    return Response(path.read_bytes(), mimetype="application/json")


@dataclass
class Team:
    """A project at GitLab, and what runs its jobs: each in a fresh clone."""

    folder: Path
    project: Project
    installed: Installed
    store: Service
    gitlab: GitLab
    printed: str = ""
    plan: Path = Path()
    count: int = 100
    installs: bool = False

    def opened(self, name: str) -> Pull:
        git = self.project.repository.git
        git("checkout", "-q", "-b", name, "main")
        pull = Pull(max(self.gitlab.world.pulls) + 1, self.project.declare(name), name)
        self.gitlab.world.pulls[pull.number] = pull
        git("checkout", "-q", "main")
        return pull

    def merged(self, pull: Pull) -> None:
        git = self.project.repository.git
        git("merge", "-q", "--no-ff", "-m", "merge", pull.branch)
        commit = git("rev-parse", "HEAD")
        self.gitlab.merged[commit] = pull.number
        self.gitlab.world.parents[commit] = [git("rev-parse", "HEAD^1"), pull.head]

    def planned(self, pull: Pull, *, fork: bool = False, fails: bool = False) -> int:
        code = self.job("ftops:plan", pull.branch, self._of(pull, fork=fork), secrets=not fork, fails=fails)
        if not code:
            self.gitlab.heads[pull.number] = self.plan
        return code

    def commented(self, pull: Pull, *, fork: bool = False) -> int:
        rule = {"GITLAB_TOKEN": TOKEN}
        return self.job("ftops:comment", pull.branch, {**self._of(pull, fork=fork), **rule}, secrets=False)

    def applied(self, **more: str) -> int:
        given = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "GITLAB_TOKEN": TOKEN, **more}
        code = self.job("ftops:apply", "main", given, secrets=True)
        if self.plan.exists():
            self.gitlab.jobs[self.count] = self.plan
        return code

    def reconciled(self, **more: str) -> int:
        return self.job("ftops:reconcile", "main", {"FTOPS_RECONCILE": "1", **more}, secrets=True)

    def _of(self, pull: Pull, *, fork: bool) -> dict[str, str]:
        return {
            "CI_MERGE_REQUEST_IID": str(pull.number),
            "CI_MERGE_REQUEST_PROJECT_ID": "9",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "12" if fork else "9",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }

    def job(
        self,
        name: str,
        branch: str,
        given: dict[str, str],
        *,
        secrets: bool,
        fails: bool = False,
        **more: str,
    ) -> int:
        self.count += 1
        told = {**TEMPLATE[TEMPLATE[name]["extends"]], **TEMPLATE[name]}
        place = self.folder / f"job-{self.count}"
        self.project.repository.clone(place / "project", f"--branch={branch}")
        if name == "ftops:comment":
            # GIT_STRATEGY: none, and the artifact of the job before.
            subprocess.run(["rm", "-rf", str(place / "project")], check=True)
            (place / "project").mkdir()
            if self.plan.exists():
                (place / "project/ftops-plan.json").write_bytes(self.plan.read_bytes())
        self.plan = place / "project/ftops-plan.json"
        first, *install = told["before_script"]
        lines = [first, *(install if self.installs else ()), *(["exit 9"] if fails else told["script"])]
        script = place / "script.sh"
        script.write_text("set -eo pipefail\n" + "\n".join(lines) + "\n")
        environ = {
            "PATH": f"{self.installed.environment / 'bin'}:/usr/bin:/bin",
            "HOME": str(place),
            "CI": "true",
            **TEMPLATE["variables"],
            **told.get("variables", {}),
            "FTOPS_SOURCE": self.installed.source,
            "CI_API_V4_URL": self.gitlab.url,
            "CI_PROJECT_ID": "9",
            "CI_PROJECT_DIR": str(place / "project"),
            "CI_BUILDS_DIR": str(place),
            "CI_JOB_ID": str(self.count),
            "CI_JOB_TOKEN": JOB_TOKEN,
            "CI_COMMIT_SHA": self.project.repository.git("rev-parse", branch),
            "AWS_ENDPOINT_URL": self.store.environ["AWS_ENDPOINT_URL"],
            **(self._secrets() if secrets else {}),
            **given,
            **more,
        }
        done = run_bare(["bash", str(script)], environ, place / "project")
        self.printed = done.stdout
        print(f"--- {name}: {done.returncode}\n{done.stdout}")  # noqa: T201 - shown by pytest -rP
        return done.returncode

    def _secrets(self) -> dict[str, str]:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        kept = {name: self.store.environ[name] for name in names}
        return {"OPENAI_API_KEY": KEY, "FTOPS_PLAN_KEY": PLAN_KEY, "AWS_REGION": "eu-central-1", **kept}


@pytest.fixture
def team(tmp_path: Path, provider: Emulator, store: Service, ready: Installed) -> Iterator[Team]:
    url = store.url(f"recipes/{uuid.uuid4().hex}/state.json")
    project = project_of(tmp_path / "origin", provider.base_url, url)
    with served(GitLab()) as gitlab:
        yield Team(tmp_path, project, ready, store, gitlab)


@pytest.mark.slow
def test_what_was_reviewed_is_applied_once(team: Team, provider: Emulator) -> None:
    team.installs = True
    pull = team.opened("second")
    assert team.planned(pull) == 0
    assert team.commented(pull) == 0
    assert provider.jobs() == 0
    team.merged(pull)
    team.installs = False
    for _ in range(2):
        assert team.applied() == 0
        assert provider.jobs() == 2
    (note,) = team.gitlab.world.on(pull.number)
    assert "second" in note.body
    assert team.gitlab.world.complaints == []


@pytest.mark.slow
def test_a_stale_plan_fails_with_a_new_one_which_can_be_applied_by_hand(
    team: Team, provider: Emulator
) -> None:
    pull = team.opened("second")
    team.planned(pull)
    team.commented(pull)
    team.project.declare("meanwhile")
    team.merged(pull)
    assert team.applied() == 4
    assert "the plan is stale, nothing was done: meanwhile was added" in team.printed
    assert f"FTOPS_PLAN_JOB={team.count}" in team.printed
    assert provider.jobs() == 0
    (note,) = team.gitlab.world.on(pull.number)
    assert "meanwhile" in note.body
    assert team.applied(FTOPS_PLAN_JOB=f"{team.count}; id") == 64
    assert team.applied(FTOPS_PLAN_JOB=str(team.count - 1)) == 0
    assert provider.jobs() == 3


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "code"), [("edited", 1), ("unsigned", 3), ("foreign", 4)])
def test_a_plan_that_is_not_the_reviewed_one_is_refused(
    team: Team, provider: Emulator, attack: str, code: int
) -> None:
    other, pull = team.opened("other"), team.opened("second")
    if attack == "foreign":
        team.planned(other)
        plan = team.plan
        team.planned(pull)
        team.gitlab.heads[pull.number] = plan
    else:
        team.planned(pull)
        document = json.loads(team.plan.read_text())
        if attack == "edited":
            document["changes"][0]["generation"] = 7
        else:
            del document["signature"]
        team.plan.write_text(json.dumps(document))
    team.merged(pull)
    assert team.applied() == code
    assert provider.jobs() == 0


@pytest.mark.slow
def test_where_no_plan_can_be_made_the_comment_says_why(team: Team) -> None:
    pull = team.opened("second")
    git = team.project.repository.git
    git("checkout", "-q", "second")
    manifest = team.project.repository.root / "jobs/second.yaml"
    manifest.write_text(manifest.read_text().replace("spec:", "specs:"))
    pull.head = team.project.repository.commit()
    git("checkout", "-q", "main")
    assert team.planned(pull) == 1
    assert team.commented(pull) == 0
    (comment,) = team.gitlab.world.on(pull.number)
    assert "cannot be planned" in comment.body


@pytest.mark.slow
def test_what_a_branch_has_under_the_plans_name_is_no_artifact_of_a_job_that_fails_early(team: Team) -> None:
    pull = team.opened("second")
    git = team.project.repository.git
    git("checkout", "-q", "second")
    pull.head = team.project.repository.commit({"ftops-plan.json": "{}"})
    git("checkout", "-q", "main")
    assert team.planned(pull, fails=True) == 9
    assert not team.plan.exists()


@pytest.mark.slow
def test_a_push_without_a_merge_request_is_planned_and_not_applied(team: Team, provider: Emulator) -> None:
    assert team.applied() == 4
    assert "There is no reviewed plan" in team.printed
    assert provider.jobs() == 0
    assert team.applied(FTOPS_PLAN_JOB=str(team.count)) == 0
    assert provider.jobs() == 1
    assert team.applied() == 0


@pytest.mark.slow
def test_a_forks_pipeline_plans_without_a_key_or_a_request(team: Team, provider: Emulator) -> None:
    pull = team.opened("second")
    assert team.planned(pull, fork=True) == 0
    assert json.loads(team.plan.read_text())["offline"] is True
    assert provider.requests("list") == 0
    team.merged(pull)
    assert team.applied() == 3
    assert provider.jobs() == 0


@pytest.mark.slow
def test_a_schedule_reconciles_keeps_what_it_came_to_and_calls_the_dead_man(
    team: Team, provider: Emulator, dead_man: DeadMan
) -> None:
    for _ in range(2):
        assert team.reconciled(FTOPS_PING_URL=dead_man.url) == 0
        assert provider.jobs() == 1
    assert dead_man.calls == ["/ping/check"] * 2
    kept = json.loads((team.plan.parent / "ftops-round.json").read_text())
    assert kept["result"] == "done"
    assert team.reconciled(OPENAI_API_KEY="sk-old", FTOPS_PING_URL=dead_man.url) == 4
    assert dead_man.calls == ["/ping/check"] * 2
    assert team.reconciled(FTOPS_PING_URL="http://127.0.0.1:9/ping") == 0


def test_only_a_schedule_that_says_so_reconciles() -> None:
    (rule,) = TEMPLATE["ftops:reconcile"]["rules"]
    assert rule["if"].split(" && ") == [
        "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
        '$CI_PIPELINE_SOURCE == "schedule"',
        "$FTOPS_RECONCILE",
    ]
    assert TEMPLATE["ftops:reconcile"]["resource_group"] == TEMPLATE["ftops:apply"]["resource_group"]
