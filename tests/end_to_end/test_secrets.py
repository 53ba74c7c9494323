"""A canary key: used by every command, found in nothing that any of them prints or writes."""

from __future__ import annotations

import pytest

from ftops.cli.main import COMMANDS
from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_adoption import job_of, lose_state
from tests.forge.server import forge_stub
from tests.forge.world import REPOSITORY, TOKENS, WORKFLOW, World

CANARY = "sk-canary-5f0c1e7d9b"


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CI forbids is tested by saying so; the rest must not depend on where the tests run."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def guarded(project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch) -> ProjectDirectory:
    monkeypatch.setenv("FTOPS_TEST_KEY", CANARY)
    return project


def assert_unseen(project: ProjectDirectory) -> None:
    for text in (project.out, project.err):
        assert CANARY not in text
    for path in project.root.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


class Caller:
    """Calls commands in every way of logging, and looks for the canary after each."""

    def __init__(self, project: ProjectDirectory, emulator: Emulator) -> None:
        self.project = project
        self.emulator = emulator
        self.used: set[str] = set()

    def __call__(self, *arguments: str) -> None:
        for options in ((), ("-v",), ("-v", "--log-format", "json")):
            self.project.ftops(*options, *arguments)
            assert_unseen(self.project)
        self.used.add(arguments[0])

    def echoed(self, operation: str, status: int, times: int) -> None:
        message = f"Incorrect API key provided: {CANARY}."
        self.emulator.fault("status", operation, status=status, message=message, code=CANARY, times=times)


def work(call: Caller) -> None:
    for name in ("a", "b"):
        call.project.manifest(name, f"suffix: {name}")
    for form in ("text", "json", "markdown", "html"):
        call("plan", "--format", form, "--out", "saved.json")
        call("show", "saved.json", "--format", form)
    call.echoed("create", 400, 1)
    call("apply", "--yes")
    call.emulator.fault("fail_job", "create", code=CANARY, message=f"bad key {CANARY}")
    call.project.manifest("c", "suffix: c")
    call("apply", "saved.json")
    call("apply", "--yes", "--format", "json")
    call("reconcile", "--once")
    call.emulator.advance(10_000)
    for form in ("text", "json"):
        call("status", "--format", form)
        call("outputs", "--format", form)
    for reason in ("known", f"it is {CANARY}"):
        call("ack", "c", "--for", "7d", "--reason", reason)
    call("ack", "--list")
    call("resolve", "c", "--not-mine", "ftjob-1", "--yes")
    call("validate")
    for arguments in ("list", "test"):
        call("policy", arguments)
    for arguments in ("check c", "show data/train.jsonl", "diff c"):
        call("data", *arguments.split())
    call("history")
    call("cost")
    call("completion", "bash")
    call("graph")
    call("doctor")
    for form in ("text", "json"):
        call("providers", "--format", form)
    call("convert", "c", "--to-dialect", "together")
    call("events", "c")
    call("metrics", "c")
    for form in ("text", "json"):
        call("cancel", "c", "--yes", "--format", form)


def repair(call: Caller) -> None:
    job_id = job_of(call.project, "c")
    lose_state(call.project)
    for arguments in ("list", "rebuild --yes", "show c", "history", "pull", "unlock", "rm c --yes"):
        call("state", *arguments.split())
    (call.project.root / "jobs/c.yaml").unlink()
    lose_state(call.project)
    call("import", "copy", job_id)
    assert (call.project.root / "jobs/copy.yaml").exists()


def fail(call: Caller) -> None:
    call.echoed("list", 401, 9)
    for arguments in ("plan", "apply --yes", "status"):
        call(*arguments.split())
    call.echoed("list", 500, 12)
    call("plan")


