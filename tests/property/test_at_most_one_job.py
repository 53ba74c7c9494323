"""The promise of the create protocol, over random histories of edits, faults, crashes and rival runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import asdict

from tests.conftest import REPOSITORY
from tests.simulator.bends import WORLDS
from tests.simulator.history import History, Step, generate
from tests.simulator.player import Player, play
from tests.simulator.shrinking import shrink, verdict
from tests.simulator.world import World, fine_tune

QUICK = [range(first, first + 25) for first in range(0, 250, 25)]
THOROUGH = range(1000, 5000)
ENGINES = range(3000, 5000)


def no_law_is_broken(seeds: Iterable[int]) -> None:
    for seed in seeds:
        found = verdict(generate(seed))
        if found is not None:
            steps = json.dumps(asdict(shrink(generate(seed))))
            pytest.fail(
                f"seed {seed}: {found}\nreplay: python -m tests.simulator {seed}\n"
                f"shrunk: python -m tests.simulator '{steps}'"
            )


@pytest.mark.parametrize("seeds", QUICK, ids=lambda seeds: str(seeds.start))
def test_no_history_breaks_a_law(seeds: range) -> None:
    no_law_is_broken(seeds)


ENGINE_STEPS: tuple[Step, ...] = (
    ("forget",),
    ("fault", "create", "late"),
    ("fault", "create", "lost reply"),
    ("run",),
    ("time",),
    ("declare",),
    ("set",),
    ("rename",),
    ("finish",),
)


def no_engine_breaks_a_law(seeds: Iterable[int]) -> None:
    for seed in seeds:
        history = generate(seed, "openai", ENGINE_STEPS, "engine")
        if (found := verdict(history)) is not None:
            steps = json.dumps(asdict(shrink(history)))
            pytest.fail(f"seed {seed}: {found}\nshrunk: python -m tests.simulator '{steps}'")


@pytest.mark.parametrize("seeds", QUICK[:6], ids=lambda seeds: str(seeds.start))
def test_no_history_of_an_engine_breaks_a_law(seeds: range) -> None:
    no_engine_breaks_a_law(seeds)


RETRY_STEPS: tuple[Step, ...] = (
    *(("set", name, "retry") for name in "abcd"),
    ("finish", "failed", 0),
    ("finish", "failed", 1),
    ("run",),
    ("crash",),
    ("time",),
)


def test_no_history_retries_before_its_pause_is_over() -> None:
    for seed in range(60):
        assert verdict(generate(seed, "openai", RETRY_STEPS, "plain")) is None, seed


@pytest.mark.slow
def test_thousands_of_histories_of_an_engine_break_no_law() -> None:
    no_engine_breaks_a_law(ENGINES)


@pytest.mark.slow
def test_thousands_of_histories_break_no_law() -> None:
    no_law_is_broken(THOROUGH)


def test_a_seed_replays_exactly_in_another_process() -> None:
    def replay(hash_seed: str) -> str:
        command = [sys.executable, "-m", "tests.simulator", "12"]
        environment = {"PYTHONHASHSEED": hash_seed, "PATH": str(Path(sys.executable).parent)}
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert replay("1") == replay("2")


def test_a_failing_history_shrinks_to_the_steps_that_matter() -> None:
    steps = (("declare", "a", 3), ("lag", 60), ("declare", "b", 2), ("run",), ("time", 100), ("run",))
    history = History("openai", 120.0, None, steps)

    def two_jobs(one: History) -> bool:
        player = Player(one)
        player.walk(one.steps)
        return len(player.world.provider.jobs) > 1

    shrunk = shrink(history, two_jobs)
    assert shrunk == History("openai", None, None, (("declare", "a", 0), ("declare", "b", 0), ("run",)))


HISTORIES_THAT_BROKE_A_LAW: dict[str, History] = {
    "a new fine-tune asked for the id of a job that had moved to another name": History(
        "openai",
        None,
        None,
        (
            ("declare", "d", 1),
            ("run",),
            ("restore", 3),
            ("rename", "d", "a"),
            ("run",),
            ("declare", "d", 1),
        ),
        "engine",
    ),
    "a rename onto a forgotten name re-used its number": History(
        "openai",
        None,
        None,
        (
            ("declare", "a", 1),
            ("run",),
            ("declare", "b", 1),
            ("remove", "a"),
            ("fault", "create", "not arrived"),
            ("run",),
            ("rename", "b", "a"),
        ),
    ),
    "two creates in doubt looked alike while the provider showed no hyperparameters": History(
        "openai_legacy",
        None,
        None,
        (
            ("declare", "d", 2),
            ("fault", "create", "late"),
            ("run",),
            ("time", 150),
            ("declare", "a", 3),
            ("fault", "list", "slow"),
            ("fault", "create", "not arrived"),
            ("run",),
        ),
    ),
    "a name took over the job that another name's create in doubt waits for": History(
        "openai",
        None,
        None,
        (
            ("declare", "d", 1),
            ("fault", "create", "repeated lost"),
            ("run",),
            ("rename", "d", "b"),
            ("declare", "d", 1),
        ),
    ),
    "a create that was refused hid the jobs of a lost state": History(
        "openai",
        None,
        None,
        (
            ("declare", "b", 1),
            ("run",),
            ("fault", "create", "unauthorized"),
            ("lag", 60),
            ("lose",),
            ("run",),
        ),
    ),
    "a chain waited for ever for a suspended fine-tune": History(
        "openai",
        None,
        None,
        (("declare", "a", 1), ("set", "a", "suspend"), ("declare", "c", 1), ("chain", "c", "a")),
    ),
}


@pytest.mark.parametrize("story", HISTORIES_THAT_BROKE_A_LAW)
def test_a_history_that_broke_a_law_breaks_none_any_more(story: str) -> None:
    play(HISTORIES_THAT_BROKE_A_LAW[story])


@pytest.mark.parametrize("dialect", ["openai", "openai_legacy"])
def test_a_list_that_lags_behind_a_lost_reply_never_causes_a_second_job(dialect: str) -> None:
    world = World(dialect)
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["lost reply"]
    world.provider.lag = 60
    world.apply()
    for _ in range(3):
        assert world.actions() == {"a": "wait settling"}
        world.apply()
    world.clock.time += 61
    world.apply()
    assert world.actions() == {"a": "keep in-progress"}
    assert len(world.provider.jobs) == 1


def test_a_create_that_never_arrived_is_sent_again_under_its_own_numbers() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["not arrived"]
    world.apply()
    world.clock.time += 2000
    world.apply()
    # One complete list proves nothing: the clock may have jumped.
    assert world.actions() == {"a": "wait settling"}
    world.clock.time += 900
    assert world.actions() == {"a": "create new"}
    world.apply()
    assert list(world.provider.paid()) == [("a", 1, 1)]


@pytest.mark.parametrize("dialect", ["openai", "openai_legacy"])
def test_a_lost_reply_is_adopted_in_the_same_run(dialect: str) -> None:
    world = World(dialect)
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["lost reply"]
    world.apply()
    assert world.actions() == {"a": "keep in-progress"}
    assert len(world.provider.jobs) == 1


def test_two_lookalikes_of_a_provider_without_stamps_are_told_apart() -> None:
    world = World("openai_legacy")
    world.declared["a"] = fine_tune("a")
    world.declared["b"] = fine_tune("b")
    world.provider.faults["create"] = ["lost reply"]
    world.apply()
    world.apply()
    assert set(world.actions().values()) == {"keep in-progress"}
    assert len(world.provider.jobs) == 2


def test_a_job_at_a_provider_without_stamps_that_could_be_ours_holds_the_create() -> None:
    world = World("openai_legacy")
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.lose_state()
    assert world.actions() == {"a": "hold lookalike"}


def test_a_lost_state_never_pays_again_where_jobs_are_stamped() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.lose_state()
    assert world.actions() == {"a": "hold other-lineage"}


def test_one_reply_for_two_creates_is_believed_by_neither() -> None:
    world = World(bends=WORLDS["marks dropped"])
    world.declared = {name: fine_tune(name, data="shared") for name in ("a", "b")}
    world.provider.faults["create"] = ["ok", "another's reply"]
    world.apply()
    assert [record.job for record in world.state().fine_tunes.values()] == [None, None]
    assert set(world.actions().values()) == {"hold ambiguous-create"}
    assert len(world.provider.jobs) == 2
