"""What Prometheus reads: there from the start, counted once, gone when its subject is."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ftops.controller import series
from ftops.controller.metrics import LONGEST_STANDING_BY_SECONDS, Metrics
from ftops.controller.reconciled import Reconciled, Result
from ftops.errors import ExitCode, Problem
from ftops.model.event import Outcome
from ftops.model.job import JobStatus
from ftops.transport.observer import Exchange
from tests.unit.controller.measuring import (
    NOW,
    ROOT,
    create,
    done,
    hold,
    keep,
    record,
    round_of,
    told,
    wait,
)


def samples(metrics: Metrics, project: str = "shop") -> dict[str, float]:
    """Read the text as Prometheus does: name and labels but for the project -> value."""
    found = {}
    for family in text_string_to_metric_families(metrics.text()):
        for sample in family.samples:
            labels = {**sample.labels}
            if labels.pop("project", None) == project:
                inner = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
                found[f"{sample.name}{{{inner}}}" if inner else sample.name] = sample.value
    return found


def rounds(*all_of: Reconciled) -> Metrics:
    metrics = Metrics()
    for one in all_of:
        metrics(one)
    return metrics


def changed(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in after.items() if before.get(name) != value}


def exchange(method: str = "GET", status: int | None = 200) -> Exchange:
    return Exchange(method, "api.example", "/jobs", status, None, 12.0)


def test_every_series_whose_labels_are_known_is_there_before_the_first_round() -> None:
    metrics = Metrics()
    metrics.expect(ROOT, "shop")
    metrics.observer("shop", "oa")
    found = samples(metrics)
    for one in series.ALL:
        if one.name not in {"ftops_fine_tune_info", "ftops_budget_usd", "ftops_budget_left_usd"}:
            assert any(name.startswith(one.name) for name in found) or one.name.startswith("ftops_cost"), (
                one.name
            )
    assert found["ftops_last_success_timestamp_seconds"] == 0
    assert found["ftops_holds{reason=orphan}"] == 0
    assert found["ftops_changes_total{action=create,outcome=ambiguous}"] == 0
    assert found["ftops_provider_requests_total{code=503,method=POST,provider=oa}"] == 0
    assert found["ftops_reconcile_duration_seconds_bucket{le=+Inf}"] == 0
    families = {family.name for family in text_string_to_metric_families(metrics.text())}
    assert {one.name.removesuffix("_total") for one in series.ALL} <= families


def test_a_round_counts_its_result_its_time_and_its_changes() -> None:
    run = round_of(
        keep("a"),
        records={"a": record("a", JobStatus.SUCCEEDED)},
        results=[
            done(create("b")),
            done(create("c"), Outcome.FAILED),
            done(create("d"), Outcome.FAILED, ambiguous=True),
        ],
    )
    found = samples(rounds(told(run, seconds=0.4), told(round_of(), seconds=70.0)))
    assert found["ftops_reconcile_total{result=done}"] == 2
    assert found["ftops_changes_total{action=create,outcome=done}"] == 1
    assert found["ftops_changes_total{action=create,outcome=failed}"] == 1
    assert found["ftops_changes_total{action=create,outcome=ambiguous}"] == 1
    assert found["ftops_reconcile_duration_seconds_bucket{le=0.25}"] == 0
    assert found["ftops_reconcile_duration_seconds_bucket{le=0.5}"] == 1
    assert found["ftops_reconcile_duration_seconds_bucket{le=120.0}"] == 2
    assert found["ftops_reconcile_duration_seconds_sum"] == pytest.approx(70.4)
    assert found["ftops_reconcile_duration_seconds_count"] == 2


def test_a_success_and_the_failures_since_are_told_apart() -> None:
    metrics = rounds(told(round_of(hold("a"))))
    assert samples(metrics)["ftops_last_success_timestamp_seconds"] == NOW + 0.4
    assert samples(metrics)["ftops_consecutive_failures"] == 0
    down = round_of(incomplete={"oa": "no route"})
    for number, ended in enumerate((told(down, at=NOW + 60), told(None, Result.FAILED, at=NOW + 120)), 1):
        metrics(ended)
        assert samples(metrics)["ftops_consecutive_failures"] == number
    found = samples(metrics)
    assert found["ftops_last_round_timestamp_seconds"] == NOW + 120.4
    assert found["ftops_last_success_timestamp_seconds"] == NOW + 0.4
    metrics(told(None, Result.FAILED, code=ExitCode.INTERRUPTED))
    assert samples(metrics)["ftops_consecutive_failures"] == 2
    metrics(told(None, Result.STANDING_BY))
    assert samples(metrics)["ftops_consecutive_failures"] == 0


def test_a_commit_that_does_not_load_is_a_failure_although_the_last_good_one_is_reconciled() -> None:
    found = samples(rounds(told(round_of(), problems=(Problem("a.yaml is broken"),))))
    assert found["ftops_consecutive_failures"] == 1
    assert found["ftops_last_success_timestamp_seconds"] > 0


def test_a_held_lock_and_the_kill_switch_are_there_until_the_next_round() -> None:
    metrics = rounds(told(None, Result.STANDING_BY))
    assert samples(metrics)["ftops_lock_held_by_another"] == 1
    metrics(told(None, Result.FROZEN))
    found = samples(metrics)
    assert (found["ftops_lock_held_by_another"], found["ftops_frozen"]) == (0, 1)
    metrics(told(round_of()))
    assert samples(metrics)["ftops_frozen"] == 0


def test_a_fine_tune_has_one_series_which_goes_when_it_does() -> None:
    running = round_of(keep("a"), wait("b"), records={"a": record("a", JobStatus.RUNNING)})
    ended = round_of(keep("a"), records={"a": record("a", JobStatus.SUCCEEDED)})
    metrics = rounds(told(running))
    named = {name for name in samples(metrics) if name.startswith("ftops_fine_tune_info")}
    assert named == {
        "ftops_fine_tune_info{name=a,provider=oa,status=running}",
        "ftops_fine_tune_info{name=b,provider=oa,status=waiting}",
    }
    metrics(told(ended))
    named = {name for name in samples(metrics) if name.startswith("ftops_fine_tune_info")}
    assert named == {"ftops_fine_tune_info{name=a,provider=oa,status=succeeded}"}


def test_what_is_known_of_a_project_stays_while_it_cannot_be_planned() -> None:
    metrics = rounds(told(round_of(hold("a"))))
    before = samples(metrics)
    # It no longer says its name, as ftops.yaml cannot be read.
    metrics(told(None, Result.FAILED, project="folder", at=NOW + 60))
    assert changed(before, samples(metrics)).keys() <= {
        "ftops_reconcile_total{result=failed}",
        "ftops_last_round_timestamp_seconds",
        "ftops_consecutive_failures",
        *(name for name in before if name.startswith("ftops_reconcile_duration")),
    }
    assert samples(metrics, "folder") == {}


def test_whoever_stands_by_for_long_knows_nothing_of_the_plan_any_more() -> None:
    metrics = rounds(told(round_of(hold("a"))))
    for seconds in (60, 600):
        metrics(told(None, Result.STANDING_BY, at=NOW + seconds))
        assert samples(metrics)["ftops_needs_person"] == 1
    metrics(told(None, Result.STANDING_BY, at=NOW + 60 + LONGEST_STANDING_BY_SECONDS))
    found = samples(metrics)
    assert (found["ftops_needs_person"], found["ftops_holds{reason=failed}"]) == (0, 0)
    assert not [name for name in found if name.startswith("ftops_fine_tune_info")]
    assert found["ftops_reconcile_total{result=done}"] == 1


def test_a_project_that_is_renamed_or_forgotten_leaves_no_series() -> None:
    metrics = rounds(told(round_of()), told(round_of(), project="store"))
    assert samples(metrics, "shop") == {}
    assert samples(metrics, "store")["ftops_reconcile_total{result=done}"] == 1
    metrics.forget(ROOT)
    # It was still in its last round.
    metrics(told(round_of(), project="store"))
    assert samples(metrics, "store") == {}
    metrics.expect(ROOT, "store")
    metrics(told(round_of(), project="store"))
    assert samples(metrics, "store")["ftops_reconcile_total{result=done}"] == 1
    metrics.forget(Path("/never/known"))


def test_requests_are_counted_by_method_and_code_and_no_server_makes_series_without_end() -> None:
    metrics = Metrics()
    metrics.expect(ROOT, "shop")
    hear = metrics.observer("shop", "oa")
    begun = len(samples(metrics))
    for status in (200, 200, 503, None, 999, 1234, -1):
        hear(exchange(status=status))
    hear(exchange("POST", 201))
    assert metrics.observer("shop", "oa") is not hear
    found = samples(metrics)
    of = "method=GET,provider=oa}"
    assert found[f"ftops_provider_requests_total{{code=200,{of}"] == 2
    assert found[f"ftops_provider_requests_total{{code=none,{of}"] == 1
    assert found[f"ftops_provider_requests_total{{code=other,{of}"] == 3
    assert found["ftops_provider_requests_total{code=201,method=POST,provider=oa}"] == 1
    assert len(found) == begun + 1
    metrics.forget(ROOT)
    hear(exchange())
    assert samples(metrics) == {}


def test_backoff_is_told_of_a_known_project() -> None:
    metrics = rounds(told(round_of()))
    metrics.backing_off(Path("/never/known"), 300.0)
    assert samples(metrics)["ftops_backoff_seconds"] == 0
    metrics.backing_off(ROOT, 300.0)
    assert samples(metrics)["ftops_backoff_seconds"] == 300
    metrics.backing_off(ROOT, 0.0)
    assert samples(metrics)["ftops_backoff_seconds"] == 0


def test_a_scrape_while_rounds_and_requests_come_in_is_whole() -> None:
    metrics = Metrics()
    metrics.expect(ROOT, "shop")
    hear = metrics.observer("shop", "oa")

    def work() -> None:
        for _ in range(200):
            hear(exchange())
            metrics(told(round_of(keep("a"), keep("b"))))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found = samples(metrics)
        ended = found["ftops_reconcile_duration_seconds_count"]
        assert found["ftops_reconcile_total{result=done}"] == ended
        assert sum(found.get(f"ftops_fine_tunes{{status={one}}}", 0) for one in series.STATUSES) in (0, 2)
    for thread in threads:
        thread.join()
    assert samples(metrics)["ftops_reconcile_total{result=done}"] == 400


NAMES = st.text(max_size=20).filter(lambda text: "\r" not in text)


@settings(max_examples=25)
@given(NAMES, st.lists(st.sampled_from(list(Result)), max_size=5), st.floats(0, 1e6))
def test_what_was_written_is_gone_on_from(name: str, results: list[Result], seconds: float) -> None:
    metrics = Metrics()
    metrics.expect(ROOT, "shop")
    metrics.observer("shop", name)(exchange())
    for result in results:
        run = round_of(hold("a"), results=[done(create("b"))]) if result is Result.DONE else None
        metrics(told(run, result, seconds=seconds))
    again = Metrics()
    again.resume(ROOT, "shop", metrics.text())
    assert samples(again) == samples(metrics)


def test_a_project_that_cannot_say_its_name_goes_on_under_that_of_its_file() -> None:
    before = rounds(told(round_of(hold("a")))).text()
    metrics = Metrics()
    metrics.resume(ROOT, None, before)
    metrics(told(None, Result.FAILED, project="folder"))
    assert samples(metrics)["ftops_needs_person"] == 1
    assert samples(metrics)["ftops_reconcile_total{result=failed}"] == 1
    assert samples(metrics, "folder") == {}


def test_of_a_file_of_others_nothing_is_taken() -> None:
    metrics = Metrics()
    other = rounds(told(round_of(), project="other")).text()
    foreign = 'up{project="shop"} 1\nftops_holds{project="shop",colour="red"} 1\n'
    metrics.resume(ROOT, "shop", other + foreign)
    assert samples(metrics) == samples(rounds_expected())
    assert samples(metrics, "other") == {}
    with pytest.raises(ValueError, match=r"."):
        metrics.resume(ROOT, "shop", "<html>\x00 not metrics")


def rounds_expected() -> Metrics:
    metrics = Metrics()
    metrics.expect(ROOT, "shop")
    return metrics


def test_memory_and_cpu_of_the_process_are_told_where_that_is_asked_for() -> None:
    assert "process_resident_memory_bytes" in Metrics(process=True).text()
    assert "process_" not in Metrics().text()


def test_nothing_of_prometheus_is_loaded_without_the_options() -> None:
    code = (
        "import sys; from ftops.cli.main import run; run(['reconcile', '--help']); "
        "print([name for name in sys.modules if name.startswith('prometheus')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
