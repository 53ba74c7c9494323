"""One folder a row of the decision table: manifests, data, live jobs and state in, the changes out.

Only files are read here, by the real loader, decoder and state format: an old state plans the same for ever.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftops.datasets.inspection import inspect_datasets
from ftops.manifests.freezing import freezes_of
from ftops.manifests.loader import parse_yaml
from ftops.manifests.parser import load_fine_tunes
from ftops.model.change import Then
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.planning import Inputs
from ftops.model.project import Project, StateSettings
from ftops.model.queue import Queue, QueuePlace
from ftops.planner.planner import plan
from ftops.providers.registry import dialects
from ftops.review.freezing import freezes
from ftops.state.statefile import decode
from tests.conftest import REPOSITORY

CASES = sorted(path for path in (REPOSITORY / "tests/golden/plans").iterdir() if path.is_dir())
DIALECT = dialects()["openai"]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_folder_plans_to_the_expected_changes(case: Path) -> None:
    facts = ProviderFacts(
        "p", "openai", DIALECT.capabilities, queue=Queue(**_read(case, "now").get("queue", {}))
    )
    project = Project("golden", ("manifests.yaml",), StateSettings("state.json"), {}, default_provider="p")
    (empty,) = parse_yaml(b"{}", "ftops.yaml").documents
    loaded = load_fine_tunes(case, project, empty, {"p": facts})
    assert loaded.misdeclared == ()
    data = inspect_datasets(case, loaded.fine_tunes, {"p": facts}, loaded.absent)
    problems = {name: tuple(one.problem for one in said.problems) for name, said in data.verdicts.items()}
    problems = {name: (*loaded.of_data.get(name, ()), *found) for name, found in problems.items()}
    jobs = tuple(DIALECT.decode_job(job, "p") for job in _read(case, "live")["data"])
    state = decode((case / "state.json").read_bytes(), "state.json")
    now = _read(case, "now")["now"]
    listed = {job.id for job in jobs}
    gone = frozenset(
        job.id for record in state.fine_tunes.values() for job in record.jobs if job.id not in listed
    )
    heard = dict.fromkeys(_read(case, "now").get("silent", ()))
    seen = Observation(facts, jobs, listed_at=(now, now), gone=gone, events=heard)
    how = {key: value for key, value in _read(case, "now").items() if key in ("patient", "unattended")}
    inputs = Inputs(
        "golden",
        loaded.fine_tunes,
        data.datasets,
        {"p": seen},
        state,
        now,
        data_problems=problems,
        freezes=freezes(freezes_of(_read(case, "now").get("freeze", ())), now),
        **how,
    )
    made = plan(inputs)
    changes = [
        {
            "name": change.name,
            "action": change.action.value,
            "reason": change.reason.value,
            "job_id": change.job_id,
            "generation": change.generation,
            "attempt": change.attempt,
            **({"cancel_first": change.cancel_first} if change.cancel_first else {}),
            **({"then": _then(change.then)} if change.then else {}),
            **({"queue": _place(change.queue)} if change.queue else {}),
        }
        for change in made.plan.changes
    ]
    assert changes == _read(case, "plan")["changes"]
    assert made.plan.unmanaged == _read(case, "plan")["unmanaged"]


def _place(place: QueuePlace) -> dict[str, object]:
    return {"position": place.position, "of": place.of, "until": place.until}


def _then(then: Then) -> dict[str, object]:
    words = {"action": then.action.value, "reason": then.reason.value}
    return {**words, "generation": then.generation, "attempt": then.attempt}


def _read(case: Path, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- whatever the file holds
    return json.loads((case / f"{name}.json").read_text())
