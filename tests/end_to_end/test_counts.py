"""What a run costs, in exact counts: they catch a slower ftops on any machine, where a timer would not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ftops.reconciler.loading import load
from ftops.version import __version__
from tests.conftest import ProjectDirectory

CHECKOUT = Path(__file__).resolve().parents[2]

COUNTED = """
import json, sys
root, *arguments = sys.argv[1:]
opened, renamed = [], []
def heard(event, told):
    if event == "open" and isinstance(told[0], str) and told[0].startswith(root):
        opened.append(told[0][len(root) + 1:])
    elif event == "os.rename" and str(told[1]).startswith(root):
        renamed.append(str(told[1])[len(root) + 1:])
sys.addaudithook(heard)
from ftops.cli.main import run
code = run(["-C", root, *arguments])
print(json.dumps({"code": code, "opened": opened, "renamed": renamed, "modules": sorted(sys.modules)}))
"""


def counted(root: Path, *arguments: str) -> dict[str, Any]:
    """Run a command in a process of its own; count the project's files that it opens and renames."""
    ran = subprocess.run(
        [sys.executable, "-c", COUNTED, str(root), *arguments], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found | {"requests": [line for line in ran.stderr.splitlines() if "127.0.0.1" in line]}


def seen(root: Path) -> None:
    """Load until every file is old enough to be remembered."""
    while len(load(root, remembering=True).believed) < 4:
        pass


def declare(project: ProjectDirectory) -> None:
    for name in "abc":
        project.manifest(name)


def test_a_second_plan_opens_no_manifest_and_no_data(project: ProjectDirectory) -> None:
    declare(project)
    assert project.ftops("apply", "--yes") == 0
    seen(project.root)
    found = counted(project.root.resolve(), "-v", "plan")
    assert found["code"] == 0
    assert sorted(set(found["opened"])) == [".ftops/cache/index", ".ftops/state.json", "ftops.yaml"]
    assert len(found["opened"]) == 3
    assert found["renamed"] == []
    assert len(found["requests"]) == 1


PRICE = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 3}}}\n"


def test_a_plan_with_prices_opens_no_data_that_was_counted(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text() + PRICE)
    declare(project)
    seen(project.root)
    root = project.root.resolve()
    assert counted(root, "plan")["opened"].count("data/train.jsonl") == 1
    again = counted(root, "plan")
    cache = [".ftops/cache/index", ".ftops/cache/tokens"]
    assert sorted(again["opened"]) == [*cache, ".ftops/state.json", "ftops.yaml"]
    assert again["renamed"] == []
    # Another manifest on the same data: it is priced, and the data is not opened.
    project.manifest("a", "hyperparameters: {n_epochs: 7}")
    changed = counted(root, "plan")
    assert "jobs/a.yaml" in changed["opened"]
    assert "data/train.jsonl" not in changed["opened"]


@pytest.mark.parametrize("budget", ["", "  budget: {day: 100}\n"])
def test_data_is_counted_once_however_often_a_plan_is_priced(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch, budget: str
) -> None:
    monkeypatch.setenv("CI", "1")  # There, no counts of an earlier run are believed.
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text() + PRICE + budget)
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    found = counted(project.root.resolve(), "reconcile", "--once")
    assert found["code"] == 0
    # It is checked, counted, checked again before anything is paid for, and sent.
    assert found["opened"].count("data/train.jsonl") == 4


def test_an_apply_writes_the_state_by_the_wave_and_not_by_the_job(project: ProjectDirectory) -> None:
    declare(project)
    found = counted(project.root.resolve(), "-v", "apply", "--yes")
    assert found["code"] == 0
    state = ".ftops/state.json"
    # The intents, and the jobs that they became; then the digests of the rows that they train on.
    *written, kept = found["renamed"]
    assert written == [".ftops/cache/index", state, f"{state}.backup", state]
    assert kept.startswith(".ftops/cache/rows/")
    asked = Counter(" ".join(line.split()[:3:2]) for line in found["requests"])
    jobs, files = "/fine_tuning/jobs", "/files"
    assert asked == {f"GET {jobs}": 1, f"GET {files}": 1, f"POST {files}": 1, f"POST {jobs}": 3}
    # Each manifest once; the data once to judge it, once to send it, and once to keep its rows' digests.
    manifests = [f"jobs/{name}.yaml" for name in "abc"]
    assert [file for file in found["opened"] if file in manifests] == manifests
    assert found["opened"].count("data/train.jsonl") == 3
    # Again at once: the files are too young to be believed, so they are read, and the state is not written.
    again = counted(project.root.resolve(), "-v", "apply", "--yes")
    assert len(again["requests"]) == 1
    assert again["opened"].count("data/train.jsonl") <= 1
    assert state not in again["renamed"]


def test_a_look_at_the_version_imports_next_to_nothing() -> None:
    script = (
        "import sys; sys.argv = ['ftops', '--version']; from ftops.__main__ import main; main(); "
        "heavy = 'click msgspec typing logging enum signal gc re'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    # Without what an environment has put into the start of its own Python.
    path = f"import sys; sys.path[:0] = {[str(CHECKOUT)]!r}; "
    command = [sys.executable, "-I", "-S", "-c", path + script]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [f"ftops {__version__}", "[]"]


HEAVY = (
    "msgspec",
    "requests",
    "urllib3",
    "jsonschema",
    "jsonschema_rs",
    "deepdiff",
    "celpy",
    "flask",
    "jinja2",
    "yaml",
    "sqlite3",
    "ssl",
)


@pytest.mark.parametrize(
    ("arguments", "may"),
    [
        (("--help",), ()),
        (("schema", "finetune"), ("msgspec", "jsonschema_rs", "yaml")),
        (("validate",), ("msgspec", "jsonschema_rs", "yaml")),
        (("plan", "--help"), ("msgspec", "jsonschema_rs", "yaml")),
        (("plan",), ("msgspec", "jsonschema_rs", "yaml", "urllib3", "ssl")),
    ],
)
def test_a_command_imports_what_it_needs(
    project: ProjectDirectory, arguments: tuple[str, ...], may: tuple[str, ...]
) -> None:
    project.manifest("a")
    found = counted(project.root.resolve(), *arguments)
    assert [name for name in HEAVY if name in found["modules"] and name not in may] == []
