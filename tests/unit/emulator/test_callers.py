"""Who may ask the emulator, and what a database that a stranger wrote can make it do."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import Client, Clock


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8090"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
@pytest.mark.parametrize("path", ["/fine_tuning/jobs", "/_emulator/info", "/fine-tunes", "/nothing"])
def test_a_web_page_gets_no_answer(provider: Client, headers: dict[str, str], path: str) -> None:
    error = provider.error("GET", path, 403, headers={**provider.headers, **headers})
    assert "evil" not in error["message"]
    assert provider.get("/_emulator/info")["requests"] == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:1"},
        {"Host": "LOCALHOST"},
        {"Host": "[::1]:8090"},
        {"Origin": "http://localhost:3000"},
    ],
)
def test_programs_of_this_machine_do(provider: Client, headers: dict[str, str]) -> None:
    assert provider.request("GET", "/models", headers={**provider.headers, **headers}).ok


@pytest.fixture
def strange(database: Path, tmp_path: Path, clock: Clock) -> Iterator[Client]:
    """An emulator over a database whose rows name files that are not its own."""
    EmulatorServer(EmulatorSettings(database), clock=clock).stop()
    (tmp_path / "secret.jsonl").write_text("CANARY")
    (tmp_path / "world/emulator.db.files/file-linked").symlink_to(tmp_path / "secret.jsonl")
    with sqlite3.connect(database) as connection:
        for file_id, expires_at in (
            ("../../secret.jsonl", 1.0),
            (str(tmp_path / "secret.jsonl"), None),
            ("file-linked", None),
        ):
            connection.execute(
                "INSERT INTO files (id, filename, purpose, bytes, available_at, expires_at)"
                " VALUES (?, 'x', 'fine-tune', 6, 0, ?)",
                (file_id, expires_at),
            )
    connection.close()
    server = EmulatorServer(EmulatorSettings(database), clock=clock)
    server.start()
    yield Client(server.base_url)
    server.stop()


def test_a_row_leads_to_no_file_outside_the_folder(strange: Client, tmp_path: Path) -> None:
    assert "CANARY" not in strange.request("GET", "/files/file-linked/content").text
    job = {"model": "gpt-4o-mini-2024-07-18", "training_file": "file-linked"}
    assert strange.request("POST", "/fine_tuning/jobs", json=job).status_code == 400
    job["training_file"] = str(tmp_path / "secret.jsonl")
    assert strange.request("POST", "/fine_tuning/jobs", json=job).status_code == 400


def test_an_expired_row_deletes_no_file_outside_the_folder(strange: Client, tmp_path: Path) -> None:
    strange.upload('{"prompt": "a", "completion": "b"}')
    assert (tmp_path / "secret.jsonl").read_text() == "CANARY"
