"""A controller that is watched: what it serves while it works, and what a real Prometheus makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_controller import Running, several
from tests.end_to_end.test_metrics import hasty_rules
from tests.services import started
from tests.services.prometheus import NAME, prometheus


@contextmanager
def controller(project: ProjectDirectory, folder: Path) -> Iterator[tuple[Running, str]]:
    """Start one that listens on a free port, and give its address."""
    running = Running(project.root, folder, "--listen", ":0")
    with ExitStack() as stack:
        stack.callback(running.process.wait)
        stack.callback(running.process.kill)
        running.wait_for(lambda: "Metrics are at " in running.said)
        found = re.search(r"Metrics are at http://(\S+)/metrics\.", running.said)
        assert found
        yield running, found[1]


def metric(address: str, name: str) -> float:
    text = requests.get(f"http://{address}/metrics", timeout=30).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def test_a_controller_serves_what_it_does_until_it_ends(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    project.manifest("a")
    with controller(project, tmp_path / "c") as (running, address):
        running.wait_for(lambda: requests.get(f"http://{address}/readyz", timeout=30).ok)
        running.wait_for(lambda: metric(address, 'ftops_changes_total{action="create",outcome="done"') == 1)
        emulator.advance(100_000)
        running.wait_for(
            lambda: metric(address, 'ftops_fine_tunes{project="test-p1",status="succeeded"') == 1
        )
        assert requests.get(f"http://{address}/healthz", timeout=30).ok
        emulator.fault("status", "list", times=0, status=503)
        running.wait_for(lambda: metric(address, "ftops_backoff_seconds{") > 0)
        assert running.end() == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://{address}/metrics", timeout=30)


def test_an_address_in_use_ends_it_before_anything_is_done(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    project.manifest("a")
    taken = emulator.base_url.split("/")[2]
    assert project.ftops("reconcile", "--listen", taken) == 1
    assert "cannot listen at" in project.err
    assert emulator.jobs() == 0
    assert project.ftops("reconcile", "--listen", "nowhere") == 64


def test_many_projects_share_one_file_and_a_broken_one_is_among_them(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    folder = several(project, tmp_path, "one", "two", "bad")
    (folder / "bad/ftops.yaml").write_text("spec: [")
    teams = ProjectDirectory(folder, project.capsys)
    for _ in range(2):
        assert teams.ftops("reconcile", "--once", "--projects", "*", "--metrics-file", "ftops.prom") == 1
    text = (folder / "ftops.prom").read_text()
    for name, result in (("test-one", "done"), ("test-two", "done"), ("bad", "failed")):
        assert f'ftops_reconcile_total{{project="{name}",result="{result}"}} 2.0' in text
    assert emulator.jobs() == 2


@pytest.mark.slow
def test_the_alerts_of_a_real_prometheus_fire_in_an_outage_and_clear_after_it(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    project.manifest("a")
    with controller(project, tmp_path / "c") as (running, address):
        for watcher in started(NAME, lambda: prometheus(address, hasty_rules())):

            def firing() -> set[str]:
                asked = requests.get(f"{watcher}/api/v1/alerts", timeout=30).json()  # noqa: B023 - used in this turn
                found = (one for one in asked["data"]["alerts"] if one["state"] == "firing")
                return {one["labels"]["alertname"] for one in found}

            running.wait_for(lambda: metric(address, "ftops_last_success_timestamp_seconds") > 0)
            running.wait_for(lambda: firing() == set())
            emulator.fault("status", "list", times=0, status=503)
            running.wait_for(lambda: {"FtopsFailing", "FtopsBackingOff", "FtopsNeedsPerson"} <= firing())
            requests.delete(f"{emulator.base_url.rpartition('/v1')[0]}/_emulator/faults", timeout=30)
            # The share of failed requests is over a quarter of an hour: it ends later.
            running.wait_for(lambda: firing() <= {"FtopsProviderErrors"})
            assert emulator.jobs() == 1
