"""The stub, both forges against it, and a plan that is to be commented on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ProjectDirectory
from tests.forge.command import Command
from tests.forge.server import forge_stub
from tests.forge.stage import Stage, Waits
from tests.forge.world import BOT, ROBOT, TOKENS, WORKFLOW, Account, World
from tests.repository import Repository


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def root(world: World) -> Iterator[str]:
    with forge_stub(world) as address:
        yield address


@pytest.fixture
def github(root: str, world: World) -> Stage:
    assert WORKFLOW.login == BOT
    return Stage("github", root, world, Waits(), _token_of(WORKFLOW), WORKFLOW)


@pytest.fixture
def gitlab(root: str, world: World) -> Stage:
    return Stage("gitlab", root, world, Waits(), _token_of(ROBOT), ROBOT)


@pytest.fixture(params=["github", "gitlab"])
def stage(request: pytest.FixtureRequest, root: str, world: World) -> Stage:
    """Each forge in turn."""
    found: Stage = request.getfixturevalue(request.param)
    return found


def _token_of(account: Account) -> str:
    return next(token for token, one in TOKENS.items() if one is account)


@pytest.fixture
def plan(project: ProjectDirectory, tmp_path: Path, stage: Stage) -> Path:
    """A plan of one create, of the commit that is the head of pull request 7."""
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    priced = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 3}}}\n"
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text() + priced)
    repository = Repository.init(project.root)
    head = repository.commit()
    stage.world.pulls[7].head = head
    stage.world.parents[head] = []
    path = tmp_path / "elsewhere" / "plan.json"
    path.parent.mkdir()
    assert project.ftops("plan", "--out", str(path)) == 0
    return path


@pytest.fixture
def command(
    stage: Stage, plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(stage, plan, monkeypatch, capsys)
