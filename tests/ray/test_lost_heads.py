"""A head that is killed while ftops has a job on it, with and without a memory: nothing is trained twice.

The clock of ftops is in the test's hand, so that nobody waits for `settle`; that of the head is not.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ftops.model.job import JobStatus
from ftops.model.project import EnvReference, ProviderSettings
from ftops.model.trainer import TrainerSettings
from ftops.providers.registry import open_provider
from ftops.state.backends.memory import MemoryBackend
from ftops.transport.references import References
from tests.chaos.ray import World, fine_tune
from tests.ray.head import Head
from tests.ray.test_with_ftops import TRAINER

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 180.0


class Ahead:
    """This machine's clocks, as far ahead as a test wants."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += seconds


class Lost:
    """One fine-tune on a head of its own, whose trainings wait for a gate after their first step."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder

    def steps(self) -> Counter[str]:
        """Count the steps that were made, by folder."""
        if not (ledger := self.folder / "ledger").exists():
            return Counter()
        return Counter(json.loads(line)["id"] for line in ledger.read_text().splitlines())

    def until(self, condition: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"{what}: {self.world.trace[-20:]}"
            time.sleep(0.2)

    def finish(self) -> None:
        """Open the gate, and apply until each fine-tune has its model."""
        (self.folder / "gate").touch()

        def trained() -> bool:
            self.world.clock.sleep(20.0)
            self.world.apply()
            records = self.world.state().fine_tunes
            jobs = [records[name].job for name in self.world.declared]
            return all(job is not None and job.status is JobStatus.SUCCEEDED for job in jobs)

        self.until(trained, "it is not trained")

    def judged(self) -> None:
        """Each folder has one result at most, and no step was made twice."""
        results = Counter(path.parent.name for path in (self.folder / "output").glob("*/result.json"))
        assert set(results.values()) == {1}
        ledger = [json.loads(line) for line in (self.folder / "ledger").read_text().splitlines()]
        made = Counter((row["id"], row["step"]) for row in ledger)
        assert set(made.values()) == {1}, made


@contextmanager
def lost(head: Head, folder: Path) -> Iterator[Lost]:
    """Declare one fine-tune at a head."""
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    (folder / "d.jsonl").write_text("".join(f"{json.dumps(row)}\n" for _ in range(12)))
    variables = {"COUNT_LEDGER": str(folder / "ledger"), "COUNT_GATE": str(folder / "gate")}
    trainer = TrainerSettings(
        str(folder / "output"),
        entrypoint=f"exec python {TRAINER} job.json",
        runtime_env={"env_vars": variables},
    )
    key = EnvReference("TOKEN") if head.token else None
    settings = ProviderSettings("farm", "ray", head.url, key, settle=120.0, trainer=trainer)
    environ = {"TOKEN": head.token or ""}
    provider = open_provider(settings, environ, references=References(environ, folder))
    clock = Ahead()
    world = World(folder, head.url, settings, clock, provider, MemoryBackend(clock.now))
    world.declared["a"] = fine_tune("a", 3)
    try:
        yield Lost(world, folder)
    finally:
        provider.close()


def test_a_head_that_forgets_has_lost_its_jobs_and_nothing_starts_before_settle(
    forgetful: Head, tmp_path: Path
) -> None:
    with lost(forgetful, tmp_path) as one:
        one.world.apply()
        one.until(lambda: sum(one.steps().values()) == 1, "it does not train")
        forgetful.kill()
        forgetful.begin()
        plan = one.world.apply()
        assert plan is not None
        assert [f"{change.action} {change.reason}" for change in plan.changes] == ["wait missing"]
        assert any("lost its memory" in note for note in plan.notes)
        assert len(one.steps()) == 1
        one.finish()
        one.judged()
        assert len(one.steps()) == 2, "one attempt was lost, one has trained"


def test_a_head_that_remembers_says_which_job_has_died(remembering: Head, tmp_path: Path) -> None:
    with lost(remembering, tmp_path) as one:
        one.world.apply()
        one.until(lambda: sum(one.steps().values()) == 1, "it does not train")
        remembering.kill()
        remembering.begin()
        # Ray takes a job for running that died with its head, until it is told to start or stop one.
        one.world.declared["b"] = fine_tune("b", 2)
        one.finish()
        one.judged()
        first, *_ = one.world.state().fine_tunes["a"].history
        assert first.status is JobStatus.FAILED
        assert one.world.state().providers["farm"].session is not None
