"""Metrics of `ftops reconcile`: a file for node_exporter, and a real Prometheus with the alerts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ftops.controller.instruments import Instruments, listening
from ftops.controller.reconciled import Result
from ftops.model.change import Reason
from tests.conftest import REPOSITORY, Emulator, ProjectDirectory
from tests.services import started
from tests.services.prometheus import NAME, prometheus
from tests.unit.controller.measuring import ROOT, hold, round_of, told

DEADLINE_SECONDS = 120.0


def measured(project: ProjectDirectory) -> dict[str, float]:
    """Read the file as its collector does: name and labels but for the project -> value."""
    found = {}
    for family in text_string_to_metric_families((project.root / "ftops.prom").read_text()):
        for sample in family.samples:
            labels = [
                f"{{{key}={value}}}" for key, value in sorted(sample.labels.items()) if key != "project"
            ]
            assert sample.labels["project"] == "test-p1"
            found[sample.name + ",".join(labels)] = sample.value
    return found


def reconcile(project: ProjectDirectory, *more: str) -> int:
    return project.ftops("reconcile", "--once", "--metrics-file", "ftops.prom", *more)


def test_each_run_goes_on_from_the_file_of_the_one_before(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b", model="{from: a}")
    assert reconcile(project) == 0
    found = measured(project)
    assert found["ftops_changes_total{action=create},{outcome=done}"] == 1
    assert found["ftops_fine_tune_info{name=a},{provider=local},{status=pending}"] == 1
    assert found["ftops_waits{reason=waiting-for}"] == 1
    assert found["ftops_provider_requests_total{code=200},{method=POST},{provider=local}"] >= 2
    emulator.advance(100_000)
    assert reconcile(project) == 0
    found = measured(project)
    assert found["ftops_changes_total{action=create},{outcome=done}"] == 2
    assert found["ftops_reconcile_total{result=done}"] == 2
    assert found["ftops_fine_tunes{status=succeeded}"] == 1
    assert found["ftops_needs_person"] == 0


def test_trouble_with_a_provider_is_counted(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    emulator.fault("status", "list", times=0, status=503)
    assert reconcile(project) == 4
    found = measured(project)
    assert found["ftops_provider_requests_total{code=503},{method=GET},{provider=local}"] >= 2
    assert (found["ftops_needs_person"], found["ftops_consecutive_failures"]) == (1, 1)
    assert found["ftops_last_success_timestamp_seconds"] == 0
    assert found["ftops_last_round_timestamp_seconds"] > 0


def test_a_create_whose_reply_is_lost_counts_as_one_without_reply(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("lost_reply", "create")
    assert reconcile(project) == 0
    assert measured(project)["ftops_provider_requests_total{code=none},{method=POST},{provider=local}"] == 1
    assert emulator.jobs() == 1


def test_a_failure_needs_a_person_until_somebody_acknowledges_it(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("fail_job", "create", code="server_error", message="a disk was full")
    assert reconcile(project) == 0
    emulator.advance(100_000)
    assert reconcile(project) == 5
    found = measured(project)
    assert (found["ftops_needs_person"], found["ftops_holds{reason=failed}"]) == (1, 1)
    assert found["ftops_fine_tune_info{name=a},{provider=local},{status=failed}"] == 1
    assert project.ftops("ack", "a", "--for", "7d", "--reason", "known") == 0
    assert reconcile(project) == 0
    found = measured(project)
    assert (found["ftops_needs_person"], found["ftops_holds{reason=failed}"]) == (0, 1)


def test_a_project_that_does_not_load_keeps_what_was_known_of_it(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert reconcile(project) == 0
    before = measured(project)
    whole = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", "oops: [")
    assert reconcile(project) == 1
    found = measured(project)
    assert found["ftops_reconcile_total{result=failed}"] == 1
    assert found["ftops_fine_tunes{status=pending}"] == before["ftops_fine_tunes{status=pending}"] == 1
    assert found["ftops_last_success_timestamp_seconds"] == before["ftops_last_success_timestamp_seconds"]
    project.write("ftops.yaml", whole)
    assert reconcile(project) == 0
    assert measured(project)["ftops_consecutive_failures"] == 0


def test_the_kill_switch_is_told_and_is_no_failure(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    monkeypatch.setenv("FTOPS_FREEZE", "1")
    assert reconcile(project) == 3
    found = measured(project)
    assert (found["ftops_frozen"], found["ftops_consecutive_failures"]) == (1, 0)


def test_a_file_that_cannot_be_written_changes_no_exit_code(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    where = project.root / "prom"
    where.mkdir()
    (where / "ftops.prom").mkdir()
    assert project.ftops("reconcile", "--once", "--metrics-file", "prom/ftops.prom") == 64
    assert "is a directory" in project.err
    assert project.ftops("reconcile", "--once", "--metrics-file", "none/ftops.prom") == 64
    assert "there is no directory" in project.err
    assert emulator.jobs() == 0
    assert project.ftops("reconcile", "--once", "--metrics-file", "/proc/ftops.prom") == 0
    assert "Warning: the metrics cannot be written to /proc/ftops.prom" in project.err
    assert emulator.jobs() == 1


def test_a_single_round_does_not_listen(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("reconcile", "--once", "--listen", ":0") == 64
    assert "--metrics-file" in project.err


def test_without_the_extra_one_sentence_says_what_to_install(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    code = (
        "import sys; sys.modules['prometheus_client'] = None; from ftops.cli.main import run; "
        f"sys.exit(run(['-C', {str(project.root)!r}, 'reconcile', '--once', '--metrics-file', 'ftops.prom']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "pip install 'ftops[serve]'" in line
    assert emulator.jobs() == 0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_real_prometheus_scrapes_and_its_alert_fires_and_clears() -> None:
    instruments = Instruments(None, 300.0, warn=lambda _: None)
    instruments.expect(ROOT, lambda: "shop")
    with listening(instruments, "127.0.0.1:0") as served:
        for address in started(NAME, lambda: prometheus(str(served), hasty_rules())):
            assert_it_fires_and_clears(instruments, address)


def hasty_rules() -> str:
    """Return the rules as they are shipped, but for their patience, which a test has no hours for."""
    rules = yaml.safe_load((REPOSITORY / "deploy/prometheus/alerts.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        rule.pop("for", None)
    return yaml.safe_dump(rules)


def assert_it_fires_and_clears(instruments: Instruments, address: str) -> None:
    def firing() -> set[str]:
        asked = requests.get(f"{address}/api/v1/alerts", timeout=30).json()
        return {one["labels"]["alertname"] for one in asked["data"]["alerts"] if one["state"] == "firing"}

    def up() -> bool:
        asked = requests.get(f"{address}/api/v1/query", params={"query": "up"}, timeout=30).json()
        return [one["value"][1] for one in asked["data"]["result"]] == ["1"]

    until(up)
    # Nothing has succeeded yet, and nobody has looked.
    until(lambda: firing() == {"FtopsNoSuccess"})
    now = time.time()
    instruments(told(round_of(hold("a"), hold("b", Reason.ORPHAN)), at=now))
    until(lambda: firing() == {"FtopsNeedsPerson"})
    instruments(told(None, Result.STANDING_BY, at=now))
    until(lambda: "FtopsStandingBy" in firing())
    for number in range(3):
        instruments(told(None, Result.FAILED, at=now + number))
    until(lambda: "FtopsFailing" in firing())
    instruments(told(round_of(), at=now + 4))
    until(lambda: firing() == set())
    # The shape of what it has stored: no error on the way, and no series that it refused.
    asked = requests.get(f"{address}/api/v1/targets", timeout=30).json()
    assert [one["lastError"] for one in asked["data"]["activeTargets"]] == [""]
    told_of = requests.get(f"{address}/api/v1/metadata", params={"metric": "ftops_holds"}, timeout=30).json()
    assert told_of["data"]["ftops_holds"][0]["type"] == "gauge"
