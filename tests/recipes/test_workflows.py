"""The workflows of the examples, from checkout to the last step."""

from __future__ import annotations

import re
import tomllib
import uuid
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY, Emulator
from tests.recipes.conftest import KEY, Installed, Project, project_of
from tests.recipes.workflow import Done, Event, Runner, substituted
from tests.services import Service

WORKFLOWS = REPOSITORY / "examples/github/.github/workflows"
PLAN, RECONCILE = WORKFLOWS / "plan.yml", WORKFLOWS / "reconcile.yml"
OURS = "acme/models"
HEAD = "github.event.pull_request.head.repo.full_name"


@pytest.fixture
def project(tmp_path: Path, provider: Emulator, store: Service) -> Project:
    return project_of(
        tmp_path / "origin", provider.base_url, store.url(f"recipes/{uuid.uuid4().hex}/state.json")
    )


class Runs:
    """Runs of workflows, each on a fresh machine."""

    def __init__(self, folder: Path, project: Project, installed: Installed, store: Service) -> None:
        self._folder = folder
        self._project = project
        self._installed = installed
        self._store = store
        self.summary = ""

    def run(self, workflow: Path, event: Event) -> list[Done]:
        machine = Runner(
            self._folder / uuid.uuid4().hex[:8],
            self._project.origin,
            self._installed.environment,
            self._installed.source,
            # Amazon needs no address; what stands in for it does.
            {"AWS_ENDPOINT_URL": self._store.environ["AWS_ENDPOINT_URL"]},
        )
        done = machine.run(workflow, event)
        self.summary = machine.summary.read_text()
        for step in done:
            print(f"--- {step.name}: {step.code}\n{step.printed}")  # noqa: T201 - shown by pytest -rP
        print(f"--- summary\n{self.summary}")  # noqa: T201
        return done

    def pull_request(self, head: str = OURS, actor: str = "ana") -> list[Done]:
        """Plan a pull request: GitHub withholds the secrets from forks and from Dependabot."""
        given = head == OURS and actor != "dependabot[bot]"
        return self.run(PLAN, self._event("pull_request", "READ_", actor, {HEAD: head}, given=given))

    def push(self) -> list[Done]:
        return self.run(RECONCILE, self._event("push", "", "ana", {}, given=True))

    def _event(self, name: str, kind: str, actor: str, more: dict[str, str], *, given: bool) -> Event:
        secrets = {
            f"OPENAI_{kind or 'API_'}KEY": KEY,
            f"STATE_{kind}KEY_ID": self._store.environ["AWS_ACCESS_KEY_ID"],
            f"STATE_{kind}SECRET": self._store.environ["AWS_SECRET_ACCESS_KEY"],
        }
        known = {f"secrets.{secret}": value if given else "" for secret, value in secrets.items()}
        environ = {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_REPOSITORY": OURS,
            "GITHUB_ACTOR": actor,
            "GITHUB_RUN_ID": "7",
            "GITHUB_SERVER_URL": "https://github.com",
        }
        return Event({**known, **more}, environ)


@pytest.fixture
def runs(tmp_path: Path, project: Project, installed: Installed, store: Service) -> Runs:
    return Runs(tmp_path, project, installed, store)


def codes(done: list[Done]) -> dict[str, int]:
    return {step.name: step.code for step in done if "/" not in step.name}


@pytest.mark.slow
def test_a_pull_request_is_planned_into_the_summary_and_a_push_creates_it_once(
    runs: Runs, project: Project, provider: Emulator
) -> None:
    assert codes(runs.pull_request()) == {"Install": 0, "Validate": 0, "Plan": 0}
    assert runs.summary.startswith("## ftops plan")
    assert "| `+` | hello | create | new |" in runs.summary
    assert "Cost unknown" not in runs.summary
    assert provider.jobs() == 0
    for _ in range(2):
        assert codes(runs.push()) == {"Install": 0, "Reconcile": 0}
        assert provider.jobs() == 1
    project.declare("second")
    assert codes(runs.pull_request())["Plan"] == 0
    assert "| `+` | second | create | new |" in runs.summary
    assert codes(runs.push())["Reconcile"] == 0
    assert provider.jobs() == 2


@pytest.mark.slow
def test_what_costs_too_much_makes_the_check_red_and_trains_nothing(
    runs: Runs, project: Project, provider: Emulator
) -> None:
    text = (project.repository.root / "ftops.yaml").read_text()
    project.repository.commit({"ftops.yaml": text.replace("max_cost: 5", "max_cost: 0.0001")})
    assert codes(runs.pull_request())["Plan"] == 3
    assert "max_cost" in runs.summary
    assert codes(runs.push())["Reconcile"] == 3
    assert provider.jobs() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "actor"), [("stranger/models", "stranger"), ("", "stranger"), (OURS, "dependabot[bot]")]
)
def test_a_pull_request_without_secrets_is_validated_and_says_why_it_has_no_plan(
    runs: Runs, project: Project, provider: Emulator, head: str, actor: str
) -> None:
    done = runs.pull_request(head, actor)
    assert codes(done) == {"Install": 0, "Validate": 0, "Plan": 0}
    assert "1 fine-tune and 1 data file: all valid." in done[-2].printed
    assert "No plan: this pull request gets no keys" in runs.summary
    assert provider.requests("list") == 0
    project.repository.commit({"data/hello.jsonl": '{"messages": 1}\n'})
    assert codes(runs.pull_request(head, actor))["Validate"] == 1


@pytest.mark.slow
def test_a_key_that_is_missing_in_our_own_repository_is_no_green_check(
    runs: Runs, provider: Emulator
) -> None:
    event = runs._event("pull_request", "READ_", "ana", {HEAD: OURS}, given=False)
    assert codes(runs.run(PLAN, event))["Plan"] != 0


def test_every_workflow_of_the_repository_is_run_here() -> None:
    found = {
        path
        for ending in ("yml", "yaml")
        for path in REPOSITORY.glob(f"examples/**/.github/workflows/*.{ending}")
    }
    assert found == {PLAN, RECONCILE}
    assert [path for path in REPOSITORY.glob("examples/**/.gitlab-ci.yml")] == []  # noqa: C416


@pytest.mark.parametrize("workflow", [PLAN, RECONCILE], ids=lambda path: path.stem)
def test_a_workflow_installs_from_our_own_address_and_never_by_a_name_alone(workflow: Path) -> None:
    text = workflow.read_text()
    urls = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["urls"]
    ours = urls["Documentation"].split("/tree/")[0]
    assert yaml.safe_load(text)["env"]["FTOPS_SOURCE"] == f"git+{ours}"
    installs = re.findall(r"pip install .*", text)
    assert installs == ['pip install "ftops[remote,tokens] @ $FTOPS_SOURCE"']


def test_what_is_not_known_fails(tmp_path: Path) -> None:
    event = Event({}, {})
    with pytest.raises(AssertionError, match="unknown expression"):
        substituted("${{ secrets.OTHER }}", event)
    for step, why in (
        ("{uses: someone/else@v1}", "no stand-in"),
        ("{run: 'true', shell: pwsh}", "unknown keys of a step"),
    ):
        path = tmp_path / "w.yml"
        path.write_text(f"jobs: {{a: {{runs-on: x, steps: [{step}]}}}}\n")
        runner = Runner(tmp_path / uuid.uuid4().hex, "", tmp_path, "")
        with pytest.raises(AssertionError, match=why):
            runner.run(path, event)
