"""Plans that are saved, looked at, and applied later, by real commands over real HTTP."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from ftops.manifests.schema import schema_text
from ftops.model.fingerprint import digest
from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_crashes import wait_until


def save(project: ProjectDirectory, *arguments: str) -> Path:
    assert project.ftops("plan", "--out", "saved.json", *arguments) == 0
    return project.root / "saved.json"


def edit(path: Path, change: Callable[[dict[str, object]], object], *, forge: bool = False) -> None:
    document = json.loads(path.read_text())
    change(document)
    if forge:
        document["digest"] = digest({key: value for key, value in document.items() if key != "digest"})
    path.write_text(json.dumps(document))


def test_a_saved_plan_is_shown_and_applied_without_a_question(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    path = save(project)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = project.out
    document = json.loads(path.read_text())
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    assert project.ftops("show", "saved.json") == 0
    assert project.out == shown
    assert project.ftops("show", "saved.json", "--format", "json") == 0
    assert json.loads(project.out) == document
    assert project.ftops("show", "saved.json", "--format", "markdown") == 0
    assert "| `+` create **a** | **unknown** | new, from " in project.out
    assert project.ftops("apply", "saved.json") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert project.ftops("apply", "saved.json") == 0
    assert "1 of 1 change of the saved plan is done already" in project.out
    assert emulator.jobs() == 1


def test_the_state_begins_with_the_lineage_of_the_first_saved_plan(project: ProjectDirectory) -> None:
    project.manifest("a")
    path = save(project)
    other = path.rename(project.root / "first.json")
    save(project)
    assert project.ftops("apply", "first.json") == 0
    stored = json.loads((project.root / ".ftops/state.json").read_text())
    assert stored["lineage"] == json.loads(other.read_text())["state"]["lineage"]
    assert project.ftops("apply", "saved.json") == 4
    assert "made from a different state" in project.err


@pytest.mark.parametrize(
    "edit_data",
    [
        lambda text: text.replace("q3", "q4", 1),
        lambda text: text + " ",
        lambda text: "x" + text[1:],
        lambda text: text[:-1],
        lambda _: "",
    ],
)
def test_one_byte_of_data_makes_a_plan_stale_even_if_the_data_is_wrong_now(
    project: ProjectDirectory, emulator: Emulator, edit_data: Callable[[str], str]
) -> None:
    project.manifest("a")
    save(project)
    data = project.root / "data/train.jsonl"
    data.write_text(edit_data(data.read_text()))
    assert project.ftops("apply", "saved.json") == 4
    assert "stale" in project.err
    assert "data/train.jsonl has changed" in project.err
    assert emulator.jobs() == 0


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (lambda p: p.manifest("a", "seed: 7"), "the manifest of a has changed"),
        (lambda p: p.manifest("a", labels="{team: x}"), "the manifest of a has changed"),
        (lambda p: p.manifest("b", "suffix: b"), "b was added"),
        (lambda p: (p.root / "jobs/z.yaml").unlink(), "z was removed"),
        (
            lambda p: p.write(
                "ftops.yaml", (p.root / "ftops.yaml").read_text().replace("api_key", "project: x, api_key")
            ),
            "provider local of ftops.yaml has changed",
        ),
    ],
)
def test_what_was_declared_otherwise_since_is_said(
    project: ProjectDirectory, emulator: Emulator, move: Callable[[ProjectDirectory], object], words: str
) -> None:
    project.manifest("a")
    project.manifest("z", "suffix: z")
    save(project)
    move(project)
    assert project.ftops("apply", "saved.json") == 4
    assert words in project.err
    assert emulator.jobs() == 0


def test_a_job_that_only_went_on_leaves_the_plan_valid(project: ProjectDirectory, emulator: Emulator) -> None:
    for name in ("a", "b", "c"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("b", "suffix: b\nseed: 2")
    project.manifest("d", "suffix: d")
    save(project)
    assert project.plan()["a"] == "cancel removed"
    emulator.advance(10_000)
    assert project.ftops("apply", "saved.json") == 0
    assert project.plan() == {
        "b": "keep in-progress",
        "c": "keep succeeded",
        "d": "keep in-progress",
    }
    assert emulator.requests("cancel") == 0
    assert emulator.jobs() == 5


def test_a_record_that_other_plans_moved_on_makes_a_plan_stale(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "seed: 1")
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    project.manifest("a", "seed: 2")
    save(project)
    project.ftops("apply", "--yes")
    project.manifest("a", "seed: 3")
    project.ftops("apply", "--yes")
    project.manifest("a", "seed: 2")
    assert project.ftops("apply", "saved.json") == 4
    assert "its record was 1.1, job ftjob-" in project.err
    assert emulator.jobs() == 3


def test_a_half_applied_plan_does_only_the_rest(project: ProjectDirectory, emulator: Emulator) -> None:
    for name in ("a", "b", "c"):
        project.manifest(name, f"suffix: {name}")
    # What was not taken is tried again after the settle time, if that is shorter than a minute.
    settings = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", settings.replace("api_key:", "settle: 0, api_key:"))
    save(project)
    emulator.fault("quota", "create", skip=1)
    assert project.ftops("apply", "saved.json", "--parallelism", "1") == 0
    assert "skipped" in project.out
    before = emulator.jobs()
    assert 1 <= before < 3
    assert project.ftops("apply", "saved.json", "--format", "json") == 0
    document = json.loads(project.out)
    assert document["applied"]["done"] == 3 - before
    assert emulator.jobs() == 3
    assert set(project.plan().values()) == {"keep in-progress"}


def test_a_create_in_doubt_is_not_sent_again_and_is_adopted_by_the_same_plan(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    save(project)
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", skip=1, seconds=60)
    assert project.ftops("apply", "saved.json") == 4
    assert project.ftops("apply", "saved.json") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.requests("create") == 1


def test_a_create_that_settles_waits_and_is_not_stale(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    save(project)
    emulator.fault("drop", "create")
    assert project.ftops("apply", "saved.json") == 4
    assert project.ftops("apply", "saved.json") == 0
    assert "an earlier create got no clear answer" in project.out
    assert emulator.requests("create") == 1


def test_nothing_is_done_that_the_saved_plan_does_not_hold(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "suffix: a")
    project.manifest("b", "suffix: b", model="{from: a}")
    save(project, "--target", "a")
    assert project.ftops("apply", "saved.json") == 0
    emulator.advance(10_000)
    save(project, "--target", "a")
    assert project.plan()["b"] == "create new"
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 1


def test_a_wait_that_became_ready_is_not_created_by_the_saved_plan(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "suffix: a")
    project.manifest("b", "suffix: b", model="{from: a}")
    save(project)
    project.ftops("apply", "saved.json")
    emulator.advance(10_000)
    assert project.ftops("apply", "saved.json") == 0
    assert project.plan() == {"a": "keep succeeded", "b": "create new"}


def test_a_selected_plan_survives_the_end_of_what_it_forgets(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    (project.root / "jobs/a.yaml").unlink()
    save(project, "--target", "a")
    project.manifest("c", "suffix: c")
    assert project.ftops("apply", "saved.json") == 0
    assert project.plan() == {"b": "keep in-progress", "c": "create new"}
    assert project.ftops("apply", "saved.json") == 0
    assert "done already" in project.out


def test_lifted_limits_are_saved_with_the_plan_and_judge_only_what_is_left(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  limits: {max_creates: 1}\n"))
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    save(project, "--allow", "creates=2")
    assert project.ftops("apply", "saved.json", "--allow", "creates=3") == 64
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 2


def test_a_refused_plan_is_saved_to_be_shown_and_not_applied(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  limits: {max_creates: 0}\n"))
    project.manifest("a")
    assert project.ftops("plan", "--out", "saved.json") == 3
    assert project.ftops("show", "saved.json") == 0
    assert "max_creates" in project.out
    project.write("ftops.yaml", text)
    assert project.ftops("apply", "saved.json") == 3
    assert "was refused when it was made (max_creates)" in project.err
    assert emulator.jobs() == 0


def test_a_plan_from_an_incomplete_list_creates_nothing(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    project.manifest("c", "suffix: c")
    emulator.fault("truncate_list", "list")
    emulator.fault("html", "list")
    save(project)
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 2


def test_a_list_that_ends_early_withholds_the_steps_of_a_saved_plan(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    project.manifest("c", "suffix: c")
    (project.root / "jobs/a.yaml").unlink()
    save(project)
    emulator.fault("truncate_list", "list")
    emulator.fault("html", "list")
    assert project.ftops("apply", "saved.json") == 4
    assert "to be created once provider local can be listed to the end" in " ".join(project.out.split())
    assert emulator.jobs() == 2
    assert emulator.requests("cancel") == 0
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 3
    assert emulator.requests("cancel") == 1


def test_a_change_of_a_plan_file_is_noticed(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    path = save(project)
    edit(path, lambda document: document["changes"][0].update(generation=2))  # type: ignore[index]
    for command in ("apply", "show"):
        assert project.ftops(command, "saved.json") == 1
        assert "was changed after it was written" in project.err
    assert emulator.jobs() == 0


def test_a_forged_digest_does_no_more_than_a_new_plan_would(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    path = save(project)
    edit(path, lambda document: document["changes"][0].update(generation=2), forge=True)  # type: ignore[index]
    assert project.ftops("apply", "saved.json") == 4
    assert "a was to create and is now create" in project.err
    assert emulator.jobs() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(project="other"), "is for project other, this is test-p1"),
        (lambda d: d.update(format_version=2), "newer ftops"),
        (lambda d: d.update(bindings={}), "not bound to anything"),
        (lambda d: d["changes"][0].pop("reason"), "is damaged or was edited"),
        (lambda d: d["changes"][0].update(action="explode"), "is damaged or was edited"),
        (lambda d: d.pop("changes"), "not a plan file"),
    ],
)
def test_a_foreign_plan_file_is_refused_in_one_sentence(
    project: ProjectDirectory, emulator: Emulator, change: Callable[[dict[str, object]], object], words: str
) -> None:
    project.manifest("a")
    edit(save(project), change, forge=True)
    assert project.ftops("apply", "saved.json") == 1
    assert words in project.err
    assert len(project.err.splitlines()) == 1
    assert emulator.jobs() == 0


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "github"])
def test_a_forged_plan_is_shown_or_refused_in_one_sentence(project: ProjectDirectory, form: str) -> None:
    project.manifest("a")
    path = save(project)
    huge = {"low": 1e308, "high": 1e308, "currency": "USD", "about": False, "because": [], "price": None}
    edit(path, lambda d: d["changes"][0].update(estimated_cost=huge), forge=True)  # type: ignore[index]
    edit(path, lambda d: d["review"].update(max_cost=1e-300), forge=True)  # type: ignore[attr-defined]
    assert project.ftops("show", "saved.json", "--format", form) == 0
    edit(path, lambda d: d["review"].update(same_training=[[]]), forge=True)  # type: ignore[attr-defined]
    assert project.ftops("show", "saved.json", "--format", form) == 1
    assert "is damaged or was edited: review.same_training.0" in project.err
    assert len(project.err.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 900 + "]" * 900, '{"format_version": 1}'])
def test_a_file_that_is_no_plan_is_refused_in_one_sentence(project: ProjectDirectory, text: str) -> None:
    project.write("saved.json", text)
    for command in ("apply", "show"):
        assert project.ftops(command, "saved.json") == 1
        assert "not a plan file" in project.err
        assert len(project.err.splitlines()) == 1


def test_a_plan_file_that_cannot_be_read_or_written_is_said(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("show", "nowhere.json") == 1
    assert "cannot read the plan" in project.err
    assert project.ftops("plan", "--out", "nowhere/saved.json") == 1
    assert "cannot write the plan" in project.err
    assert project.ftops("plan", "--out", "jobs") == 1
    assert not [path.name for path in project.root.iterdir() if path.name.startswith(".jobs")]


def test_the_state_may_not_be_swapped_under_a_saved_plan(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    project.manifest("a", labels="{team: x}")
    save(project)
    (project.root / ".ftops/state.json").unlink()
    assert project.ftops("apply", "saved.json") == 4
    assert "made from a different state" in project.err


def test_a_saved_plan_can_be_waited_for(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a", "suffix: a")
    save(project)
    assert project.ftops("apply", "saved.json", "--wait", "--timeout", "0.1s") == 4
    emulator.advance(10_000)
    assert project.ftops("apply", "saved.json", "--wait", "--timeout", "20s") == 0
    assert project.plan() == {"a": "keep succeeded"}


def test_a_kill_in_the_middle_of_a_saved_plan_leaves_only_the_rest_to_do(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b", "c"):
        project.manifest(name, f"suffix: {name}")
    save(project)
    emulator.fault("slow", "create", seconds=1, skip=1)
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "apply", "saved.json"]
    process = subprocess.Popen([*command, "--parallelism", "1"], stdout=subprocess.DEVNULL)
    wait_until(lambda: emulator.requests("create") == 2)
    process.kill()
    process.communicate()
    wait_until(lambda: emulator.jobs() == 2)
    assert project.ftops("apply", "saved.json") == 0
    assert "took over the lock" in project.err
    # The third create had its intent too: whether it was sent, only time can tell.
    assert project.plan() == {"a": "keep in-progress", "b": "keep in-progress", "c": "wait settling"}
    assert emulator.jobs() == 2
