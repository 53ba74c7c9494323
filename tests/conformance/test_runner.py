"""The runner itself: a table without holes, and exit code 1 whenever something is wrong."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance.clients import CLIENTS, OPERATIONS, REPOSITORY, Client
from tests.conformance.environments import CannotInstall, environment
from tests.conformance.lives import CHECKS
from tests.conformance.runner import run_all, run_servers
from tests.conformance.servers import SERVER_OPERATIONS, SERVERS, Server
from tests.conformance.table import Column, exit_code, render

HERE = Path(__file__).parent
DRIVERS = sorted((HERE / "drivers").glob("*.py"))
PAGE = REPOSITORY / "docs" / "reference" / "conformance.md"


def fake(behaviour: str) -> Client:
    operations = ("jobs create", "jobs list")
    return Client("fake", ("pip",), "tests.conformance.fake_driver", operations, f"{behaviour}.yaml")


def run(tmp_path: Path, behaviour: str) -> Column:
    (tmp_path / f"{behaviour}.yaml").touch()
    (column,) = run_all([fake(behaviour)], lambda requirements: Path(sys.executable), tmp_path)
    return column


def test_a_client_whose_checks_pass_is_a_column_of_ok(tmp_path: Path) -> None:
    column = run(tmp_path, "fine")
    assert [column.word(operation) for operation in ("jobs create", "jobs list")] == ["ok", "ok"]
    assert column.version[0].isdigit()
    assert exit_code([column]) == 0


@pytest.mark.parametrize(
    ("behaviour", "operation", "why"),
    [
        ("failed-cell", "jobs create", "AssertionError: asked to fail"),
        ("silent", "jobs create", "the driver did not report it"),
        ("crash", "jobs list", "the driver ended with 1: out of order"),
        ("impolite", "jobs list", "the driver ended with 1: one last word"),
        ("surprise", "jobs dance", "not in the client's list"),
    ],
)
def test_whatever_is_wrong_is_a_failed_cell_with_its_reason_and_exit_code_1(
    tmp_path: Path, behaviour: str, operation: str, why: str
) -> None:
    column = run(tmp_path, behaviour)
    assert exit_code([column]) == 1
    assert any(why in (cell.why or "") for cell in column.failures if cell.operation == operation)
    assert f"FAILED fake: {operation}: " in render([column])


def test_an_environment_that_cannot_be_made_fails_every_cell(tmp_path: Path) -> None:
    def install(requirements: tuple[str, ...]) -> Path:
        raise CannotInstall("no such package")

    (tmp_path / "fine.yaml").touch()
    (column,) = run_all([fake("fine")], install, tmp_path)
    assert [cell.why for cell in column.cells] == ["no environment: no such package"] * 2
    assert exit_code([column]) == 1


def test_without_the_openapi_file_a_column_is_skipped_with_its_reason_and_installs_nothing(
    tmp_path: Path,
) -> None:
    def install(requirements: tuple[str, ...]) -> Path:
        raise AssertionError(requirements)

    columns = run_all([fake("fine")], install, tmp_path)
    assert exit_code(columns) == 0
    assert "skipped fake: the OpenAPI file fine.yaml is not in " in render(columns)
    assert render(columns).endswith("0 ok, 0 failed, 2 skipped")


def test_the_command_exits_with_1_when_a_cell_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = [run(tmp_path, "fine"), run(tmp_path, "failed-cell")]
    monkeypatch.setattr(command, "run_servers", lambda servers, install: [])
    monkeypatch.setattr(command, "run_all", lambda clients, install: columns[:1])
    assert command.main([]) == 0
    capsys.readouterr()
    monkeypatch.setattr(command, "run_all", lambda clients, install: columns)
    assert command.main(["--calls"]) == 1
    printed = capsys.readouterr().out.splitlines()
    (row,) = [line for line in printed if line.startswith("| jobs create")]
    assert [cell.strip() for cell in row.split("|")] == ["", "jobs create", "ok", "FAILED", ""]


def broken(name: str = "broken", requirement: str = "nothing") -> Server:
    return Server(name, "1", (requirement,), "no-such-program", ("{port}",), keeps_marks=True)


def words(column: Column) -> set[str]:
    return {column.word(row) for row in SERVER_OPERATIONS}


def test_a_server_that_does_not_start_fails_every_cell_with_its_reason(tmp_path: Path) -> None:
    columns = run_servers([broken()], lambda requirements: tmp_path)
    assert words(columns[0]) == {"FAILED"}
    assert f"FAILED broken: {SERVER_OPERATIONS[0]}: Unavailable: " in render(columns)
    assert exit_code(columns) == 1


def test_a_server_that_cannot_be_installed_fails_every_cell() -> None:
    def install(requirements: tuple[str, ...]) -> Path:
        raise CannotInstall("no such package")

    (column,) = run_servers([broken()], install)
    assert {cell.why for cell in column.cells} == {"no environment: no such package"}
    assert words(column) == {"FAILED"}


def test_without_npm_its_servers_are_skipped_unless_they_are_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    servers = [broken("one", "npm:one@1"), broken("two", "npm:two@1")]
    monkeypatch.setenv("FTOPS_REQUIRE", "postgres,two")
    columns = run_servers(servers, lambda requirements: tmp_path)
    assert [words(column) for column in columns] == [{"skipped"}, {"FAILED"}]
    assert "skipped one: npm is not installed here" in render(columns)


def test_the_servers_are_one_that_keeps_marks_and_one_that_drops_them_at_pinned_versions() -> None:
    assert {(server.name, server.keeps_marks) for server in SERVERS} == {("aimock", True), ("fakeai", False)}
    for server in SERVERS:
        assert all(re.search(r"[=@]\d", requirement) for requirement in server.requirements)
        assert server.version in server.requirements[0]
        assert set(server.operations) == set(CHECKS)


@pytest.mark.slow
def test_an_environment_is_kept_unless_its_making_was_interrupted(tmp_path: Path) -> None:
    python = environment(("pip",), tmp_path)
    kept = python.parents[1] / "kept"
    kept.touch()
    assert environment(("pip",), tmp_path) == python
    assert kept.exists()
    (python.parents[1] / "complete").unlink()
    assert environment(("pip",), tmp_path) == python
    assert not kept.exists()


@pytest.mark.slow
def test_two_processes_that_want_one_environment_make_it_once(tmp_path: Path) -> None:
    making = (
        "import sys; from pathlib import Path; from tests.conformance.environments import environment; "
        "print(environment(('pip',), Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", making, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert printed == {f"{environment(('pip',), tmp_path)}\n"}


@pytest.mark.slow
def test_what_cannot_be_installed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotInstall, match="pip install"):
        environment(("./nowhere",), tmp_path)


# What the table must hold.

FINE_TUNE = "create list retrieve cancel delete list_events stream_events"
LATER = "create list retrieve cancel list_events"
NAMED: dict[str, set[str]] = {
    "openai_0_28": {
        *(f"FineTune.{name}" for name in FINE_TUNE.split()),
        *(f"FineTune.a{name}" for name in FINE_TUNE.replace("list_events ", "").split()),
        *(f"FineTuningJob.{name}" for name in LATER.split()),
        *(f"File.{name}" for name in ["create", "list", "retrieve", "download", "delete"]),
        "Model.delete",
    },
    "openai_0_28_command": {
        f"fine_tunes.{name}" for name in ("list", "create", "get", "events", "follow", "cancel")
    },
    "openai_1_3": {
        *(f"fine_tunes.{name}" for name in LATER.split()),
        *(f"fine_tuning.jobs.{name}" for name in LATER.split()),
    },
    "azure_openai_calls": {
        *(f"fine_tuning.jobs.{name}" for name in LATER.split()),
        "fine_tuning.jobs.checkpoints.list",
        "fine_tuning.jobs.pause",
        "fine_tuning.jobs.resume",
    },
    "openai_newest": {
        *(f"fine_tuning.jobs.{name}" for name in LATER.split()),
        "fine_tuning.jobs.list(metadata=)",
        "fine_tuning.jobs.checkpoints.list",
        "fine_tuning.jobs.pause",
        "fine_tuning.jobs.resume",
    },
}
"""What was promised, in the clients' own words."""


