"""Which live job can be which declaration: by id, by stamp, or by what it trains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ftops.model.capabilities import Capabilities, ModelRule
from ftops.model.dataset import DIGEST_IN_NAME
from ftops.model.fingerprint import canonical_json
from ftops.model.job import Job, JobFile, JobStatus
from ftops.model.json_value import JSON, JSONObject
from ftops.model.observation import Observation
from ftops.model.state import State

Appearance = Mapping[str, JSON]
"""What a job shows of a request, by manifest path; files as `{"id": ..., "sha256": ...}`."""


class LiveJobs:
    """Every listed job, found by id and by stamp. `unrecorded` are those that no record knows or disowns."""

    def __init__(self, observations: Mapping[str, Observation], state: State) -> None:
        self.observations = observations
        self._by_id = {
            (provider, job.id): job for provider, seen in observations.items() for job in seen.jobs
        }
        recorded = _recorded_ids(state)
        self.unrecorded = [job for key, job in self._by_id.items() if key not in recorded]
        self._by_nonce: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        self._by_name: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        for job in self.unrecorded:
            if job.stamp is not None and job.stamp.project == state.project:
                self._by_nonce[job.provider, job.stamp.nonce].append(job)
                self._by_name[job.provider, job.stamp.name].append(job)

    def get(self, provider: str, job_id: str) -> Job | None:
        """Find a job by its id."""
        return self._by_id.get((provider, job_id))

    def with_nonce(self, provider: str, nonce: str) -> list[Job]:
        """Give the unrecorded jobs that carry this nonce in a stamp of this project, oldest first."""
        return sorted(self._by_nonce.get((provider, nonce), ()), key=_age)

    def stamped(self, provider: str, name: str) -> list[Job]:
        """Give the unrecorded jobs stamped with this project and name, oldest first."""
        return sorted(self._by_name.get((provider, name), ()), key=_age)

    def plausible(self, provider: str, appearance: Appearance) -> list[Job]:
        """Give the unrecorded jobs that could be this request, however they ended, oldest first."""
        rule = self.observations[provider].provider.capabilities.model_rule
        return sorted(
            (
                job
                for job in self.unrecorded
                if job.provider == provider and not contradicts(appearance, job, rule)
            ),
            key=_age,
        )


def worth_keeping(job: Job) -> bool:
    """Tell whether a job runs or has made a model: one that a second create would pay for twice."""
    return job.status.active or job.status is JobStatus.SUCCEEDED


def appearance(
    spec: JSONObject, model: str | None, file_ids: Mapping[str, str], capabilities: Capabilities
) -> Appearance:
    """Say how a job for this canonical spec would look in a list of this dialect.

    `file_ids` maps SHA-256 to the provider's id of the uploaded file, as far as known; `model` is the
    resolved base model, None while the upstream has not made it.
    """
    shown: dict[str, JSON] = {"model": model}
    for role in ("training_file", "validation_file"):
        shown[role] = [_file_look(file, file_ids) for file in _files(spec.get(role))]
    hyperparameters = spec.get("hyperparameters")
    if isinstance(hyperparameters, Mapping):
        shown |= {f"hyperparameters.{key}": value for key, value in hyperparameters.items()}
    shown |= {key: spec[key] for key in ("suffix", "seed", "method") if key in spec}
    return {path: value for path, value in shown.items() if path in capabilities.echoes}


def contradicts(known: Appearance, job: Job, rule: ModelRule) -> bool:
    """Tell whether a field that both sides know differs. Null or absent contradicts nothing."""
    asked = known.get("model")
    if isinstance(asked, str) and job.model is not None and not _same_model(asked, job.model, rule):
        return True
    if job.training_files and (
        _files_differ(known.get("training_file"), job.training_files)
        or _files_differ(known.get("validation_file"), job.validation_files)
    ):
        return True
    shown = {**job.settings, "suffix": job.suffix}
    return any(
        shown.get(path) is not None and canonical_json(shown[path]) != canonical_json(value)
        for path, value in known.items()
        if value is not None and path in shown
    )


def look_alike(first: Appearance, second: Appearance) -> bool:
    """Tell whether a provider's list might not tell these two requests apart.

    Hyperparameters do not count: a job without stamps may show them only after it has begun.
    """
    return all(
        first[path] == second[path]
        for path in first.keys() & second.keys()
        if first[path] is not None and second[path] is not None and not path.startswith(_SHOWN_LATER)
    )


_SHOWN_LATER = "hyperparameters."


def _recorded_ids(state: State) -> set[tuple[str, str]]:
    known: set[tuple[str, str]] = {(provider, id_) for provider, ids in state.not_mine.items() for id_ in ids}
    for record in state.fine_tunes.values():
        known.update((job.provider, job.id) for job in record.jobs)
    for archived in state.archive.values():
        known.update((job.provider, job.id) for job in archived.jobs)
    return known


def _age(job: Job) -> tuple[float, str]:
    return (job.created_at or 0.0, job.id)


def _same_model(asked: str, shown: str, rule: ModelRule) -> bool:
    """Compare base models; a provider may name the dated snapshot behind the alias that was asked for."""
    return asked == shown or (rule is ModelRule.SNAPSHOT and shown.startswith(f"{asked}-"))


def _files(value: JSON) -> Iterable[Mapping[str, JSON]]:
    if isinstance(value, Mapping):
        return (value,)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(item for item in value if isinstance(item, Mapping))
    return ()


def _file_look(file: Mapping[str, JSON], file_ids: Mapping[str, str]) -> dict[str, JSON]:
    sha256 = file.get("sha256")
    if isinstance(sha256, str):
        return {"id": file_ids.get(sha256), "sha256": sha256}
    return {"id": file.get("file_id"), "sha256": None}


def _files_differ(known: JSON, shown: tuple[JobFile, ...]) -> bool:
    if not isinstance(known, Sequence) or isinstance(known, str):
        return False
    files = tuple(_files(known))
    if len(files) != len(shown):
        return True
    return any(_file_differs(file, job_file) for file, job_file in zip(files, shown, strict=True))


def _file_differs(known: Mapping[str, JSON], shown: JobFile) -> bool:
    """Compare one file. An upload of ours carries its digest in its name, so a name decides before an id."""
    sha256 = known.get("sha256")
    if isinstance(sha256, str) and shown.filename:
        return sha256[:DIGEST_IN_NAME] not in shown.filename
    return known.get("id") is not None and known["id"] != shown.id
