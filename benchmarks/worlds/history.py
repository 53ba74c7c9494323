"""The state and the jobs that applying a project leaves behind, without applying it.

Everything goes through ftops' own loader, canonical form, decoding and state writer, so that a plan finds
nothing to do; a test holds this against a real apply.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.provider.shapes import encoded, file_object, job_object
from benchmarks.worlds.writing import PROVIDER
from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus, Stamp
from ftops.model.plan import Plan
from ftops.model.spending import Purchase
from ftops.model.state import Record, SentRequest, State
from ftops.model.value import replace
from ftops.providers.dialects.openai import OpenAIDialect
from ftops.providers.identity import encode_stamp
from ftops.reconciler.loading import load
from ftops.reconciler.values import Loaded
from ftops.records.desired import DesiredSet
from ftops.records.likeness import appearance
from ftops.records.recorded import from_stamp
from ftops.records.standing import Seen
from ftops.records.transitions import observe
from ftops.state.statefile import encode

LINEAGE = "00000000-0000-4000-8000-000000000000"
STATE = ".ftops/state.json"
_FIRST = 1
_BY = "benchmark"
_LOOKED = 1_790_000_000.0
"""When the applies looked (Unix seconds): nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class History:
    """What an apply leaves behind: a state, and JSON lines of jobs and of files, oldest first."""

    state: bytes
    jobs: tuple[bytes, ...]
    files: tuple[bytes, ...]
    fingerprints: dict[str, str]


def history_of(root: Path) -> History:
    """Return what applying this project leaves behind once every job has succeeded."""
    loaded = load(root.resolve())
    desired = DesiredSet(loaded.fine_tunes, loaded.datasets, loaded.facts)
    uploads = dict(_uploads(loaded))
    file_ids: dict[str, str] = {sha256: file["id"] for sha256, file in uploads.items()}
    names = sorted(desired.fine_tunes)
    made = [_made(number, name, desired, file_ids, loaded) for number, name in enumerate(names)]
    state = State(
        project=loaded.project.name,
        lineage=LINEAGE,
        serial=len(made),
        fine_tunes={each.name: each.record for each in made},
        datasets={PROVIDER: file_ids},
    )
    return History(
        encode(_observed(state)),
        tuple(encoded(each.job) for each in made),
        tuple(encoded(file) for file in uploads.values()),
        {each.name: each.record.fingerprint for each in made},
    )


def _observed(state: State) -> State:
    """Return the state as two applies leave it: one saw that each job was created, one its end."""
    plan = Plan(state.project, state.lineage, 0, ())
    began = {
        name: replace(record, job=replace(record.job, status=JobStatus.PENDING)) if record.job else record
        for name, record in state.fine_tunes.items()
    }
    empty = replace(state, fine_tunes={}, observed={})
    first = observe(replace(empty, fine_tunes=began), Seen(empty, plan, _LOOKED, by=_BY))
    seen = Seen(first, plan, _LOOKED, by=_BY)
    return observe(replace(first, fine_tunes=state.fine_tunes), seen)


@dataclass(frozen=True, slots=True)
class _Made:
    """One fine-tune that was applied."""

    name: str
    record: Record
    job: dict[str, Any]


def _uploads(loaded: Loaded) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each data file as the provider has it, by the digest of its rows."""
    for number, dataset in enumerate(loaded.datasets.values()):
        name = dataset.upload_name(loaded.project.name)
        yield dataset.sha256, file_object(number, name, dataset.bytes)


def _made(number: int, name: str, desired: DesiredSet, file_ids: dict[str, str], loaded: Loaded) -> _Made:
    fine_tune = desired.fine_tunes[name]
    fingerprint, nonce = desired.fingerprint(name), f"{number:032x}"
    stamp = Stamp(loaded.project.name, LINEAGE, name, fingerprint, _FIRST, _FIRST, nonce)
    (data,) = fine_tune.training_files
    sha256 = loaded.datasets[data.path or ""].sha256
    body = job_object(number, _order(fine_tune, file_ids[sha256], stamp))
    job = OpenAIDialect().decode_job(body, PROVIDER)
    spec = desired.spec(name)
    known = appearance(spec, str(fine_tune.model), file_ids, loaded.facts[PROVIDER].capabilities)
    bought = Purchase(at=job.created_at, labels=fine_tune.labels, by=_BY)
    record = Record(
        provider=PROVIDER,
        fingerprint=fingerprint,
        generation=_FIRST,
        attempt=_FIRST,
        spec=spec,
        lifecycle=fine_tune.lifecycle,
        labels=fine_tune.labels,
        annotations=fine_tune.annotations,
        job=replace(from_stamp(job), request=SentRequest(PROVIDER, known), purchase=bought),
    )
    return _Made(name, record, body)


def _order(fine_tune: FineTune, file_id: str, stamp: Stamp) -> dict[str, Any]:
    """Return the body of the create that was sent."""
    hyperparameters = dict(fine_tune.hyperparameters)
    return {
        "model": fine_tune.model,
        "training_file": file_id,
        "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
        "suffix": fine_tune.suffix,
        "seed": fine_tune.seed,
        "metadata": encode_stamp(stamp),
    }
