"""Starting, stopping, restarting; time between processes; many clients at once."""

import itertools
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, Client, Clock

JOBS = "/fine_tuning/jobs"


def test_life_goes_on_between_processes(database: Path, clock: Clock) -> None:
    with EmulatorServer(EmulatorSettings(database, speed=10), clock=clock) as server:
        job = Client(server.base_url).job()
    clock.now += 60
    with EmulatorServer(EmulatorSettings(database, speed=10), clock=clock) as server:
        assert Client(server.base_url).get(f"{JOBS}/{job['id']}")["status"] == "succeeded"


def test_time_never_goes_backwards_across_speeds(database: Path, clock: Clock) -> None:
    times = []
    for speed in (1000.0, 1.0, 50.0, 0.5):
        with EmulatorServer(EmulatorSettings(database, speed=speed), clock=clock) as server:
            provider = Client(server.base_url)
            times.append(provider.get("/_emulator/info")["now"])
            clock.now += 100
            times.append(provider.get("/_emulator/info")["now"])
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert steps == pytest.approx([100_000, 0, 100, 0, 5000, 0, 50])


def test_a_real_clock_that_is_set_back_does_not_move_emulated_time(provider: Client, clock: Clock) -> None:
    before = provider.get("/_emulator/info")["now"]
    clock.now -= 5000
    assert provider.get("/_emulator/info")["now"] == before


def test_two_servers_share_one_world(database: Path, clock: Clock) -> None:
    settings = EmulatorSettings(database)
    with EmulatorServer(settings, clock=clock) as one, EmulatorServer(settings, clock=clock) as two:
        job = Client(one.base_url).job()
        Client(two.base_url).advance(90)
        assert Client(two.base_url).ids() == [job["id"]]
        assert Client(one.base_url).get(f"{JOBS}/{job['id']}")["status"] == "running"


def test_a_port_in_use_is_an_os_error(tmp_path: Path) -> None:
    with EmulatorServer(EmulatorSettings(tmp_path / "a.db")) as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"):
            EmulatorServer(EmulatorSettings(tmp_path / "b.db"), port=port)
    EmulatorServer(EmulatorSettings(tmp_path / "b.db"), port=port).stop()


def test_a_corrupt_database_is_an_sqlite_error(tmp_path: Path) -> None:
    (tmp_path / "e.db").write_bytes(b"this is no database, whatever its name says " * 100)
    with pytest.raises(sqlite3.Error):
        EmulatorServer(EmulatorSettings(tmp_path / "e.db"))


def test_a_database_of_a_newer_emulator_is_refused(database: Path) -> None:
    EmulatorServer(EmulatorSettings(database)).stop()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(sqlite3.DatabaseError, match="newer"):
        EmulatorServer(EmulatorSettings(database))


def test_a_database_where_no_folder_can_be_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        EmulatorServer(EmulatorSettings(tmp_path / "file" / "e.db"))


def test_stop_closes_the_port_and_may_be_repeated(tmp_path: Path) -> None:
    server = EmulatorServer(EmulatorSettings(tmp_path / "e.db"))
    server.start()
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        Client(server.base_url).get("/models")


def test_stop_ends_streams(tmp_path: Path, clock: Clock) -> None:
    with EmulatorServer(EmulatorSettings(tmp_path / "e.db"), clock=clock) as server:
        provider = Client(server.base_url)
        job = provider.legacy_job()
        response = provider.request("GET", f"/fine-tunes/{job['id']}/events?stream=true", stream=True)
        lines = response.iter_lines(chunk_size=1)
        assert next(lines)
    assert b"data: [DONE]" not in list(lines)
    response.close()


def test_serve_forever_returns_on_stop(tmp_path: Path) -> None:
    server = EmulatorServer(EmulatorSettings(tmp_path / "e.db"))
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    assert Client(server.base_url).ids() == []
    server.stop()
    serving.join(5)
    assert not serving.is_alive()


def test_nothing_is_written_to_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with EmulatorServer(EmulatorSettings(tmp_path / "e.db")) as server:
        provider = Client(server.base_url)
        provider.job()
        provider.error("GET", "/nothing", 404)
        provider.fault("lost_reply", "list")
        with pytest.raises(requests.ConnectionError):
            provider.ids()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_the_package_imports_without_flask() -> None:
    code = "import sys, ftops.emulator; assert 'flask' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_creates_at_once_are_all_stored_and_a_quota_is_exact(provider: Client) -> None:
    body = {"model": "gpt-4o-mini", "training_file": provider.upload_rows([CHAT] * 12)}
    provider.fault("quota", max=25, times=0)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: provider.request("POST", JOBS, json=body).status_code, range(40)))
    assert sorted(statuses) == [200] * 25 + [429] * 15
    assert len(set(provider.ids(limit=100))) == 25
    assert provider.get("/_emulator/info")["creates_received"]["openai"] == 40


def test_of_many_cancels_at_once_one_is_accepted(provider: Client) -> None:
    job = provider.job()
    path = f"{JOBS}/{job['id']}/cancel"
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: provider.request("POST", path).status_code, range(8)))
    assert sorted(statuses) == [200] + [400] * 7
