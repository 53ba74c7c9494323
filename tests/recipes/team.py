"""A team at GitHub: people open pull requests and merge them, and workflows run, each on a fresh machine."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY as ROOT
from tests.forge.world import REPOSITORY, Pull
from tests.recipes.conftest import KEY, Installed, Project
from tests.recipes.github import GitHub, Run
from tests.recipes.workflow import Done, Event, Runner
from tests.services import Service

WORKFLOWS = ROOT / "examples/github/.github/workflows"
PLAN, COMMENT, APPLY, RECONCILE = (
    WORKFLOWS / f"{name}.yml" for name in ("plan", "comment", "apply", "reconcile")
)
PLAN_KEY = "0123456789abcdef" * 4
TOKEN = "ghs_workflow0"


@dataclass
class Team:
    """One repository, its workflows, and what the last run printed."""

    folder: Path
    project: Project
    installed: Installed
    store: Service
    github: GitHub
    secrets: dict[str, str] = field(
        default_factory=lambda: {"FTOPS_PLAN_KEY": PLAN_KEY, "FTOPS_PING_URL": ""}
    )
    summary: str = ""
    temp: Path = Path()
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    count: int = 100
    ready: bool = True

    def opened(self, name: str, *, owner: str = "almhof", user: str = "ana") -> Pull:
        """Open a pull request that declares a fine-tune; GitHub makes up its merge."""
        git = self.project.repository.git
        git("checkout", "-q", "-b", name, "main")
        head = self.project.declare(name)
        number = max(self.github.world.pulls) + 1
        pull = Pull(number, head, name, owner)
        self.github.world.pulls[number] = pull
        self.previewed(pull)
        return pull

    def previewed(self, pull: Pull) -> str:
        """Make up the merge of a pull request into main as it is now."""
        git = self.project.repository.git
        git("checkout", "-q", "--detach", "main")
        git("merge", "-q", "--no-ff", "-m", "preview", pull.head)
        commit = git("rev-parse", "HEAD")
        git("update-ref", f"refs/pull/{pull.number}/merge", commit)
        git("checkout", "-q", "main")
        self.github.world.parents[commit] = [git("rev-parse", "main"), pull.head]
        return commit

    def merged(self, pull: Pull, how: str = "--no-ff") -> None:
        """Merge a pull request into main."""
        git = self.project.repository.git
        git("checkout", "-q", "main")
        git("merge", "-q", how, *(["-m", "merge"] if how == "--no-ff" else []), pull.branch)
        commit = self.project.repository.commit() if how == "--squash" else git("rev-parse", "HEAD")
        self.github.merged[commit] = pull.number
        self.github.world.parents[commit] = [git("rev-parse", "HEAD^1"), pull.head]
        pull.state = "closed"

    def planned(self, pull: Pull, user: str = "ana") -> list[Done]:
        """Run the workflow that plans; GitHub withholds the secrets from forks and from Dependabot."""
        source = f"{pull.owner}/tunes"
        ours = source == REPOSITORY and user != "dependabot[bot]"
        merge = self.project.repository.git("rev-parse", f"refs/pull/{pull.number}/merge")
        payload = {
            "number": pull.number,
            "pull_request": {
                "number": pull.number,
                "user": {"login": user},
                "head": {"sha": pull.head, "repo": {"full_name": source}},
            },
        }
        done = self._run(
            PLAN,
            "pull_request",
            payload,
            self._secrets("READ_", given=ours),
            {"GITHUB_SHA": merge, "GITHUB_REF": f"refs/pull/{pull.number}/merge", "GITHUB_BASE_REF": "main"},
        )
        good = all(step.code == 0 for step in done)
        path = ".github/workflows/plan.yml"
        self.github.runs.append(Run(str(self.count), pull.head, path, pull.branch, source, good))
        return done

    def commented(self, pull: Pull, conclusion: str = "success") -> list[Done]:
        """Run the workflow that comments, after the last run."""
        ours = pull.owner == "almhof"
        run: dict[str, Any] = {
            "id": self.count,
            "event": "pull_request",
            "conclusion": conclusion,
            "head_sha": pull.head,
            "head_branch": pull.branch,
            "head_repository": {"full_name": f"{pull.owner}/tunes", "owner": {"login": pull.owner}},
            "pull_requests": [{"number": pull.number, "head": {"sha": pull.head}}] if ours else [],
        }
        return self._run(COMMENT, "workflow_run", {"workflow_run": run}, {}, {"GITHUB_SHA": "9" * 40})

    def applied(self, run: str = "") -> list[Done]:
        """Run the workflow that applies: for a push to main, or by hand with the number of a run."""
        head = self.project.repository.git("rev-parse", "main")
        name = "workflow_dispatch" if run else "push"
        done = self._run(
            APPLY, name, {}, self._secrets("", given=True), {"GITHUB_SHA": head}, {"run": run} if run else {}
        )
        self.github.runs.append(Run(str(self.count), head, ".github/workflows/apply.yml"))
        return done

    def reconciled(self) -> list[Done]:
        """Run the workflow that reconciles."""
        return self._run(RECONCILE, "push", {}, self._secrets("", given=True), {})

    def artifact(self, run: int | None = None) -> Path:
        """Return the plan that a run left, the last one if none is named."""
        return self.github.artifacts[str(run or self.count), "ftops-plan"]

    def _secrets(self, kind: str, *, given: bool) -> dict[str, str]:
        secrets = {
            f"OPENAI_{kind or 'API_'}KEY": KEY,
            f"STATE_{kind}KEY_ID": self.store.environ["AWS_ACCESS_KEY_ID"],
            f"STATE_{kind}SECRET": self.store.environ["AWS_SECRET_ACCESS_KEY"],
            **self.secrets,
        }
        return secrets if given else dict.fromkeys(secrets, "")

    def _run(
        self,
        workflow: Path,
        name: str,
        payload: Mapping[str, Any],
        secrets: Mapping[str, str],
        environ: Mapping[str, str],
        inputs: Mapping[str, str] | None = None,
    ) -> list[Done]:
        self.count += 1
        machine = Runner(
            self.folder / uuid.uuid4().hex[:8],
            self.project.origin,
            self.installed.environment,
            self.installed.source,
            # Amazon needs no address; what stands in for it does.
            {"AWS_ENDPOINT_URL": self.store.environ["AWS_ENDPOINT_URL"]},
            self.github.artifacts,
            self.ready,
        )
        known = {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_ACTOR": "ana",
            "GITHUB_RUN_ID": str(self.count),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/{workflow.name}@refs/heads/main",
            **environ,
        }
        github = {"base_ref": known.get("GITHUB_BASE_REF", ""), "token": TOKEN}
        done = machine.run(
            workflow, Event(name, payload, secrets, github, known, inputs or {}, str(self.count))
        )
        self.summary, self.temp = machine.summary.read_text(), machine.temp
        self.outputs = machine.outputs
        for step in done:
            print(f"--- {step.name}: {step.code}\n{step.printed}")  # noqa: T201 - shown by pytest -rP
        print(f"--- summary\n{self.summary}")  # noqa: T201
        return done
