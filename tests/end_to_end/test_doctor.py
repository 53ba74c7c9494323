"""`ftops doctor` over real HTTP: every check runs, whatever else is wrong."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from ftops.model.value import replace
from ftops.state.backends.local import LocalBackend
from ftops.state.holder import current_holder
from tests.conftest import Emulator, ProjectDirectory


def doctor(project: ProjectDirectory) -> tuple[int, dict[str, list[tuple[str, str, str]]]]:
    """Return the exit code, and by check: verdict, message, next step."""
    code = project.ftops("doctor", "--format", "json")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for one in json.loads(project.out)["checks"]:
        assert set(one) == {"check", "subject", "verdict", "message", "next"}
        found.setdefault(one["check"], []).append((one["verdict"], one["message"], one["next"] or ""))
    return code, found


def use_url(project: ProjectDirectory, url: str) -> None:
    lines = (project.root / "ftops.yaml").read_text().splitlines()
    lines[-1] = f"    local: {{dialect: openai, base_url: '{url}', api_key: {{env: FTOPS_TEST_KEY}}}}"
    project.write("ftops.yaml", "\n".join(lines) + "\n")


class Answer(BaseHTTPRequestHandler):
    """A server of somebody's: any reply, any date."""

    status: ClassVar = 200
    body: ClassVar = b'{"object": "list", "data": [], "has_more": false}'
    date: ClassVar[float | None] = None

    def do_GET(self) -> None:
        self.send_response_only(self.status)
        self.send_header("Date", formatdate(self.date or time.time(), usegmt=True))
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Say nothing."""


@pytest.fixture
def answer() -> Iterator[tuple[type[Answer], str]]:
    class Own(Answer):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield Own, f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_sound_project_passes_every_check_in_order(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    before = sorted(project.root.rglob("*"))
    assert project.ftops("doctor") == 0
    lines = project.out.splitlines()
    words = ["project", "data", "key local", "provider local", "clock local", "state", "lock", "intent"]
    assert [line[6:].split(":")[0] for line in lines[:-1]] == words
    assert all(line.startswith("ok    ") for line in lines[:-1])
    assert lines[0] == "ok    project: ftops.yaml and 1 fine-tune are valid"
    assert lines[-1] == "8 checks: 8 ok, 0 warn, 0 fail."
    assert sorted(project.root.rglob("*")) == before
    assert "sk-test" not in project.out


def test_a_copy_of_a_schema_that_is_out_of_date_is_said(project: ProjectDirectory) -> None:
    assert "schema" not in doctor(project)[1]
    for words in (("finetune", "--project"), ("project",)):
        assert project.ftops("schema", *words) == 0
        project.write(f"schemas/{words[0]}.v1.json", project.out)
    assert [verdict for verdict, _, _ in doctor(project)[1]["schema"]] == ["ok", "ok"]
    text = (project.root / "ftops.yaml").read_text()
    # Nobody listens there.
    other = "other: {dialect: together, api_key: {env: FTOPS_TEST_KEY}, base_url: 'http://127.0.0.1:9'}"
    project.write("ftops.yaml", text.replace("    local:", f"    {other}\n    local:"))
    project.write("schemas/project.v1.json", "{")
    found = doctor(project)[1]
    assert [(verdict, told) for verdict, _, told in found["schema"]] == [
        ("warn", "ftops schema finetune --project > schemas/finetune.v1.json"),
        ("warn", "ftops schema project > schemas/project.v1.json"),
    ]
    assert project.ftops("schema", "finetune") == 0
    project.write("schemas/finetune.v1.json", project.out)
    assert doctor(project)[1]["schema"][0] == ("ok", "schemas/finetune.v1.json is current", "")


def test_a_project_without_a_state_is_fine(project: ProjectDirectory) -> None:
    project.manifest("a")
    code, found = doctor(project)
    assert code == 0
    assert "the first apply creates it" in found["state"][0][1]


def test_one_request_is_enough(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    doctor(project)
    assert emulator.requests("list") == 1


def test_everything_that_is_wrong_is_told_in_one_run(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a", "sufix: x")
    project.manifest("b", "suffix: b")
    project.write("data/train.jsonl", "{oops\n")
    project.write(".ftops/state.json", "{")
    project.write(".ftops/freeze", "incident 42\n")
    monkeypatch.delenv("FTOPS_TEST_KEY")
    code, found = doctor(project)
    assert code == 1
    assert list(found) == ["project", "data", "key", "provider", "state", "lock", "freeze"]
    assert "jobs/a.yaml:7" in found["project"][0][1]
    assert "data/train.jsonl:1" in found["data"][0][1]
    assert found["key"][0][2] == "export FTOPS_TEST_KEY=..."
    assert found["provider"][0][:2] == ("warn", "not asked: environment variable FTOPS_TEST_KEY is not set")
    assert "not valid JSON" in found["state"][0][1]
    assert found["freeze"][0][:2] == ("warn", "ftops is frozen by .ftops/freeze (incident 42)")


def test_a_broken_project_file_stops_only_what_needs_it(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("ftops.yaml", "spec: [")
    monkeypatch.setenv("FTOPS_FREEZE", "1")
    code, found = doctor(project)
    assert code == 1
    assert list(found) == ["project", "rest", "freeze"]


def test_a_wrong_key_is_told_apart(project: ProjectDirectory, emulator: Emulator) -> None:
    emulator.fault("status", "list", status=401, message="Incorrect API key provided.")
    code, found = doctor(project)
    assert code == 1
    verdict, message, following = found["provider"][0]
    assert (verdict, message) == ("fail", "wrong key: Incorrect API key provided.")
    assert "FTOPS_TEST_KEY" in following
    assert "sk-test" not in project.out


def test_a_server_that_is_not_there_is_told_apart(project: ProjectDirectory) -> None:
    use_url(project, "http://127.0.0.1:1/v1")
    code, found = doctor(project)
    assert code == 1
    assert found["provider"][0][1].startswith("unreachable: ")
    assert found["state"][0][0] == "ok"


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"{}"), (200, b"<html>hello</html>"), (301, b""), (200, b'{"jobs": []}')],
)
def test_a_wrong_url_is_told_apart(
    project: ProjectDirectory, answer: tuple[type[Answer], str], status: int, body: bytes
) -> None:
    server, url = answer
    server.status, server.body = status, body
    use_url(project, url)
    code, found = doctor(project)
    assert code == 1
    assert found["provider"][0][1].startswith("wrong URL: ")
    assert "base_url of provider local" in found["provider"][0][2]


def test_a_clock_that_is_off_is_a_warning(
    project: ProjectDirectory, answer: tuple[type[Answer], str]
) -> None:
    server, url = answer
    server.date = time.time() - 3600
    use_url(project, url)
    code, found = doctor(project)
    assert code == 0
    verdict, message, following = found["clock"][0]
    assert verdict == "warn"
    assert "ahead of the provider's" in message
    assert "NTP" in following


def test_a_held_lock_names_its_holder_and_is_not_taken(project: ProjectDirectory) -> None:
    project.manifest("a")
    backend = LocalBackend(project.root / ".ftops/state.json")
    lease = backend.lock(current_holder("apply", {"USER": "mona"}, time.time() - 120), 0.0)
    code, found = doctor(project)
    assert code == 0
    assert found["lock"][0][0] == "warn"
    assert "mona@" in found["lock"][0][1]
    assert "2 minutes ago" in found["lock"][0][1]
    lease.check()
    lease.release()
    assert doctor(project)[1]["lock"][0][:2] == ("ok", "nobody holds it")


def test_a_lock_whose_process_has_died_is_said(project: ProjectDirectory) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    backend = LocalBackend(project.root / ".ftops/state.json")
    holder = replace(current_holder("apply", {}, time.time()), pid=ended.pid)
    lease = backend.lock(holder, 0.0)
    assert "that process is dead" in doctor(project)[1]["lock"][0][1]
    lease.release()


def test_a_create_in_doubt_is_told_with_its_command(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    emulator.fault("drop", "create")
    assert project.ftops("apply", "--yes") == 4
    code, found = doctor(project)
    assert code == 0
    assert found["intent"][0][0] == "warn"
    assert "ftops resolve a --never-arrived" in found["intent"][0][2]


def test_a_lost_state_is_noticed_by_the_jobs_it_made(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    (project.root / ".ftops/state.json").unlink()
    code, found = doctor(project)
    assert code == 0
    assert found["lineage"][0][0] == "warn"


def test_a_state_that_cannot_be_written_fails(project: ProjectDirectory) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  state: data/x/state.json\n"))
    project.write("data/x", "a file")
    code, found = doctor(project)
    assert code == 1
    assert found["state"][-1][0] == "fail"
    assert found["lock"]


def test_each_provider_is_judged_by_itself(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    key = "api_key: {env: FTOPS_TEST_KEY}"
    more = (
        f"    old: {{dialect: openai_legacy, base_url: '{emulator.base_url}', {key}}}\n"
        "    gone: {dialect: openai, base_url: 'http://127.0.0.1:1/v1', api_key: {env: FTOPS_NO_KEY}}\n"
    )
    project.write("ftops.yaml", text + more)
    code, found = doctor(project)
    assert code == 1
    assert [verdict for verdict, _, _ in found["key"]] == ["ok", "ok", "fail"]
    assert [verdict for verdict, _, _ in found["provider"]] == ["ok", "ok", "warn"]
    assert [verdict for verdict, _, _ in found["clock"]] == ["ok", "ok"]


def test_a_calendar_says_what_ends_at_a_service_that_cannot_even_be_asked(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FTOPS_OPENAI_KEY", raising=False)
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}    oa: {{dialect: openai, api_key: {{env: FTOPS_OPENAI_KEY}}}}\n")
    project.manifest("a", "provider: oa")
    project.manifest("b")
    project.ftops("doctor")
    assert "What of this project ends when:" in project.out
    (line,) = (line for line in project.out.splitlines() if line.startswith("2027-01-06"))
    assert line.endswith("oa        no new jobs: a (declared)"), "b is at a server of its own"
    project.ftops("doctor", "--format", "json")
    calendar = json.loads(project.out)["calendar"]
    assert [one["date"] for one in calendar] == sorted(one["date"] for one in calendar)
    assert {"date": "2027-01-14", "what": "tuned", "provider": "oa"}.items() <= calendar[-1].items()
