"""The benchmark's provider pages, creates and takes files as the format says; how fast is not asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.provider.account import Account
from benchmarks.provider.connection import Connection
from benchmarks.provider.routes import JOBS, Routes
from benchmarks.provider.serving import Served, served
from benchmarks.provider.shapes import encoded, job_object
from benchmarks.worlds.world import World
from tests.benchmarks.conftest import FINE_TUNES, run_in

STAMP = {"ftops_project": "p", "ftops_name": "a"}
ORDER = {
    "model": "gpt-4o-mini-2024-07-18",
    "training_file": "file-1",
    "suffix": "a",
    "seed": 7,
    "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
    "metadata": STAMP,
}
JOB_COUNT = 45


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Served]:
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_bytes(b"".join(encoded(job_object(number, ORDER)) + b"\n" for number in range(JOB_COUNT)))
    with served(jobs) as provider:
        yield provider


def get(provider: Served, path: str, **query: object) -> Any:
    said = requests.get(
        f"{provider.base_url}{path}", params={k: str(v) for k, v in query.items()}, timeout=10
    )
    said.raise_for_status()
    return said.json()


def walk(provider: Served, limit: int) -> list[str]:
    ids: list[str] = []
    query: dict[str, object] = {"limit": limit}
    while True:
        page = get(provider, "/fine_tuning/jobs", **query)
        ids += [job["id"] for job in page["data"]]
        assert 0 < len(page["data"]) <= limit
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        if not page["has_more"]:
            return ids
        query["after"] = page["last_id"]


@pytest.mark.parametrize("limit", [1, 9, 20, 44, 45, 100])
def test_pages_hold_every_job_once_newest_first(provider: Served, limit: int) -> None:
    assert walk(provider, limit) == [f"ftjob-{number:024}" for number in reversed(range(JOB_COUNT))]


def test_a_list_of_nothing_is_a_page(tmp_path: Path) -> None:
    with served() as provider:
        assert get(provider, "/fine_tuning/jobs") == {
            "object": "list",
            "data": [],
            "has_more": False,
            "first_id": None,
            "last_id": None,
        }


def test_a_create_answers_with_the_stamp_and_is_listed_first(provider: Served) -> None:
    made = requests.post(f"{provider.base_url}/fine_tuning/jobs", json=ORDER, timeout=10).json()
    assert (made["status"], made["metadata"], made["fine_tuned_model"]) == ("queued", STAMP, None)
    newest = get(provider, "/fine_tuning/jobs", limit=1)["data"][0]
    assert (newest["id"], newest["status"], newest["metadata"]) == (made["id"], "succeeded", STAMP)
    assert get(provider, f"/fine_tuning/jobs/{made['id']}") == newest
    figures = provider.figures()
    assert figures["requests"] == {"create": 1, "list": 1, "retrieve": 1}
    assert figures["post_seconds"] >= 0


def test_a_reset_forgets_what_was_created_and_counted(provider: Served) -> None:
    requests.post(f"{provider.base_url}/fine_tuning/jobs", json=ORDER, timeout=10)
    provider.reset()
    assert provider.figures() == {"requests": {}, "post_seconds": None}
    assert len(walk(provider, 20)) == JOB_COUNT


def test_a_file_is_known_by_name_and_size(provider: Served) -> None:
    content = b'{"messages": []}\n' * 9
    url, form = f"{provider.base_url}/files", {"purpose": "fine-tune"}
    file = requests.post(url, data=form, files={"file": ("rows.jsonl", content)}, timeout=10).json()
    assert (file["filename"], file["bytes"], file["status"]) == ("rows.jsonl", len(content), "processed")
    assert get(provider, f"/files/{file['id']}") == file
    assert get(provider, "/files", purpose="fine-tune")["data"] == [file]


@pytest.mark.parametrize(
    "path", ["/fine_tuning/jobs?after=ftjob-9", "/fine_tuning/jobs/none", "/none", "/files/x"]
)
def test_what_is_not_there_is_refused(provider: Served, path: str) -> None:
    assert requests.get(provider.base_url + path, timeout=10).status_code == 404


def test_an_apply_sends_each_create_once_and_the_next_plan_finds_all(fresh: World) -> None:
    with fresh.served() as provider:
        assert run_in(fresh, "apply", "--yes").returncode == 0
        assert provider.figures()["requests"]["create"] == FINE_TUNES
        assert provider.figures()["requests"]["upload"] == fresh.shape.files
        assert run_in(fresh, "plan", "--detailed-exitcode").returncode == 0


class Wire(asyncio.Transport):
    """What a connection writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        return False


def test_a_request_may_come_in_any_pieces() -> None:
    connection, wire = Connection(Routes(Account(), 0.0)), Wire()
    connection.connection_made(wire)
    body = encoded(ORDER)
    head = f"POST {JOBS} HTTP/1.1\r\nHost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    for byte in head.encode() + body:
        assert wire.sent == b""
        connection.data_received(bytes([byte]))
    said, _, answer = wire.sent.partition(b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer)["metadata"] == STAMP
