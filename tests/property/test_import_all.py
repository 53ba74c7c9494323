"""Whatever jobs an account has: import them all, plan again, and there is nothing to do."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.api.importing import import_all
from ftops.api.intake import Wanted
from ftops.api.opening import ProjectProviders
from ftops.api.session import Session, open_session
from ftops.api.surroundings import Surroundings
from ftops.model.capabilities import Capabilities
from ftops.model.change import Action
from ftops.model.finetune import Method
from ftops.model.identifiers import is_name
from ftops.model.job import Job, JobFile, JobList, JobStatus, Stamp
from ftops.model.json_value import JSON
from ftops.providers.registry import OURS, dialects
from ftops.review.selection import Selection
from tests.contracts.dialects import CASES, in_turn

WORTH_IT = ("pending", "running", "paused", "unknown", "succeeded")
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8) | st.sampled_from(
    ["triage", "Triage", "a\nb", "# x", "é", "no"]
)
VALUES: st.SearchStrategy[JSON] = st.sampled_from(
    [1, 2, 3, 0, -1, 0.1, 1.0, 1e-5, 512, 2**40, "auto", "low", True, False]
)
STAMPS = st.none() | st.just(Stamp("others", "lineage", "a", f"f1:{'1' * 64}", 1, 1, "nonce"))


@st.composite
def jobs_of(draw: st.DrawFn, can: Capabilities, number: int) -> Job:
    """A job as a server of this dialect might show it, or a worse one."""
    method = draw(st.sampled_from([*can.methods, *can.methods, "unheard-of"]))
    known = sorted(can.methods.get(cast(Method, method), {}))
    names = st.sampled_from([*known, *can.options, "unheard_of"])
    shown = draw(st.dictionaries(names, VALUES, max_size=3))
    shown_settings: dict[str, JSON] = {f"hyperparameters.{name}": value for name, value in shown.items()}
    if draw(st.booleans()):
        shown_settings["method"] = str(method)
    seed = draw(st.none() | st.integers(0, 3) | st.just(2**40))
    if seed is not None:
        shown_settings["seed"] = seed
    if method == Method.REINFORCEMENT and draw(st.booleans()):
        shown_settings["grader"] = {"type": "string_check", "name": draw(WORDS)}
    files = st.sampled_from(["file-a", "file-b"]).map(JobFile)
    return Job(
        id=f"job-{number}",
        provider="p",
        status=draw(st.sampled_from([*JobStatus, JobStatus.SUCCEEDED])),
        model=draw(st.sampled_from(["gpt-4o-mini", "owner/Model-7B", "ft:gpt-4o:org::1", None])),
        fine_tuned_model=draw(st.none() | WORDS),
        created_at=draw(st.none() | st.floats(0, 2e9)),
        training_files=tuple(draw(st.lists(files, max_size=2))),
        validation_files=tuple(draw(st.lists(files, max_size=1))),
        settings=shown_settings,
        suffix=draw(st.none() | WORDS),
        stamp=draw(STAMPS),
    )


@st.composite
def accounts(draw: st.DrawFn, dialect: str) -> tuple[Job, ...]:
    can = dialects()[dialect].capabilities
    return tuple(draw(jobs_of(can, number)) for number in range(draw(st.integers(0, 8))))


def plain(job: Job, dialect: str) -> bool:
    """Whether a job shows all that a manifest has to say, and nobody else's mark."""
    method = job.settings.get("method", "supervised")
    known = method in dialects()[dialect].capabilities.methods and method != "reinforcement"
    whole = job.model is not None and len(job.training_files) == 1
    return known and whole and job.stamp is None and job.status.value in WORTH_IT


def project_of(dialect: str) -> str:
    """A project of this dialect; what its jobs never show, and a create needs, stands in the defaults."""
    case, can = CASES[dialect], dialects()[dialect].capabilities
    needed = {
        "provider_options": {name: case.options[name] for name in sorted(can.required_options)},
        "hyperparameters": {
            name: case.hyperparameters[name] for name in sorted(can.required_hyperparameters)
        },
    }
    elsewhere = dialects()[dialect].default_base_url is None
    address = {"base_url": "https://training.example/v1"} if elsewhere else {}
    provider = {"dialect": dialect, "api_key": {"env": "K"}, **address, **case.settings}
    spec = {
        "manifests": ["jobs/"],
        "default_provider": "p",
        "providers": {"p": provider},
        "defaults": {field: values for field, values in needed.items() if values},
    }
    project = {"apiVersion": "ftops/v1", "kind": "Project", "metadata": {"name": "p1"}, "spec": spec}
    return json.dumps(project)


class Shown:
    """A provider that shows jobs; whoever asks it for more has made a mistake."""

    def __init__(self, session: Session, jobs: tuple[Job, ...]) -> None:
        self.facts = session.loaded.facts["p"]
        self._jobs = jobs

    def list_fine_tunes(self) -> JobList:
        return JobList(self._jobs)

    def retrieve_fine_tune(self, job_id: str) -> Job:
        return next(job for job in self._jobs if job.id == job_id)

    def list_files(self) -> tuple[Any, ...]:
        return ()


@contextmanager
def opened(root: Path, jobs: tuple[Job, ...]) -> Iterator[Session]:
    with open_session(root, Surroundings({}, threading.Event())) as session:
        session.providers = cast(ProjectProviders, {"p": Shown(session, jobs)})
        yield session


@pytest.mark.parametrize("dialect", in_turn(OURS))
@given(data=st.data())
@settings(max_examples=25)
def test_import_all_and_plan_again_only_keeps(dialect: str, data: st.DataObject) -> None:
    jobs = data.draw(accounts(dialect))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "ftops.yaml").write_text(project_of(dialect))
        (root / "jobs").mkdir()
        with opened(root, jobs) as session:
            done = import_all(session, Wanted())
            written = {path.stem: path.read_text() for path in (root / "jobs").iterdir()}
            assert len(written) == len(done.jobs)
            assert all(map(is_name, written))
            # Each job is taken over or passed over, and those that are worth nothing are not taken.
            told = [*(one.job_id for one in done.jobs), *(one.job_id for one in done.passed_over)]
            assert sorted(told) == sorted(job.id for job in jobs)
            by_id = {job.id: job for job in jobs}
            assert all(by_id[one.job_id].status.value in WORTH_IT for one in done.jobs)
            # What a manifest can declare is taken over, whatever else the job shows.
            reasons = [one.why for one in done.passed_over if plain(by_id[one.job_id], dialect)]
            assert all(why.startswith("the same training as") for why in reasons), reasons
        with opened(root, jobs) as session:
            plan = session.plan(Selection(allow_empty=True)).plan
            assert {change.action for change in plan.changes} <= {Action.KEEP}
            assert len(plan.changes) == len(done.jobs)
            assert import_all(session, Wanted()).jobs == ()
        assert {path.stem: path.read_text() for path in (root / "jobs").iterdir()} == written
