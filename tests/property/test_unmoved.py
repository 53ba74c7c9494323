"""What is kept at a glance is what the table would keep, whatever has happened to a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from ftops.model.change import FieldDifference
from ftops.model.fingerprint import FORMS
from ftops.model.job import JobStatus, Progress
from ftops.model.planning import Inputs
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.planner.composition import change_for
from ftops.planner.planner import _Planner
from tests.property.test_planner_laws import worlds
from tests.simulator.world import World

Bend = Callable[[Record, RecordedJob], Record]


def _job(**how: object) -> Bend:
    return lambda record, job: replace(record, job=replace(job, **how))  # type: ignore[arg-type]


BENDS: dict[str, Bend] = {
    "as it is": lambda record, job: record,
    "running": _job(status=JobStatus.RUNNING),
    "cancelling": _job(status=JobStatus.CANCELLING),
    "cancel accepted": _job(status=JobStatus.RUNNING, cancel_accepted=1.0),
    "succeeded": _job(status=JobStatus.SUCCEEDED),
    "failed": _job(status=JobStatus.FAILED),
    "missing": _job(status=JobStatus.RUNNING, missing_since=1.0),
    "altered": _job(altered=(FieldDifference("seed", 1, 2),)),
    "detached": _job(status=JobStatus.RUNNING, detached=True),
    "elsewhere": _job(provider="gone"),
    "of another nonce": _job(nonce="another"),
    "another training": lambda record, job: replace(record, fingerprint=f"f1:{'0' * 64}"),
    "no spec": lambda record, job: replace(record, spec={}),
    "other labels": lambda record, job: replace(record, labels={"other": "label"}),
    "suspended": lambda record, job: replace(record, lifecycle=replace(record.lifecycle, suspend=True)),
    "with history": lambda record, job: replace(record, history=(replace(job, id="earlier"),)),
    "cancelled by hand": lambda record, job: replace(record, cancelled_by_hand=(record.fingerprint,)),
}


def bent(state: State, bend: Bend) -> State:
    records = {name: bend(one, one.job) if one.job else one for name, one in state.fine_tunes.items()}
    return replace(state, fine_tunes=records)


def inputs(world: World) -> Iterator[tuple[str, Inputs]]:
    loaded, reviewed = world.look()
    for what, bend in BENDS.items():
        yield (
            what,
            Inputs(
                project=loaded.project.name,
                fine_tunes=loaded.fine_tunes,
                datasets=loaded.datasets,
                observations=reviewed.observations,
                state=bent(reviewed.stored, bend),
                now=world.clock.now(),
                configured=frozenset(loaded.facts),
                data_problems=loaded.data_problems,
                fingerprints=loaded.fingerprints,
            ),
        )


def late(world: World) -> Iterator[tuple[str, Inputs]]:
    """Give every fine-tune, and its record, a deadline and a stall, with jobs before and after them."""
    bounded = {"deadline": "10m", "stall_after": "10m"}
    for what, given in inputs(world):
        for after in (60.0, 6000.0):
            fine_tunes = tuple(
                replace(one, lifecycle=replace(one.lifecycle, **bounded))  # type: ignore[arg-type]
                for one in given.fine_tunes
            )
            moved = Progress(given.now)
            state = bent(
                given.state,
                lambda record, job: replace(
                    record,
                    lifecycle=replace(record.lifecycle, **bounded),  # type: ignore[arg-type]
                    job=replace(job, created_at=given.now, progress=moved),  # noqa: B023 -- called at once
                ),
            )
            yield what, replace(given, fine_tunes=fine_tunes, state=state, now=given.now + after)


@pytest.mark.parametrize("cases", [inputs, late])
def test_a_keep_at_a_glance_is_the_tables(cases: Callable[[World], Iterator[tuple[str, Inputs]]]) -> None:
    kept: Counter[str] = Counter()
    for seed, world in worlds():
        for what, given in cases(world):
            planner = _Planner(given, FORMS)
            changes = planner.planning().plan.changes
            for name, change in planner.kept.items():
                full = planner._decided(name)
                assert change_for(*full, planner.settled, given.datasets) == change, f"seed {seed}, {what}"
                assert [one for one in changes if one.name == name and one.spec] == [change]
                kept[what] += 1
    assert {"as it is", "running", "succeeded", "of another nonce"} <= kept.keys()
    assert (
        not {"suspended", "altered", "no spec", "with history", "cancelled by hand", "elsewhere"}
        & kept.keys()
    )
