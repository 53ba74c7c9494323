"""Rules and dashboard name what exists, and Prometheus' own tool has nothing against any of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ftops.controller import series
from ftops.controller.metrics import Metrics
from ftops.controller.reconciled import Result
from ftops.controller.series import Kind
from ftops.model.job import JobStatus
from tests.conftest import REPOSITORY
from tests.services import started
from tests.services.prometheus import NAME, promtool
from tests.unit.controller.measuring import ROOT, create, done, hold, keep, record, round_of, told, wait
from tests.unit.controller.test_measured import budgeted

RULES = REPOSITORY / "deploy/prometheus"
DASHBOARD = json.loads((REPOSITORY / "deploy/grafana/dashboard.json").read_text())
_WORDS = re.compile(r"ftops_[a-z_]+")
_MATCHER = re.compile(r"(ftops_[a-z_]+)\{([^}]*)\}")
_GROUPED = re.compile(r"(?:by|on) \(([^)]*)\)")
_OWN = {"project", "instance"}


@pytest.fixture(scope="module")
def tool() -> Iterator[str]:
    yield from started(NAME, promtool)


@pytest.fixture(scope="module")
def scrape() -> str:
    """What a controller has told after a round with something of everything."""
    held = budgeted(now=record("now", JobStatus.SUCCEEDED, 3.0))
    run = round_of(
        keep("a"),
        hold("b"),
        wait("c"),
        records={"a": record("a", JobStatus.SUCCEEDED, 1.0), "b": record("b", JobStatus.FAILED)},
        results=[done(create("d", 2.0))],
        purse=held,
    )
    metrics = Metrics(process=True)
    metrics.expect(ROOT, "shop")
    metrics.observer("shop", "oa")
    metrics(told(run))
    metrics(told(None, Result.FAILED))
    return metrics.text_to_resume()


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    drawn = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in rules()), *drawn]


def names(expression: str) -> set[str]:
    bare = re.sub(r'"[^"]*"', "", expression)
    return {
        re.sub(rf"^({series.DURATION.name})_(bucket|sum|count)$", r"\1", word)
        for word in _WORDS.findall(bare)
    }


@pytest.mark.parametrize("expression", expressions())
def test_every_name_and_label_in_an_expression_exists(expression: str, scrape: str) -> None:
    found = names(expression)
    assert found
    assert found <= series.BY_NAME.keys()
    for name in found:
        assert re.search(rf"^{name}(_bucket)?{{", scrape, re.MULTILINE), name
    for name, matchers in _MATCHER.findall(expression):
        known = {
            *series.BY_NAME[name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")].labels
        }
        assert set(re.findall(r"(\w+)=", matchers)) <= known | _OWN
    labels = {label for one in found for label in series.BY_NAME[one].labels}
    for grouped in _GROUPED.findall(expression):
        assert {label.strip() for label in grouped.split(",")} <= labels | _OWN


def test_what_is_told_is_drawn_or_watched() -> None:
    used = {name for expression in expressions() for name in names(expression)}
    assert {one.name for one in series.ALL} - used == set()


def test_every_series_is_told_as_it_is_declared(scrape: str) -> None:
    for one in series.ALL:
        assert f"# TYPE {one.name} {one.kind.value}\n" in scrape
        assert f"# HELP {one.name} {one.help}\n" in scrape
        assert one.kind is not Kind.COUNTER or one.name.endswith("_total")


def test_the_panels_have_places_of_their_own() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    taken = {
        (x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])
    }
    assert len(taken) == sum(p["w"] * p["h"] for p in places)
    assert all(x < 24 for x, _ in taken)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
    assert len({panel["title"] for panel in DASHBOARD["panels"]}) == len(places)


def test_every_rule_says_what_it_means_and_has_a_test_in_which_it_fires_and_clears() -> None:
    tests = yaml.safe_load((RULES / "alerts_test.yml").read_text())["tests"]
    asked: dict[str, list[bool]] = {}
    for one in tests:
        for test in one["alert_rule_test"]:
            asked.setdefault(test["alertname"], []).append("exp_alerts" in test)
    assert asked == {rule["alert"]: [False, True, False] for rule in rules()}
    for rule in rules():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        # A day and a half, minute by minute.
        pytest.param(("test", "rules", "alerts_test.yml"), marks=pytest.mark.slow),
    ],
)
def test_promtool_takes_the_rules_and_their_tests_pass(tool: str, arguments: tuple[str, ...]) -> None:
    ended = subprocess.run([tool, *arguments], cwd=RULES, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_promtool_has_nothing_against_what_is_served(tool: str, scrape: str) -> None:
    ended = subprocess.run(
        [tool, "check", "metrics"], input=scrape, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_promtool_takes_the_expressions_of_the_dashboard(tool: str, tmp_path: Any) -> None:
    found = [target["expr"].replace("$project", ".*") for panel in panels() for target in panel["targets"]]
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(found)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    ended = subprocess.run(
        [tool, "check", "rules", "panels.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
