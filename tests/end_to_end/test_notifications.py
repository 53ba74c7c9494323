"""Who is told: once for each transition, by every way there is, whatever happens to receivers and runs."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ftops.api.surroundings import SystemClock
from ftops.manifests.schema import schema_text
from tests.conftest import Emulator, ProjectDirectory

NOTIFICATION = jsonschema.Draft7Validator(json.loads(schema_text("notification")))
HISTORY = jsonschema.Draft7Validator(json.loads(schema_text("history")))
TRAINED = 100_000


@dataclass
class Receiver:
    """A server that is told; `answer` decides the status of its reply, once a message is there."""

    url: str = ""
    heard: list[tuple[str, str | None, bytes]] = field(default_factory=list)
    answer: Callable[[], int] = lambda: 204

    @property
    def told(self) -> list[tuple[str, str | None]]:
        return [(one["kind"], one["name"]) for one in map(self.document, range(len(self.heard)))]

    def document(self, number: int) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.heard[number][2])
        return document


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = self.headers.get("X-Ftops-Signature-256")
            made.heard.append((self.headers.get("X-Ftops-Delivery", ""), signed, body))
            self.send_response(made.answer())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def telling(project: ProjectDirectory, *targets: str) -> None:
    path = project.root / "ftops.yaml"
    lines = "".join(f"    - {one}\n" for one in targets)
    path.write_text(f"{path.read_text().split('  notify:')[0]}  notify:\n{lines}")


def reconciled(project: ProjectDirectory) -> int:
    return project.ftops("reconcile", "--once")


def test_a_failure_is_told_once_with_the_providers_words_however_many_rounds(
    project: ProjectDirectory, emulator: Emulator, receiver: Receiver
) -> None:
    telling(project, f"{{on: [succeeded, failed, held], webhook: '{receiver.url}'}}")
    emulator.fault("fail_job", "create", code="exploding_loss", message="the loss exploded")
    project.manifest("bad")
    assert reconciled(project) == 0
    emulator.advance(TRAINED)
    for _ in range(3):
        assert reconciled(project) == 5
    (told,) = map(receiver.document, range(len(receiver.heard)))
    NOTIFICATION.validate(told)
    assert (told["kind"], told["name"], told["project"]) == ("failed", "bad", "test-p1")
    assert "the loss exploded" in told["message"]
    # Mended: trained again, and told of its success.
    project.manifest("bad", "hyperparameters: {n_epochs: 2}")
    assert reconciled(project) == 0
    emulator.advance(TRAINED)
    for _ in range(2):
        assert reconciled(project) == 0
    assert receiver.told == [("failed", "bad"), ("succeeded", "bad")]


def test_broken_data_is_one_message_until_it_is_mended(project: ProjectDirectory, receiver: Receiver) -> None:
    telling(project, f"{{on: [held, released], webhook: '{receiver.url}'}}")
    project.manifest("a")
    rows = (project.root / "data/train.jsonl").read_text()
    project.write("data/train.jsonl", "not json\n")
    for _ in range(2):
        assert reconciled(project) == 1
    assert receiver.told == [("held", "a")]
    assert "train.jsonl:1" in receiver.document(0)["message"]
    project.write("data/train.jsonl", rows)
    assert reconciled(project) == 0
    assert receiver.told == [("held", "a"), ("released", "a")]


def test_a_receiver_that_is_down_is_told_later_and_once(
    project: ProjectDirectory, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling(project, f"{{on: [created], webhook: '{receiver.url}'}}")
    receiver.answer = lambda: 503
    project.manifest("a")
    assert reconciled(project) == 0
    assert "not delivered, tried again later" in project.err
    assert "503" in project.err
    receiver.answer = lambda: 204
    assert reconciled(project) == 0
    assert len(receiver.heard) == 1
    now = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + 61)
    for _ in range(2):
        assert reconciled(project) == 0
    assert [one[0] for one in receiver.heard] == [receiver.heard[0][0]] * 2


def test_a_run_killed_after_it_has_told_repeats_it_under_the_same_id(
    project: ProjectDirectory, receiver: Receiver
) -> None:
    telling(project, f"{{on: [created], webhook: '{receiver.url}'}}")
    project.manifest("a")
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "reconcile", "--once"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def killing() -> int:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        return 204

    receiver.answer = killing
    assert run.wait(120) == -signal.SIGKILL
    receiver.answer = lambda: 204
    for _ in range(2):
        assert reconciled(project) == 0
    assert receiver.told == [("created", "a")] * 2
    assert len({one[0] for one in receiver.heard}) == 1


def test_two_runs_at_once_tell_it_once(project: ProjectDirectory, receiver: Receiver) -> None:
    telling(project, f"{{on: [created], webhook: '{receiver.url}'}}")
    for name in "abc":
        project.manifest(name, f"suffix: {name}")
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "reconcile", "--once"]
    waiting = [*command, "--lock-timeout", "60s"]
    runs = [subprocess.Popen(waiting, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(120) for run in runs] == [0, 0]
    assert sorted(receiver.told) == [("created", name) for name in "abc"]


def test_a_message_is_signed_and_an_address_in_a_reference_is_never_shown(
    project: ProjectDirectory, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", f"{receiver.url}/T0/hidden-part")
    monkeypatch.setenv("SIGNING", "a-long-secret")
    telling(project, "{on: [created], webhook: {env: HOOK}, secret: {env: SIGNING}}")
    receiver.answer = lambda: 500
    project.manifest("a")
    assert reconciled(project) == 0
    _, signed, body = receiver.heard[0]
    assert signed == "sha256=" + hmac.new(b"a-long-secret", body, hashlib.sha256).hexdigest()
    state = (project.root / ".ftops/state.json").read_text()
    for text in (project.out, project.err, state):
        assert "hidden-part" not in text
        assert "a-long-secret" not in text


def test_a_command_gets_the_document_and_none_of_our_keys(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = project.root / "told.json"
    write = f"import os, sys; open({str(told)!r}, 'w').write(sys.stdin.read() + repr(sorted(os.environ)))"
    telling(project, f"{{on: [created], command: [{sys.executable}, -c, {json.dumps(write)}]}}")
    project.manifest("a")
    assert reconciled(project) == 0
    text = told.read_text()
    assert json.loads(text[: text.index("[")])["kind"] == "created"
    assert "FTOPS_TEST_KEY" not in text
    monkeypatch.setenv("CI", "true")
    project.manifest("b")
    assert reconciled(project) == 0
    assert "in CI no command of notify is run" in project.err


def test_slack_reads_no_mention_and_no_markup(
    project: ProjectDirectory, emulator: Emulator, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK", receiver.url)
    telling(project, "{on: [failed], slack: {env: SLACK}}")
    emulator.fault("fail_job", "create", code="x", message="<!channel> *now* & @here")
    project.manifest("a")
    reconciled(project)
    emulator.advance(TRAINED)
    reconciled(project)
    text = receiver.document(0)["text"]
    assert "&lt;!channel&gt;" in text
    assert "&amp;" in text
    assert "@here" not in text
    assert "*now*" not in text


def test_in_ci_a_pull_request_cannot_choose_who_is_told(
    project: ProjectDirectory, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    telling(project, "{on: [created], webhook: 'https://stranger.example/hook'}")
    project.manifest("a")
    assert reconciled(project) == 0
    assert "stranger.example" in project.err
    assert "FTOPS_ALLOWED_HOSTS" in project.err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{on: [sucess], webhook: 'https://a.example/x'}", "succe"),
        ("{on: [failed]}", "notify[0]"),
        ("{on: [failed], webhook: 'ftp://a.example/x'}", "http(s)"),
        ("{on: [failed], slack: 'https://hooks.slack.com/x'}", "notify[0].slack"),
    ],
)
def test_a_mistake_is_found_by_validate(project: ProjectDirectory, target: str, said: str) -> None:
    telling(project, target)
    assert project.ftops("validate") == 1
    assert "ftops.yaml:" in project.err
    assert said in project.err


def test_history_tells_when_what_and_by_whom(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.ftops("history") == 0
    assert project.out == "Nothing has happened yet.\n"
    project.manifest("a")
    reconciled(project)
    emulator.advance(TRAINED)
    reconciled(project)
    assert project.ftops("history", "a", "--format", "json") == 0
    document = json.loads(project.out)
    HISTORY.validate(document)
    assert [one["kind"] for one in document["events"]] == ["created", "succeeded"]
    assert document["events"][0]["runner"]
    assert project.ftops("history", "--limit", "1") == 0
    assert "succeeded" in project.out
    assert "1 earlier" in project.err
    assert project.ftops("history", "b") == 64
    assert "knows nothing of a fine-tune b" in project.err
    # A manifest that does not load is no reason not to tell it.
    project.write("jobs/a.yaml", "kind: [")
    assert project.ftops("history") == 0


def test_a_plan_tells_nobody_and_writes_nothing(project: ProjectDirectory, receiver: Receiver) -> None:
    telling(project, f"{{on: [created, held], webhook: '{receiver.url}'}}")
    project.manifest("a")
    assert project.ftops("plan") == 0
    assert receiver.heard == []
    assert not Path(project.root / ".ftops/state.json").exists()