def entered(driver: str) -> dict[str, tuple[set[str], str]]:
    """Read from a driver's source, without importing its client: row -> calls named, source of the check."""
    source = (HERE / "drivers" / f"{driver}.py").read_text(encoding="utf-8")
    found: dict[str, tuple[set[str], str]] = {}
    for included in re.findall(r"checks\.include\((\w+)\.checks\)", source):
        found |= entered(included)
    for node in ast.parse(source).body:
        decorator = (
            node.decorator_list[0] if isinstance(node, ast.FunctionDef) and node.decorator_list else None
        )
        if isinstance(decorator, ast.Call):
            row, *calls = [ast.literal_eval(argument) for argument in decorator.args]
            found[row] = (set(calls), ast.get_source_segment(source, node) or "")
    return found


@pytest.mark.parametrize("driver", sorted(NAMED))
def test_every_promised_call_is_named_by_a_check_that_makes_it(driver: str) -> None:
    checks = entered(driver).values()
    named = {call.removesuffix(" (automatic paging)"): body for calls, body in checks for call in calls}
    assert NAMED[driver] - {call.removesuffix("(stream=True)") for call in named} == set()
    for call, body in named.items():
        name = call.partition("(")[0].rpartition(".")[2]
        assert re.search(rf"\b{name}\b", body), f"{driver}: {call} is named and not called"


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.specification is None])
def test_every_driver_reports_just_what_the_table_wants_of_it(client: Client) -> None:
    assert sorted(entered(client.driver.rpartition(".")[2])) == sorted(client.operations)


