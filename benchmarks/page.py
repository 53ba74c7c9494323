"""The tables of docs/explanation/performance.md, drawn from raw figures; the prose around them is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.goals import GOALS, Goal
from benchmarks.place import PAGE, RESULTS
from benchmarks.results import Case, Results, load

_DRAWN = re.compile(r"<!-- figures: (?P<names>[^>]*) -->\n.*?<!-- end of figures -->\n", re.DOTALL)
"""What is drawn, with the names of the files that it is drawn from, earlier ones first."""


def performance_page() -> str:
    """Return the page with its tables drawn again from the files that it names."""
    text = PAGE.read_text(encoding="utf-8")
    found = _DRAWN.search(text)
    if found is None:
        raise ValueError(f"{PAGE} does not say which figures it shows")
    return _redrawn(text, [RESULTS / name for name in found["names"].split()])


def redraw(newest: Path) -> None:
    """Draw the page from a new file from now on, beside the earliest that it names."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_redrawn(text, [RESULTS / name for name in shown_with(newest.name, text)]), "utf-8")


def shown_with(newest: str, text: str) -> list[str]:
    """Return the names of what a page shows once the newest figures are on it."""
    found = _DRAWN.search(text)
    before = found["names"].split()[:1] if found is not None else []
    return list(dict.fromkeys((*before, newest)))


def _redrawn(text: str, paths: Sequence[Path]) -> str:
    names = " ".join(path.name for path in paths)
    drawn = tables([load(path) for path in paths])
    block = f"<!-- figures: {names} -->\n\n{drawn}\n<!-- end of figures -->\n"
    return _DRAWN.sub(lambda _: block, text)


def tables(shown: Sequence[Results]) -> str:
    """Draw goals and cases: the last results are the present ones, those before them stand beside."""
    return "\n\n".join((*map(_about, shown), _goals(shown), _cases(shown))) + "\n"


def _about(results: Results) -> str:
    about = results.about
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    machine = about["machine"]
    place = f"{machine['cpu']}, {machine['system']}"
    return f"Measured on {about['date']} at commit `{about['commit']}`, {place};\n{versions}."


def _goals(shown: Sequence[Results]) -> str:
    earlier = [f"{results.about['date']}, `{results.about['commit']}`" for results in shown[:-1]]
    head = ("what", "goal", *earlier, "figure", "met")
    rows = [
        (goal.what, goal.words, *(_figure(goal, results) for results in shown), _verdict(goal.met(shown[-1])))
        for goal in GOALS
    ]
    return _table(head, rows)


def _figure(goal: Goal, results: Results) -> str:
    figure = goal.figure(results)
    if figure is None:
        return "not measured"
    # What has no unit is a count.
    return _number(figure) + goal.unit.removesuffix(" faster") if goal.unit else f"{figure:,.0f}"


def _verdict(met: bool | None) -> str:
    return "" if met is None else "yes" if met else "no"


def _cases(shown: Sequence[Results]) -> str:
    earlier = [f"CPU s, `{results.about['commit']}`" for results in shown[:-1]]
    head = ("case", "of", "manifests", *earlier, "CPU s", "wall s", "peak MiB", "runs")
    every = sorted({case for results in shown for case in results.runs})
    return _table(head, [_case(case, list(shown)) for case in every])


def _case(case: Case, shown: list[Results]) -> tuple[str, ...]:
    layout = {"each": "a file each", "many": "1,000 a file"}.get(case.layout, "")
    cpu = [_measure(results, case, "cpu") for results in shown]
    now = shown[-1]
    runs = len(now.runs.get(case, ()))
    return (
        f"`{case.name}`",
        f"{case.size:,}",
        layout,
        *cpu,
        _measure(now, case, "wall"),
        _measure(now, case, "peak"),
        str(runs),
    )


def _measure(results: Results, case: Case, measure: str) -> str:
    value = results.median(case, measure)
    return "" if value is None else _number(value)


def _number(value: float) -> str:
    """Show three digits, and no fewer than the whole part has."""
    if value == 0:
        return "0"
    digits = 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004 - decades
    return f"{value:.3f}" if value < 1 else f"{value:,.{digits}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