def comment(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is the same secret, and the forge takes it."""
    monkeypatch.setitem(TOKENS, CANARY, WORKFLOW)
    monkeypatch.delenv("GITHUB_EVENT_NAME", raising=False)
    world = World()
    with forge_stub(world) as root:
        for name, value in {"API_URL": f"{root}/api/v3", "REPOSITORY": REPOSITORY, "TOKEN": CANARY}.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        call("comment", "--plan", "saved.json", "--github", "--pull-request", "7")
    assert len(world.on(7)) == 1


def test_no_command_shows_or_writes_the_key(
    guarded: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Caller(guarded, emulator)
    work(call)
    comment(call, monkeypatch)
    repair(call)
    fail(call)
    call("init", "fresh")
    call("schema", "plan")
    call("emulator", "--db", "/dev/null/none")
    # Before any --help: only a command that has done its work counts.
    assert call.used == set(COMMANDS)


def test_a_key_that_a_provider_echoes_reaches_neither_state_nor_screen(
    guarded: ProjectDirectory, emulator: Emulator
) -> None:
    guarded.manifest("a", "suffix: a")
    guarded.manifest("b", "suffix: b")
    emulator.fault("status", "create", status=400, message=f"who is {CANARY}?", code="bad")
    emulator.fault("fail_job", "create", code="bad", message=f"who is {CANARY}?", skip=1)
    assert guarded.ftops("apply", "--yes") == 1
    assert_unseen(guarded)
    assert "who is ***?" in guarded.err
    emulator.advance(10_000)
    guarded.ftops("apply", "--yes")
    assert_unseen(guarded)
    assert guarded.ftops("plan") == 0
    assert "who is ***?" in guarded.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--format", "json"),
        ("plan", "--out", "saved.json"),
        ("apply", "--yes"),
        ("apply", "--yes", "--format", "json"),
        ("reconcile", "--once"),
    ],
)
def test_a_key_in_a_manifest_is_written_nowhere(
    guarded: ProjectDirectory, emulator: Emulator, arguments: tuple[str, ...]
) -> None:
    guarded.manifest("a", f"suffix: {CANARY}")
    before = {path for path in guarded.root.rglob("*") if path.is_file()}
    assert guarded.ftops(*arguments) == 1
    assert CANARY not in guarded.out + guarded.err
    assert "would show the secret of spec.providers.local.api_key" in guarded.err
    assert emulator.requests("create") == 0
    for path in {path for path in guarded.root.rglob("*") if path.is_file()} - before:
        assert CANARY.encode() not in path.read_bytes()
    assert not (guarded.root / "saved.json").exists()


def test_a_key_in_a_manifest_gets_no_second_place_in_the_index(
    guarded: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the manifest had been written long ago: else it is too young for the index.
    monkeypatch.setattr("ftops.files.index.TICK_NS", -(10**12))
    guarded.manifest("a", f"suffix: {CANARY}")
    assert guarded.ftops("plan") == 0
    assert CANARY not in guarded.out + guarded.err
    assert not (guarded.root / ".ftops/cache/index").exists()
    guarded.manifest("a", "suffix: fine")
    assert guarded.ftops("plan") == 0
    assert (guarded.root / ".ftops/cache/index").exists()


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_key_in_a_difference_is_not_shown(guarded: ProjectDirectory, form: str) -> None:
    guarded.manifest("a", "suffix: a")
    assert guarded.ftops("apply", "--yes") == 0
    guarded.manifest("a", f"suffix: {CANARY}")
    assert guarded.ftops("plan", "--format", form) == 1
    assert guarded.out == ""
    assert CANARY not in guarded.err


@pytest.mark.parametrize(
    "reference", ["{file: .keys/local}", "{exec: [cat, .keys/local]}", "{exec: [printenv, FTOPS_TEST_KEY]}"]
)
def test_a_file_and_a_command_serve_as_well_as_a_variable(
    guarded: ProjectDirectory, emulator: Emulator, reference: str
) -> None:
    text = (guarded.root / "ftops.yaml").read_text()
    guarded.write("ftops.yaml", text.replace("{env: FTOPS_TEST_KEY}", reference))
    guarded.write(".keys/local", CANARY + "\n")
    guarded.manifest("a", f"suffix: {CANARY}")
    assert guarded.ftops("plan", "--format", "json") == 1
    assert "would show the secret" in guarded.err
    guarded.manifest("a")
    assert guarded.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_a_pull_request_cannot_run_a_command_or_send_the_key_away(
    guarded: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    guarded.manifest("a")
    text = (guarded.root / "ftops.yaml").read_text()
    guarded.write("ftops.yaml", text.replace("{env: FTOPS_TEST_KEY}", "{exec: [touch, ran]}"))
    assert guarded.ftops("plan") == 3
    assert "FTOPS_ALLOW_EXEC=1" in guarded.err
    assert not (guarded.root / "ran").exists()
    guarded.write("ftops.yaml", text.replace(emulator.base_url, "https://evil.example/v1"))
    assert guarded.ftops("plan") == 3
    assert "FTOPS_ALLOWED_HOSTS=evil.example" in guarded.err


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("{file: sk-canary-5f0c1e7d9b}", "cannot be read: No such file"),
        ("{exec: [sk-canary-5f0c1e7d9b]}", "cannot be started: No such file"),
        ("{exec: []}", "must not be empty"),
        ("{exec: sk-canary-5f0c1e7d9b}", "must be a list, not a string"),
        ("{env: A, file: b}", "must be a reference"),
        ("{}", "must be a reference"),
    ],
)
def test_a_wrong_reference_is_told_without_what_may_be_a_key(
    guarded: ProjectDirectory, emulator: Emulator, reference: str, words: str
) -> None:
    text = (guarded.root / "ftops.yaml").read_text()
    guarded.write("ftops.yaml", text.replace("{env: FTOPS_TEST_KEY}", reference))
    guarded.manifest("a")
    assert guarded.ftops("plan") == 1
    assert words in guarded.err
    assert "spec.providers.local.api_key" in guarded.err
    assert CANARY not in guarded.err
    assert emulator.requests("list") == 0