def test_the_clients_are_those_that_were_promised_and_every_row_belongs_to_one() -> None:
    requirements = {client.requirements for client in CLIENTS}
    assert requirements >= {("openai==0.28.1",), ("openai==1.3.9", "httpx<0.28"), ("openai",)}
    specified = {client.specification for client in CLIENTS}
    assert specified >= {
        None,
        "openai.yaml",
        "openai_legacy.yaml",
        "azure_openai.yaml",
        "together.yaml",
    }
    assert {operation for client in CLIENTS for operation in client.operations} == set(OPERATIONS)


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda path: path.stem)
def test_a_driver_imports_nothing_but_its_client_and_the_standard_library(driver: Path) -> None:
    clients = {"dashscope", "fireworks", "mistralai", "openai", "schemathesis", "together"}
    allowed = {*clients, *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(driver.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {name.name.partition(".")[0] for name in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            assert module.partition(".")[0] in allowed or module.startswith("tests.conformance.drivers")


def published(columns: int) -> dict[str, list[str]]:
    """Read the table of the page that has so many columns beside the operation."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells if len(row) == columns + 1}


def test_the_published_table_has_every_row_and_column_and_no_failure() -> None:
    table = published(len(CLIENTS))
    assert table["operation"] == [client.name for client in CLIENTS]
    for operation in OPERATIONS:
        expected = ["ok" if operation in client.operations else "" for client in CLIENTS]
        assert table[operation] == expected, operation


def test_the_table_of_servers_has_every_row_and_column_and_no_failure() -> None:
    table = published(len(SERVERS))
    assert table["operation"] == [server.name for server in SERVERS]
    assert table[""] == [server.version for server in SERVERS]
    for operation in SERVER_OPERATIONS:
        expected = ["ok" if operation in server.operations else "" for server in SERVERS]
        assert table[operation] == expected, operation
