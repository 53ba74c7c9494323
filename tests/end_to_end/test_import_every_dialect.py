"""`import --all` over fifty jobs of each dialect, made without ftops' mark, as an SDK makes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.model.finetune import Method
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.registry import OURS, dialects, open_provider
from tests.conftest import Emulator, ProjectDirectory
from tests.contracts.dialects import CASES, in_turn

JOBS = 50
FILES = 10
CANCELLED = 5


IMPORTABLE = [name for name in OURS if "fifty_jobs_of_a_dialect_plan_to_no_change" not in CASES[name].absent]


@pytest.fixture(params=in_turn(IMPORTABLE))
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def emulator(dialect: str, tmp_path: Path) -> Iterator[Emulator]:
    """The dialect's own server."""
    with EmulatorServer(
        EmulatorSettings(tmp_path / "emulator" / "e.db", dialect=dialect, open=True)
    ) as server:
        yield Emulator(server)


def make_jobs(dialect: str, emulator: Emulator, folder: Path) -> list[str]:
    """Train as a team without ftops would: the same files with other settings, and some cancelled."""
    case = CASES[dialect]
    knob, can = next(iter(case.hyperparameters)), dialects()[dialect].capabilities
    provider = open_provider(case.provider("p", dialect), {}, base_url=emulator.base_url)
    files = []
    for number in range(FILES):
        path = folder / f"d{number}.jsonl"
        rows = (json.dumps(case.row).replace('"q"', f'"q{number}-{row}"') for row in range(12))
        path.write_text("".join(f"{row}\n" for row in rows))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append(RequestFile(provider.upload_file(path, path.name, digest).id))
    emulator.advance(60)  # Some process a file before they train on it, others drop what nobody uses.
    made = []
    for number in range(JOBS):
        request = JobRequest(
            case.model,
            (files[number % FILES],),
            hyperparameters={**case.hyperparameters, knob: 1 + number // FILES},
            provider_options=case.options,
            method=Method(getattr(case, "method", Method.SUPERVISED)),
            grader=getattr(case, "grader", {}),
            suffix=("triage", None, "Lob-2")[number % 3] if can.suffix_length else None,
        )
        made.append(provider.create_fine_tune(request).id)
    for job_id in made[:CANCELLED]:
        provider.cancel_fine_tune(job_id)
    emulator.advance(10)  # Some stop a job only once it has started.
    provider.close()
    return made


def test_fifty_jobs_of_a_dialect_plan_to_no_change(
    project: ProjectDirectory, dialect: str, emulator: Emulator, tmp_path: Path
) -> None:
    case, can = CASES[dialect], dialects()[dialect].capabilities
    made = make_jobs(dialect, emulator, tmp_path)
    provider = {"dialect": dialect, "base_url": emulator.base_url, "api_key": {"env": "FTOPS_TEST_KEY"}}
    # What its jobs never show, and a create needs, is for a person to say.
    needed = {name: case.options[name] for name in sorted(can.required_options)}
    spec = {
        "default_provider": "p",
        "providers": {"p": {**provider, **case.settings}},
        "defaults": {"provider_options": needed} if needed else {},
    }
    document = {"apiVersion": "ftops/v1", "kind": "Project", "metadata": {"name": "p1"}, "spec": spec}
    project.write("ftops.yaml", json.dumps(document))
    assert project.ftops("import", "--all", "--yes") == 0, project.err
    assert f"{JOBS - CANCELLED} jobs recorded" in project.out, project.out
    assert len(list((project.root / "jobs").iterdir())) == JOBS - CANCELLED
    assert project.ftops("validate") == 0, project.err
    assert project.ftops("plan", "--detailed-exitcode") == 0, project.out
    emulator.advance(100_000)
    assert project.ftops("plan", "--detailed-exitcode") == 0, project.out
    assert project.ftops("status", "--format", "json") == 0, project.err
    assert {row["status"] for row in json.loads(project.out)["fine_tunes"]} == {"succeeded"}
    assert emulator.jobs(dialect) == len(made)
