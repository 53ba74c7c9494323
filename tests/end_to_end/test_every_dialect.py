"""Every dialect that creates, end to end against its own emulator; a new one joins by its row in CASES."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.providers.registry import dialects
from tests.conftest import Emulator, ProjectDirectory
from tests.contracts.dialects import CASES, OFTEN, OPENAI_FAMILY, DialectCase, dialect_of, in_turn
from tests.end_to_end.test_crashes import start_apply, wait_until

CHANGES = 2
"""What `--detailed-exitcode` says of a plan with changes."""
SPEED = 60
"""Fast enough that a file or a job is ready while one waits for it, slow enough to be seen under way."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask it of every dialect, but for those of which it cannot be asked (`absent` says why)."""
    promise = metafunc.function.__name__.removeprefix("test_")
    asked = [name for name in CASES if promise not in CASES[name].absent]
    metafunc.parametrize("variant", in_turn(asked, often=OFTEN - {*OPENAI_FAMILY, "mistral"}))


@pytest.fixture
def dialect(variant: str) -> str:
    return dialect_of(variant)


@pytest.fixture
def emulator(dialect: str, tmp_path: Path) -> Iterator[Emulator]:
    """The dialect's own server, as it was before it closed where it has."""
    settings = EmulatorSettings(tmp_path / "emulator" / "e.db", speed=SPEED, dialect=dialect, open=True)
    with EmulatorServer(settings) as server:
        yield Emulator(server)


@pytest.fixture
def declared(project: ProjectDirectory, variant: str, emulator: Emulator) -> ProjectDirectory:
    """A project that declares one fine-tune at a provider of the dialect."""
    case = CASES[variant]
    _declare_provider(project, dialect_of(variant), case, emulator.base_url)
    rows = (_numbered(case, number) for number in range(12))
    project.write("data/train.jsonl", "".join(f"{row}\n" for row in rows))
    spec = f"method: {case.method}\nhyperparameters: {json.dumps(case.hyperparameters)}"
    if case.grader:
        spec += f"\ngrader: {json.dumps(case.grader)}"
    if case.options:
        spec += f"\nprovider_options: {json.dumps(case.options)}"
    project.manifest("a", spec, case.model)
    return project


def _declare_provider(project: ProjectDirectory, dialect: str, case: DialectCase, base_url: str) -> None:
    settings = {
        "dialect": dialect,
        "base_url": base_url,
        "api_key": {"env": "FTOPS_TEST_KEY"},
        "send_window": 2,
        "settle": max(3, getattr(dialects()[dialect], "shortest_settle", 0)),
        **case.settings,
    }
    text = (
        "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: test-p1}\nspec:\n  default_provider: local\n"
    )
    project.write("ftops.yaml", f"{text}  providers: {{local: {json.dumps(settings)}}}\n")


def _numbered(case: DialectCase, number: int) -> str:
    """Make the case's row one of many: a data file of twelve equal rows is warned of."""
    return json.dumps(case.row).replace('"q"', f'"q{number}"')


def test_one_fine_tune_is_planned_applied_awaited_and_planned_to_no_change(
    declared: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    assert declared.ftops("validate") == 0, declared.err
    assert declared.ftops("plan", "--detailed-exitcode") == CHANGES, declared.err
    assert declared.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 0, declared.err
    assert declared.ftops("plan", "--detailed-exitcode") == 0, declared.out
    assert declared.plan() == {"a": "keep succeeded"}
    assert emulator.jobs(dialect) == 1


def test_a_lost_reply_makes_one_job_which_is_adopted(
    declared: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    emulator.fault("lost_reply", "create")
    assert declared.ftops("apply", "--yes") == 0, declared.err
    assert declared.plan()["a"].startswith("keep ")
    assert declared.ftops("apply", "--yes") == 0, declared.err
    assert (emulator.jobs(dialect), emulator.requests("create")) == (1, 1)


def test_a_kill_between_intent_and_record_makes_one_job(
    declared: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    emulator.fault("slow", "create", seconds=1)
    process = start_apply(declared.root)
    wait_until(lambda: emulator.requests("create") == 1)
    assert '"intent"' in (declared.root / ".ftops/state.json").read_text()
    process.kill()
    process.communicate()
    wait_until(lambda: emulator.jobs(dialect) == 1)
    assert declared.plan() == {"a": "adopt lost-reply"}
    assert declared.ftops("apply", "--yes") == 0, declared.err
    assert declared.plan()["a"].startswith("keep ")
    assert (emulator.jobs(dialect), emulator.requests("create")) == (1, 1)
