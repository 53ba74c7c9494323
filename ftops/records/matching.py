"""Which live job can be which declaration: by id, by stamp, or by what it trains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ftops.model.dataset import DIGEST_IN_NAME, uploaded_digest
from ftops.model.job import Job, JobFile, JobStatus
from ftops.model.observation import Observation
from ftops.model.state import RecordedJob, SentRequest, State
from ftops.records.likeness import Appearance, Likeness, likeness
from ftops.records.tags import with_marks

MOST_LOOKS = 200
"""Jobs that one run looks at one by one because the list lacks their mark; what is beyond stays in doubt."""


class LiveJobs:
    """Every listed job, found by id, by stamp and by what it trains.

    `unrecorded` are those that no record knows or disowns; `unmarked` those of them without a whole mark
    of any ftops project. A job is its id at an account: one that is recorded under another provider row
    of the same account is recorded. `judged` collects what was compared by likeness alone.
    """

    def __init__(self, observations: Mapping[str, Observation], state: State) -> None:
        self.observations = observations = with_marks(observations, state)
        self._by_id = {
            (provider, job.id): job for provider, seen in observations.items() for job in seen.jobs
        }
        self._recorded = _Recorded(state)
        self.unrecorded = [job for key, job in self._by_id.items() if not self._is_recorded(*key, job)]
        self._by_nonce: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        self._by_name: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        for job in self.unrecorded:
            if job.stamp is not None and job.stamp.project == state.project:
                self._by_nonce[job.provider, job.stamp.nonce].append(job)
                self._by_name[job.provider, job.stamp.name].append(job)
        self._uploads = {name: _Uploads(name, observations[name], state) for name in observations}
        self._unmarked = _Unmarked(self.unrecorded, self._uploads)
        self.judged: set[tuple[str, str]] = set()

    @property
    def listed(self) -> Mapping[str, tuple[Job, ...]]:
        """The listed jobs by provider row."""
        return {name: seen.jobs for name, seen in self.observations.items()}

    def get(self, provider: str, job_id: str) -> Job | None:
        """Find a job by its id."""
        return self._by_id.get((provider, job_id))

    def known(self, provider: str, job_id: str) -> bool:
        """Return whether a job was listed already, or is in a record: no new create can be it."""
        return (provider, job_id) in self._by_id or job_id in self._recorded.providers

    def with_nonce(self, provider: str, nonce: str) -> list[Job]:
        """Return the unrecorded jobs that carry this nonce in a stamp of this project, oldest first."""
        return sorted(self._by_nonce.get((provider, nonce), ()), key=_age)

    def twins(self, job: RecordedJob) -> tuple[Job, ...]:
        """Return the unrecorded jobs with the nonce of a recorded one: one create, paid twice."""
        return tuple(self.with_nonce(job.provider, job.nonce)) if self._by_nonce and job.nonce else ()

    def stamped(self, provider: str, name: str) -> list[Job]:
        """Return the unrecorded jobs stamped with this project and name, oldest first."""
        return sorted(self._by_name.get((provider, name), ()), key=_age)

    def numbered(self, provider: str, name: str, lineage: str) -> int:
        """Return the highest generation in any listed job's mark of this name, 0 for none.

        Jobs that are recorded under another name count: their ids are made of the name that they had.
        """
        seen = self.observations.get(provider)
        marks = (job.stamp for job in (seen.jobs if seen else ()) if job.stamp is not None)
        numbers = (one.generation for one in marks if (one.name, one.lineage) == (name, lineage))
        return max(numbers, default=0)

    @property
    def any_marked(self) -> bool:
        """Whether any unrecorded job carries a stamp of this project."""
        return bool(self._by_nonce)

    @property
    def any_unmarked(self) -> bool:
        """Whether any unrecorded job carries no mark of any project."""
        return self._unmarked.any

    def ours(self) -> Iterator[Job]:
        """Yield every unrecorded job that carries a stamp of this project."""
        for jobs in self._by_nonce.values():
            yield from jobs

    def plausible(self, provider: str, known: Appearance) -> list[tuple[Job, Likeness]]:
        """Return the unrecorded jobs without a mark that could be this request, oldest first.

        However they ended. They are noted in `judged`: a list may show less of them than a retrieve.
        """
        if provider not in self.observations or not self._unmarked.at(provider):
            return []
        uploads = self._uploads[provider]
        found = []
        for job in self._unmarked.candidates(provider, known):
            like = likeness(known, job, uploads.is_ours)
            if like is not None and like.plausible:
                self.judged.add((provider, job.id))
                found.append((job, like))
        return sorted(found, key=lambda pair: _age(pair[0]))

    def likeness(self, provider: str, known: Appearance, job: Job) -> Likeness | None:
        """Compare one job with a request; None for a job on another file."""
        return likeness(known, job, self._uploads[provider].is_ours)

    def answering(self, request: SentRequest) -> list[tuple[Job, Likeness]]:
        """Return the plausible jobs that were not there before the request was sent, oldest first."""
        found = self.plausible(request.provider, request.known)
        return [(job, like) for job, like in found if job.id not in request.seen]

    def thin(self) -> frozenset[tuple[str, str]]:
        """Return the judged jobs that were listed without a mark, and not looked at one by one yet.

        Where no mark can be, a retrieve may still show the file or the settings that a list leaves out.
        """
        open_now = sorted(
            (provider, job_id)
            for provider, job_id in self.judged
            if job_id not in self.observations[provider].retrieved
        )
        return frozenset(open_now[:MOST_LOOKS])

    def wants_files(self) -> frozenset[str]:
        """Return the providers whose uploads must be listed to see on whose files unmarked jobs train."""
        return frozenset(name for name, uploads in self._uploads.items() if uploads.wanted)

    def _is_recorded(self, provider: str, job_id: str, job: Job) -> bool:
        for other, recorded in self._recorded.providers.get(job_id, {}).items():
            if other == provider or recorded is None or _same_job(recorded, self.get(other, job_id), job):
                return True
        return False


def worth_keeping(job: Job | RecordedJob) -> bool:
    """Return whether a job runs or has made a model: one that a second create would pay for twice."""
    return job.status.active or job.status is JobStatus.SUCCEEDED


def fitting(stamped: Iterable[Job], lineage: str, fingerprint: str | None) -> Job | None:
    """Find a job of this lineage that trains, or has trained, what is declared."""
    for job in stamped:
        stamp = job.stamp
        same = stamp and stamp.lineage == lineage and stamp.fingerprint == fingerprint
        if same and worth_keeping(job):
            return job
    return None


def reusable(job: RecordedJob) -> bool:
    """Return whether a revert can use this job: it has made its model, or it runs on detached."""
    runs_on = job.detached and job.status.active and job.missing_since is None
    return job.status is JobStatus.SUCCEEDED or runs_on


class _Recorded:
    """Ids of recorded and disowned jobs -> the provider rows they are recorded under."""

    def __init__(self, state: State) -> None:
        self.providers: defaultdict[str, dict[str, RecordedJob | None]] = defaultdict(dict)
        for jobs in (
            *(record.jobs for record in state.fine_tunes.values()),
            *(entry.jobs for entry in state.archive.values()),
        ):
            for job in jobs:
                self.providers[job.id][job.provider] = job
        for provider, ids in state.not_mine.items():
            for job_id in ids:
                self.providers[job_id][provider] = None


class _Uploads:
    """Which files of one provider are this project's, by the digest in their name."""

    def __init__(self, provider: str, seen: Observation, state: State) -> None:
        self._project = state.project
        self._ids = {file_id: sha256 for sha256, file_id in state.datasets.get(provider, {}).items()}
        self._names = {file.id: file.filename for file in seen.files or ()}
        self._asked = seen.files is not None
        self.wanted = False

    def is_ours(self, file: JobFile, sha256: str) -> bool:
        """Return whether a job's file is our upload of this content."""
        if self._ids.get(file.id) == sha256:
            return True
        digest = self.digest(file)
        if digest is None and not self._asked:
            # A server may show names of its own: only the list of files says what we sent.
            self.wanted = True
        return digest == sha256[:DIGEST_IN_NAME]

    def digest(self, file: JobFile) -> str | None:
        """Return the digest that a file's name carries, None for a name that is not of this project."""
        sha256 = self._ids.get(file.id)
        if sha256 is not None:
            return sha256[:DIGEST_IN_NAME]
        for name in (file.filename, self._names.get(file.id)):
            digest = uploaded_digest(name or "", self._project)
            if digest is not None:
                return digest
        return None


