"""The emulator's answers beside those of Ray 2.60.0, field by field: the same requests in the same order."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unit.emulator.client import Clock
from tests.unit.emulator.ray_client import Head, archive, head

REPLIES = Path(__file__).resolve().parents[3].parent / "shared" / "engines" / "replies"
pytestmark = pytest.mark.skipif(
    not REPLIES.is_dir(), reason="the recorded replies are not beside this checkout"
)

TOKEN = "tok-secret-123"
PATTERNS = (
    (r'"[^"\n]*/site-packages/', '"LIB/'),
    (r"'/\S+/session_[\w-]+/logs", "'LOGS"),
    (r"session_[\d_-]+", "SESSION"),
    (r"raysubmit_\w{16}", "INVENTED"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME"),
    (r"(?s)\[Node .*(?=OSError)", ""),
    (r"pid=\d+", "PID"),
)
VARYING = {
    "start_time": int,
    "end_time": int,
    "driver_agent_http_address": str,
    "driver_node_id": str,
}
"""Fields whose values differ from run to run; that they are there, and of which type, does not."""


def recorded(name: str) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads((REPLIES / f"{name}.json").read_text())
    return reply


def plain(value: Any) -> Any:
    """Take from a body what no two runs share."""
    if isinstance(value, str):
        for pattern, word in PATTERNS:
            value = re.sub(pattern, word, value)
        return value
    if isinstance(value, list):
        return sorted(map(plain, value), key=str)
    if isinstance(value, dict):
        return {key: _plain_field(key, each) for key, each in value.items()}
    return value


def _plain_field(key: str, value: Any) -> Any:
    if key in VARYING and value is not None:
        assert isinstance(value, VARYING[key])
        return VARYING[key].__name__
    if key == "pid":
        return "PID"
    if key == "logs":
        return sorted(plain(value).splitlines())
    return plain(value)


class Player(Head):
    """Sends recorded requests, and compares."""

    def same(self, *names: str) -> None:
        for name in names:
            there = recorded(name)
            here = self.send(there["request"])
            assert here.status_code == there["status"], (name, here.text)
            assert here.headers.get("Content-Type") == there["headers"].get("Content-Type"), name
            body = here.json() if "json" in here.headers.get("Content-Type", "") else here.text
            assert plain(body) == plain(there["body"]), name

    def send(self, request: dict[str, Any]) -> requests.Response:
        body = request["body"]
        data = None if body is None else body if isinstance(body, str) else json.dumps(body)
        headers = request["headers"] or {}
        return self.request(request["method"], request["path"], data=data, headers=headers)

    def submitted(self, name: str, **more: Any) -> None:
        """Submit the job of which only its record was kept."""
        job = recorded(name)["body"]
        body = {"runtime_env": job["runtime_env"], "metadata": job["metadata"], **more}
        assert self.submit(job["submission_id"], job["entrypoint"], **body).ok


@pytest.fixture
def player(database: Path, clock: Clock) -> Iterator[Player]:
    with head(database, clock) as served:
        yield Player(served.base_url, None)


@pytest.fixture
def guarded(database: Path, clock: Clock) -> Iterator[Player]:
    with head(database, clock, TOKEN) as served:
        yield Player(served.base_url, TOKEN)


def test_a_job_from_its_submit_to_its_end(player: Player) -> None:
    player.same("01-version", "02-list-empty", "03-post-ok")
    player.same("04-post-same-id-same-body", "05-post-same-id-other-body", "06-get-right-after")
    player.advance(4)
    player.same("07-get-running", "08-list-one-running", "10-delete-while-running")
    player.advance(10)
    player.same("11-get-succeeded", "12-logs-succeeded", "13-post-same-id-after-success")
    player.same("14-stop-after-success")


def test_a_job_that_is_not_there(player: Player) -> None:
    player.same("15-get-404", "16-stop-404", "17-delete-404", "18-logs-404")


def test_a_stop_and_a_delete(player: Player) -> None:
    player.same("19-post-stopme")
    player.advance(4)
    player.same("20-stop-running", "21-get-right-after-stop")
    player.advance(4)
    player.same("22-get-stopped", "23-stop-twice", "24-delete-ok", "25-get-after-delete")
    player.same("26-post-id-reused-after-delete")


@pytest.mark.parametrize("name", ["28-get-exit3", "28-get-nocmd", "28-get-sigkill"])
def test_a_command_that_fails(player: Player, name: str) -> None:
    player.submitted(name)
    player.advance(20)
    player.same(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "empty-id",
            "null-id",
            "slash-id",
            "space-id",
            "uni-id",
            "long-id-200",
            "long-id-240",
            "long-id-300",
        ),
        *("extra-field", "int-meta", "json", "list-body", "no-entrypoint"),
    ],
)
def test_a_body_that_is_odd(player: Player, name: str) -> None:
    player.same(f"29-bad-{name}")


def test_addresses_that_are_odd(player: Player) -> None:
    player.same("30-post-no-trailing-slash", "31-list-no-trailing-slash", "32-put", "33-unknown-route")
    for name in ("slash", "space", "uni"):
        player.send(recorded(f"29-bad-{name}-id")["request"])
        player.same(f"34-get-{name}-id")
    player.same("58-stop-orphan", "59-delete-orphan")


def test_a_job_for_which_no_node_has_the_resources(player: Player) -> None:
    player.cluster(num_gpus=0)
    player.same("50-post-gpu", "51-get-gpu-pending", "52-stop-pending", "53-get-gpu-after-stop")
    player.submitted("53c-get-gpu2-after-gpu-came", entrypoint_num_gpus=1)
    player.same("52b-stop-pending-gpu2", "52c-delete-pending")
    player.advance(200)
    player.same("53b-get-gpu-minutes-after-stop")
    player.cluster(num_gpus=1)
    player.advance(20)
    player.same("53c-get-gpu2-after-gpu-came")


def test_a_stop_that_meets_a_start(player: Player) -> None:
    player.cluster(num_gpus=0, stop_meets_start="FAILED")
    player.same("50-post-gpu", "52-stop-pending")
    player.cluster(num_gpus=1)
    player.advance(20)
    player.same("53d-get-gpu1-after-gpu-came")


def test_an_environment_that_is_odd(player: Player) -> None:
    player.same("54-post-badenv", "56-post-badenv-key", "57-neg-cpu")
    player.advance(20)
    player.same("56b-get-badenv-key")
    assert player.shown("negcpu")["message"].startswith("Failed to start supervisor actor ")


def test_a_token(guarded: Player) -> None:
    guarded.same("70-auth-none", "71-auth-wrong", "72-auth-none-version", "73-auth-post")


def test_a_head_that_comes_back_with_its_memory(guarded: Player) -> None:
    guarded.cluster(num_gpus=0)
    jobs = {job["submission_id"]: job for job in recorded("74-list-after-head-restart-with-redis")["body"]}
    wants = {"dur-gpu": {"entrypoint_num_gpus": 1}}
    for job_id, job in jobs.items():
        entrypoint = job["entrypoint"] if job_id != "dur-live" else "sleep 600"
        assert guarded.submit(job_id, entrypoint, **wants.get(job_id, {})).ok
    guarded.advance(10)
    guarded.restart(memory=True)
    shown = {job["submission_id"]: job for job in guarded.get("/api/jobs/")}
    for job_id, job in jobs.items():
        assert plain({**shown[job_id], "entrypoint": ""}) == plain({**job, "entrypoint": ""})
    guarded.same("75-logs-after-restart", "76-stop-stale-running")


def test_packages(guarded: Player) -> None:
    guarded.same("80-pkg-get-404")
    guarded.put("_ray_pkg_143510652a87be73.zip", archive({"x": b""}))
    guarded.same("81-pkg-get-200", "82-post-pkg")
    guarded.submitted("84-get-pkg-missing")
    guarded.advance(2)
    guarded.same("84-get-pkg-missing")


def test_a_driver(guarded: Player) -> None:
    (row,) = json.loads((REPLIES / "90-list-driver-type.json").read_text())
    told = {"entrypoint": row["entrypoint"], "status": "SUCCEEDED"}
    made = [guarded.post("/_emulator/ray/drivers", told)["job_id"] for _ in range(3)][-1]
    assert made == row["job_id"]
    assert plain(guarded.shown(made)) == plain(row)
    guarded.same("91-stop-driver")
