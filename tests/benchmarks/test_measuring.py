"""What is measured ran as it should, in turn, and is kept as it was; no test asks how long it took."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from benchmarks.measuring import BadRun, Contender, Run, in_turn, measured
from benchmarks.opened import Opened
from benchmarks.place import REPOSITORY
from benchmarks.results import Case, Results, load, save
from benchmarks.scenarios.bench import PYTHON
from benchmarks.state_probe import CHANGED, measure, multiply
from benchmarks.worlds.history import STATE
from benchmarks.worlds.shape import Layout
from benchmarks.worlds.world import World
from tests.benchmarks.conftest import FINE_TUNES

RUN = Run(0.1, 0.2, 0.5, 2048, {"count": 3.0})


def contender(name: str, code: str, folder: Path, before: Callable[[], None]) -> Contender:
    return Contender(name, [PYTHON, "-c", code], folder, before, lambda: {"said": 1.0})


def test_contenders_take_turns_each_prepared_before_its_run(tmp_path: Path) -> None:
    order: list[str] = []
    racing = [contender(name, "pass", tmp_path, partial(order.append, name)) for name in "ab"]
    runs = in_turn(racing, 2)
    assert order == ["a", "b", "a", "b"]
    assert [len(runs[name]) for name in "ab"] == [2, 2]
    assert all(run.facts == {"said": 1.0} and run.peak_kib > 0 for each in runs.values() for run in each)


def test_the_time_of_children_counts(tmp_path: Path) -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])"
    run = measured(contender("a", code, tmp_path, lambda: None))
    assert run.user + run.system >= 0.3


def test_a_run_that_failed_is_no_figure(tmp_path: Path) -> None:
    failing = contender("a", "import sys; sys.exit('it broke')", tmp_path, lambda: None)
    with pytest.raises(BadRun, match="a ended with 1: it broke"):
        measured(failing)


def test_a_program_that_is_not_there_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="a did not start"):
        measured(Contender("a", [str(tmp_path / "none")], tmp_path))


def test_peak_memory_is_of_the_program_alone(tmp_path: Path) -> None:
    ballast = b"x" * 100_000_000
    assert measured(contender("a", "pass", tmp_path, lambda: None)).peak_kib < len(ballast) / 1024


def test_opened_files_are_counted_in_folders_below(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("one", "below/two", "below/three"):
        (tmp_path / name).write_text("x")
    with Opened([tmp_path]) as opened:
        assert opened.count() == 0
        (tmp_path / "one").stat()
        assert opened.count() == 0
        (tmp_path / "one").read_text()
        (tmp_path / "below/two").read_text()
        list((tmp_path / "below").iterdir())
        assert opened.count() == 2
        assert opened.count() == 0


def test_raw_figures_come_back_as_they_were_kept(tmp_path: Path) -> None:
    kept = Results({"date": "2026-01-01"}, {Case("a/b", 10, "each"): (RUN, RUN), Case("c"): (RUN,)})
    save(kept, tmp_path / "r.json")
    assert load(tmp_path / "r.json") == kept


def test_a_case_that_is_measured_again_replaces_its_runs_alone() -> None:
    first = Results({"date": "1"}, {Case("a"): (RUN,), Case("b"): (RUN,)})
    second = first.with_runs({Case("a"): [RUN, RUN]}, {"date": "2"})
    assert {case.name: len(runs) for case, runs in second.runs.items()} == {"a": 2, "b": 1}
    assert second.about == {"date": "2"}


def test_medians_are_of_user_and_system_together_and_in_mib() -> None:
    results = Results({}, {Case("a"): (RUN, RUN, Run(5, 5, 5, 1024 * 9))})
    assert results.median(Case("a"), "cpu") == pytest.approx(0.3)
    assert results.median(Case("a"), "peak") == 2
    assert results.median(Case("a"), "count") == 3
    assert results.median(Case("a"), "nothing") is None
    assert results.median(Case("b"), "cpu") is None


def test_a_large_state_is_many_times_a_small_one_and_is_written_three_times(
    applied: World, tmp_path: Path
) -> None:
    large, figures = tmp_path / "large.json", tmp_path / "figures.json"
    multiply(applied.root / STATE, large, 300)
    before = json.loads(large.read_bytes())
    measure(large, figures)
    after = json.loads(large.read_bytes())
    assert json.loads(figures.read_bytes()).keys() == {"read", "first_write", "write", "scattered_write"}
    assert len(before["fine_tunes"]) == 300
    assert after["serial"] == before["serial"] + 3
    changed = [name for name, record in after["fine_tunes"].items() if record != before["fine_tunes"][name]]
    assert {f"tune-{number:06}" for number in range(CHANGED)} <= set(changed)


def test_the_limit_compares_what_is_declared_recorded_and_live(applied: World) -> None:
    limit = [sys.executable, str(REPOSITORY / "benchmarks/limit.py")]
    index = str(applied.folder / "index")

    def run(url: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [*limit, str(applied.root), url, index, *more]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with applied.served() as provider:
        assert run(provider.base_url, "--index", str(applied.folder / "known.json")).returncode == 0
        same = run(provider.base_url)
    assert (same.returncode, same.stdout) == (0, f"{FINE_TUNES} unchanged, 0 otherwise\n")
    applied.jobs.write_bytes(b"\n".join(applied.jobs.read_bytes().splitlines()[1:]))
    with applied.served() as provider:
        gone = run(provider.base_url)
    assert (gone.returncode, gone.stdout) == (2, f"{FINE_TUNES - 1} unchanged, 1 otherwise\n")
    if applied.shape.layout is Layout.EACH:
        applied.edit(5)
        assert "has changed" in run("http://127.0.0.1:9/v1").stderr