class _Unmarked:
    """Unrecorded jobs without a mark, found by the file that they train on."""

    def __init__(self, jobs: Iterable[Job], uploads: Mapping[str, _Uploads]) -> None:
        self._by_file: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        self._without_file: defaultdict[str, list[Job]] = defaultdict(list)
        self._by_digest: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        self._unknown_file: defaultdict[str, list[Job]] = defaultdict(list)
        self._providers: set[str] = set()
        for job in jobs:
            if job.stamp is not None:
                continue
            self._providers.add(job.provider)
            if not job.training_files:
                self._without_file[job.provider].append(job)
                continue
            file = job.training_files[0]
            self._by_file[job.provider, file.id].append(job)
            digest = uploads[job.provider].digest(file)
            if digest is not None:
                self._by_digest[job.provider, digest].append(job)
            else:
                self._unknown_file[job.provider].append(job)

    @property
    def any(self) -> bool:
        """Whether there is any at all."""
        return bool(self._providers)

    def at(self, provider: str) -> bool:
        """Return whether there is any at a provider."""
        return provider in self._providers

    def candidates(self, provider: str, known: Appearance) -> Iterable[Job]:
        """Return the jobs that may use the request's first training file: the others need no comparing."""
        files = known.get("training_file")
        first = files[0] if isinstance(files, list | tuple) and files else None
        found = {job.id: job for job in self._without_file.get(provider, ())}
        if isinstance(first, Mapping):
            file_id, sha256 = first.get("id"), first.get("sha256")
            if isinstance(file_id, str):
                found |= {job.id: job for job in self._by_file.get((provider, file_id), ())}
            if isinstance(sha256, str):
                key = (provider, sha256[:DIGEST_IN_NAME])
                found |= {job.id: job for job in self._by_digest.get(key, ())}
                # One look is enough to notice that the provider's files have to be listed.
                found |= {job.id: job for job in self._unknown_file.get(provider, ())[:1]}
        return found.values()


def _same_job(recorded: RecordedJob, there: Job | None, here: Job) -> bool:
    """Return whether a job that another row lists, or did, is this one: two accounts may use one id."""
    if there is not None:
        return (there.created_at, there.stamp) == (here.created_at, here.stamp)
    if recorded.nonce is not None and here.stamp is not None:
        return recorded.nonce == here.stamp.nonce
    return None in (recorded.created_at, here.created_at) or recorded.created_at == here.created_at


def _age(job: Job) -> tuple[float, str]:
    return (job.created_at or 0.0, job.id)
