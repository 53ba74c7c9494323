"""The page shows the raw figures, and every goal is about something that is measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.goals import AT_LEAST, AT_MOST, GOALS, Goal
from benchmarks.measuring import Run
from benchmarks.page import performance_page, shown_with, tables
from benchmarks.place import PAGE, RESULTS
from benchmarks.results import Case, Results, load, save
from benchmarks.scenarios.bench import ROUNDS
from benchmarks.scenarios.registry import SCENARIOS

ABOUT = {
    "date": "2026-01-01",
    "commit": "abc",
    "machine": {"cpu": "c", "system": "s"},
    "versions": {"x": "1"},
}


def test_the_page_is_drawn_from_the_figures_that_it_names() -> None:
    assert PAGE.read_text() == performance_page(), "run `make docs`"
    names = re.findall(r"<!-- figures: (.*) -->", PAGE.read_text())
    assert len(names) == 1
    assert all((RESULTS / name).exists() for name in names[0].split())


def test_new_figures_stand_beside_the_earliest_ones() -> None:
    page = "<!-- figures: first.json second.json -->\n\n<!-- end of figures -->\n"
    assert shown_with("third.json", page) == ["first.json", "third.json"]
    assert shown_with("second.json", page) == ["first.json", "second.json"]
    assert shown_with("first.json", page) == ["first.json"]


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_raw_figures_are_of_cases_that_there_are_and_say_where_from(path: Path) -> None:
    results = load(path)
    assert {case.name.partition("/")[0] for case in results.runs} <= SCENARIOS.keys()
    assert all(
        len(runs) >= (1 if case.name.endswith("/opened") else 3) for case, runs in results.runs.items()
    )
    assert results.about.keys() == {"date", "commit", "machine", "versions"}


def test_every_goal_is_about_cases_that_are_measured() -> None:
    measured = {case.name for path in RESULTS.glob("*.json") for case in load(path).runs}
    wanted = {case.name for goal in GOALS for case in (goal.case, goal.over) if case is not None}
    assert wanted <= measured


def results(**cpu: float) -> Results:
    return Results(ABOUT, {Case(name): (Run(value, 0, 2 * value, 1024),) for name, value in cpu.items()})


def test_a_goal_is_a_figure_or_a_ratio_and_holds_or_not() -> None:
    ratio = Goal("a, over b", Case("a"), "cpu", AT_MOST, 1.5, " times", Case("b"))
    assert (ratio.words, ratio.figure(results(a=3, b=2)), ratio.met(results(a=3, b=2))) == (
        "≤ 1.5 times",
        1.5,
        True,
    )
    assert ratio.met(results(a=4, b=2)) is False
    assert (ratio.figure(results(a=4)), ratio.met(results(b=4)), ratio.met(results())) == (None, None, None)
    faster = Goal("a, than b", Case("b"), "cpu", AT_LEAST, 5, " times faster", Case("a"))
    assert (faster.figure(results(a=1, b=6)), faster.met(results(a=1, b=6))) == (6, True)
    assert Goal("a", Case("a"), "peak", AT_MOST, 2, " MiB").met(results(a=1)) is True


def test_earlier_figures_stand_beside_the_present_ones() -> None:
    drawn = tables([results(a=1), results(a=2)])
    assert "| case | of | manifests | CPU s, `abc` | CPU s | wall s | peak MiB | runs |" in drawn
    assert "| `a` | 1 |  | 1.00 | 2.00 | 4.00 | 1.00 | 1 |" in drawn
    assert drawn.count("not measured") == 2 * len(GOALS)


def test_figures_of_another_commit_are_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.__main__.RESULTS", tmp_path)
    save(results(a=1), tmp_path / "old.json")
    with pytest.raises(SystemExit):
        main(["--scenarios", "start", "--out", "old"])
    assert "is of another commit" in capsys.readouterr().err
    assert load(tmp_path / "old.json") == results(a=1)


def test_what_was_chosen_is_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.RESULTS", tmp_path)
    main(["--scenarios", "looks", "--n", "2", "--out", "new"])
    found = load(tmp_path / "new.json")
    assert {case: len(runs) for case, runs in found.runs.items()} == {
        Case("looks/outputs", 2): ROUNDS,
        Case("looks/status", 2): ROUNDS,
    }
    assert found.about.keys() == ABOUT.keys()


def test_an_unknown_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--scenarios", "start,nonsense"])
    assert "no such scenario: nonsense" in capsys.readouterr().err
