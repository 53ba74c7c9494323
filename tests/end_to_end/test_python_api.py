"""The Python API over real HTTP: what it does, and what it refuses to do."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

import ftops
from ftops.state.backends.local import LocalBackend
from ftops.state.holder import current_holder
from tests.conftest import Emulator, ProjectDirectory


def test_a_plan_is_applied_once_and_a_second_time_does_nothing(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    events: list[ftops.Event] = []
    with ftops.open_project(project.root) as opened:
        plan = opened.plan()
        assert [change.action for change in plan.effective_changes] == [ftops.Action.CREATE]
        result = opened.apply(plan, on_event=events.append)
        result.raise_for_failures()
        assert [one.outcome for one in result.done] == [ftops.Outcome.DONE]
        assert ftops.EventKind.CHANGE_DONE in [event.kind for event in events]
        assert len(opened.apply(plan)) == 0
        assert [row.status for row in opened.status()] == ["pending"]
        emulator.advance(10_000)
        assert list(opened.outputs()) == ["a"]
    assert emulator.jobs() == 1
    assert project.plan() == {"a": "keep succeeded"}


def test_what_the_plan_did_not_show_is_refused_as_a_whole(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.ftops("apply", "--yes")
    project.manifest("b", "suffix: b")
    with ftops.open_project(project.root) as opened:
        plan = opened.plan()
        # Somebody edits a meanwhile: now its job is to be replaced, and the plan never said so.
        project.manifest("a", "hyperparameters: {n_epochs: 4}")
        with pytest.raises(ftops.NeedsPerson, match="changed since it was approved: a"):
            opened.apply(plan)
    assert (emulator.requests("create"), emulator.requests("cancel")) == (1, 0)


def test_what_somebody_else_applied_meanwhile_is_not_undone(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.ftops("apply", "--yes")
    project.manifest("b", "suffix: b")
    with ftops.open_project(project.root) as opened:
        plan = opened.plan()
        project.manifest("a", "hyperparameters: {n_epochs: 4}")
        assert project.ftops("apply", "--yes", "--target", "a") == 0
        assert [one.change.name for one in opened.apply(plan).done] == ["b"]
    assert project.plan() == {"a": "keep in-progress", "b": "keep in-progress"}
    assert (emulator.requests("create"), emulator.requests("cancel")) == (3, 1)


def test_a_plan_of_one_part_never_does_another(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b")
    with ftops.open_project(project.root) as opened:
        opened.apply(opened.plan(targets=["a"]))
        assert [row.job_id is not None for row in opened.status()] == [True, False]
    assert emulator.jobs() == 1


def test_only_a_plan_of_this_open_project_is_taken(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    with ftops.open_project(project.root) as opened:
        old = opened.plan()
    with ftops.open_project(project.root) as opened:
        for wrong in (old, None, old.to_dict(), "plan"):
            with pytest.raises(ftops.UsageError, match="a plan that this open project made"):
                opened.apply(wrong)  # type: ignore[arg-type] # what a mistaken program does
    with pytest.raises(ftops.UsageError, match="closed"):
        opened.plan()
    assert emulator.jobs() == 0


def test_limits_refuse_and_are_lifted_by_name(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  limits: {max_creates: 1}\n"))
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    with ftops.open_project(project.root) as opened:
        plan = opened.plan()
        assert not plan.applicable
        with pytest.raises(ftops.Refused, match="max"):
            opened.apply(plan)
        assert emulator.jobs() == 0
        opened.apply(opened.plan(allow={"creates": 2})).raise_for_failures()
        with pytest.raises(ftops.UsageError, match="no limit is named creatse"):
            opened.plan(allow={"creatse": 2})
        with pytest.raises(ftops.UsageError, match="not one string"):
            opened.plan(targets="a")
    assert emulator.jobs() == 2


def test_a_frozen_project_plans_and_does_not_apply(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.write(".ftops/freeze", "incident 42\n")
    with ftops.open_project(project.root) as opened:
        plan = opened.plan()
        with pytest.raises(ftops.Refused, match="incident 42"):
            opened.apply(plan)
    assert emulator.jobs() == 0


def test_a_held_lock_is_respected(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    lease = LocalBackend(project.root / ".ftops/state.json").lock(current_holder("apply", {}, 0.0), 0.0)
    with ftops.open_project(project.root) as opened, pytest.raises(ftops.LockHeld):
        opened.apply(opened.plan())
    lease.release()
    assert emulator.jobs() == 0


def test_a_failed_change_is_in_the_result_and_stops_no_other(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", model="no-such-model")
    project.manifest("b", "suffix: b")
    with ftops.open_project(project.root) as opened:
        result = opened.apply(opened.plan())
        assert [one.change.name for one in result.failed] == ["a"]
        assert [one.change.name for one in result.done] == ["b"]
        with pytest.raises(ftops.FtopsError, match="a: "):
            result.raise_for_failures()
    assert emulator.jobs() == 1


def test_a_create_in_doubt_asks_for_another_plan(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    emulator.fault("drop", "create")
    with ftops.open_project(project.root) as opened:
        result = opened.apply(opened.plan())
        with pytest.raises(ftops.NeedsPerson, match="it is not sent again"):
            result.raise_for_failures()
    assert emulator.requests("create") == 1


def test_stop_ends_an_apply_after_what_is_in_flight(project: ProjectDirectory, emulator: Emulator) -> None:
    for name in "abcdef":
        project.manifest(name, f"suffix: {name}")
    with ftops.open_project(project.root) as opened:

        def stop(event: ftops.Event) -> None:
            if event.kind is ftops.EventKind.CHANGE_DONE:
                threading.Thread(target=opened.stop).run()

        result = opened.apply(opened.plan(), parallelism=1, on_event=stop)
    assert (len(result.done), len(result.skipped)) == (4, 2)
    assert emulator.jobs() == 4


def test_a_listener_that_fails_does_not_end_an_apply_half_way(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")

    def fail(_: ftops.Event) -> None:
        raise RuntimeError("the listener is broken")

    with ftops.open_project(project.root) as opened:
        with pytest.raises(RuntimeError, match="the listener is broken"):
            opened.apply(opened.plan(), on_event=fail)
        assert [row.status for row in opened.status()] == ["pending", "pending"]
    assert emulator.jobs() == 2
    assert set(project.plan().values()) == {"keep in-progress"}


def test_keys_come_from_the_environment_that_is_given(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    monkeypatch.delenv("FTOPS_TEST_KEY")
    with ftops.open_project(project.root) as opened:
        resting = opened.plan()
        assert "FTOPS_TEST_KEY is not set" in resting.incomplete["local"]
        assert not resting.effective_changes
        with pytest.raises(ftops.InvalidInput):
            opened.providers["local"]
    with ftops.open_project(project.root, environ={"FTOPS_TEST_KEY": "sk-mine"}) as opened:
        assert opened.plan().applicable
        assert "sk-mine" not in repr(opened) + repr(opened.plan()) + repr(dict(opened.providers))


def test_a_signal_handler_of_the_program_is_left_alone(project: ProjectDirectory) -> None:
    project.manifest("a")
    seen: list[bool] = []

    def work() -> None:
        with ftops.open_project(project.root, environ={"FTOPS_TEST_KEY": "k"}) as opened:
            seen.append(opened.plan().applicable)

    # Only the main thread may set signal handlers: elsewhere an attempt would raise.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]


def test_a_provider_is_opened_without_a_project(emulator: Emulator, tmp_path: Path) -> None:
    with ftops.open_provider("openai", api_key="sk-x", base_url=emulator.base_url) as provider:
        page, status, headers = provider.list_fine_tunes_with_http_info()
        assert (page.jobs, page.complete, status) == ((), True, 200)
        assert "json" in headers["content-type"]
    for name in ("create", "list", "retrieve", "cancel"):
        plural = "s" if name == "list" else ""
        assert callable(getattr(provider, f"{name}_fine_tune{plural}_with_http_info"))
    assert callable(provider.list_fine_tune_events_with_http_info)


@pytest.mark.parametrize(
    ("dialect", "arguments", "words"),
    [
        ("opnai", {"api_key": "k"}, "use one of: .*openai"),
        ("openai", {}, "needs api_key"),
        ("openai", {"api_key": ""}, "needs api_key"),
        ("openai_legacy", {"api_key": "k"}, "pass base_url"),
    ],
)
def test_what_a_provider_lacks_is_said_before_any_request(
    dialect: str, arguments: dict[str, str], words: str
) -> None:
    with pytest.raises(ftops.UsageError) as caught, ftops.open_provider(dialect, **arguments):  # type: ignore[arg-type] # strings only
        pass
    assert re.search(words, f"{caught.value.message} {caught.value.hint}")


def test_in_ci_a_key_does_not_go_to_any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    url = "https://somebody.example/v1"
    with pytest.raises(ftops.Refused), ftops.open_provider("openai", api_key="k", base_url=url):
        pass


def test_every_problem_of_a_project_stands_in_the_error_that_a_program_sees(
    project: ProjectDirectory,
) -> None:
    project.manifest("a", "sufix: x\nsed: 1")
    with pytest.raises(ftops.InvalidInput) as caught, ftops.open_project(project.root):
        pass
    assert "2 problems in the project:\njobs/a.yaml:7" in str(caught.value)
    assert "'sed'" in str(caught.value)
