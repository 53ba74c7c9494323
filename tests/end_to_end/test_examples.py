"""Each example is planned, applied to its end, planned again without a change, and gives its models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ftops.cli.main import run
from tests.conftest import REPOSITORY

EXAMPLES = {
    "quickstart": {"workshop-answers": "local", "workshop-short": "local"},
    "legacy": {"parcel-messages": "founding"},
    "own-machines": {"triage": "farm", "triage-signed": "farm"},
    "monorepo": {
        "booking-extract": "bookings",
        "guest-answers": "chat",
        "guest-answers-german": "chat",
        "house-style": "chat",
        "review-mood": "inhouse",
    },
}
"""Example -> its fine-tunes, each with the provider that trains it."""

ELSEWHERE = {
    "own-machines": ("{env: RAY_API_SERVER_ADDRESS}", '"emulator:.ftops/e.db"\n      emulator: {speed: 600}'),
}
"""Example -> the address that is not of the embedded emulator, and what stands for it here."""


def _run_by_hand(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["-C", str(root), *arguments])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_applies_to_its_end_and_then_has_nothing_to_do(
    example: str, copy_example: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_example(example)
    settings = root / "ftops.yaml"
    settings.write_text(settings.read_text().replace(*ELSEWHERE.get(example, ("", ""))))
    code, out = _run_by_hand(root, capsys, "plan", "--format", "json")
    assert code == 0
    assert {change["name"] for change in json.loads(out)["changes"]} == EXAMPLES[example].keys()
    settings.write_text(settings.read_text().replace("speed: 600", "speed: 100000"))
    assert _run_by_hand(root, capsys, "apply", "--yes", "--wait", "--timeout", "5m")[0] == 0
    code, out = _run_by_hand(root, capsys, "plan", "--detailed-exitcode")
    assert (code, "0 to create, 0 to replace, 0 to cancel" in out) == (0, True)
    outputs = json.loads(_run_by_hand(root, capsys, "outputs", "--format", "json")[1])
    assert {name: output["provider"] for name, output in outputs.items()} == EXAMPLES[example]
    assert all(output["model"] for output in outputs.values())


def test_every_example_that_is_a_project_stands_in_this_test() -> None:
    folders = {path.parent.name for path in (REPOSITORY / "examples").glob("*/ftops.yaml")}
    assert folders == EXAMPLES.keys()


def test_the_monorepo_selects_a_team_with_what_it_starts_from(
    copy_example: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_example("monorepo")
    code, out = _run_by_hand(root, capsys, "plan", "--selector", "team=guests", "--format", "json")
    assert code == 0
    actions = {change["name"]: change["action"] for change in json.loads(out)["changes"]}
    assert actions == {"house-style": "create", "guest-answers": "wait", "guest-answers-german": "wait"}


def test_the_defaults_of_the_monorepo_reach_every_team(
    copy_example: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_example("monorepo")
    specs = {
        change["name"]: change["spec"]["hyperparameters"]
        for change in json.loads(_run_by_hand(root, capsys, "plan", "--format", "json")[1])["changes"]
        if change["action"] == "create"
    }
    assert {name: values["n_epochs"] for name, values in specs.items()} == {
        "booking-extract": 4,
        "house-style": 3,
        "review-mood": 3,
    }


def test_the_legacy_example_asks_for_classification_metrics(
    copy_example: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_example("legacy")
    (change,) = json.loads(_run_by_hand(root, capsys, "plan", "--format", "json")[1])["changes"]
    assert change["spec"]["provider_options"]["classification_n_classes"] == 4
    assert [(data["role"], data["examples"]) for data in change["data"]] == [
        ("training", 64),
        ("validation", 16),
    ]
