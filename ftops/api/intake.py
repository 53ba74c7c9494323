"""What an import of every job takes over: which jobs, under which names, with which manifests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from ftops.api.session import Session
from ftops.api.state_rebuild import refuse_unsafe
from ftops.errors import FtopsError, UsageError
from ftops.manifests.discovery import PROJECT_FILE, SUFFIXES
from ftops.manifests.job_manifest import Setting, manifest_for
from ftops.manifests.naming import FreeNames, name_for
from ftops.manifests.patterns import is_glob
from ftops.manifests.project import load_project
from ftops.manifests.unwritten import read_unwritten
from ftops.manifests.writing import schema_address
from ftops.model.finetune import DataFile, FineTune, Source
from ftops.model.job import Job, JobStatus
from ftops.model.nearest import did_you_mean
from ftops.model.observation import Observation
from ftops.model.project import Project
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.candidates import OUR_MARK, candidates, claimed_jobs
from ftops.records.desired import DesiredSet
from ftops.records.surgery import Taken, take_over_all
from ftops.report.importing import ImportRow, import_words
from ftops.review.selection import Selection


class Wanted(Struct, frozen=True):
    """Which jobs are asked for: of all providers or one, made since when (Unix seconds) or ever."""

    provider: str | None = None
    since: float | None = None


class Arrival(Struct, frozen=True):
    """A job with the fine-tune that it becomes. `text` is the manifest to write, None where it is there."""

    job: Job
    fine_tune: FineTune
    fingerprint: str
    file: str
    text: str | None
    left_out: tuple[str, ...] = ()


class Intake(Struct, frozen=True):
    """What is taken over, with the state that this makes, and what is not. `words` say both."""

    arrivals: tuple[Arrival, ...] = ()
    passed_over: tuple[tuple[Job, str], ...] = ()
    state: State = State("", "")
    words: str = ""

    @property
    def marked(self) -> bool:
        """Whether a job carries this project's own mark: a state was there once."""
        return any(why == OUR_MARK for _, why in self.passed_over)


def intake(session: Session, state: State, wanted: Wanted) -> Intake:
    """List the providers and decide what is taken over. Of equal trainings one is: the newest model."""
    names = _provider_names(session, wanted.provider)
    empty = not session.loaded.fine_tunes and not state.fine_tunes
    reviewed = session.plan(Selection(allow_empty=empty), everywhere=True)
    observations = {name: seen for name, seen in reviewed.observations.items() if name in names}
    refuse_unsafe(reviewed, observations)
    found = candidates(observations, state, wanted.since)
    sorting = _Sorting(session, state, reviewed, observations)
    passed_over = [*found.passed_over, *sorting.sort(found.jobs)]
    arrivals = sorting.arrivals()
    session.surroundings.vault.refuse("".join(one.text or "" for one in arrivals), "a manifest")
    rows = [ImportRow(one.file, one.job, one.left_out, written=one.text is None) for one in arrivals]
    return Intake(
        tuple(arrivals),
        tuple(passed_over),
        take_over_all(state, sorting.taken(arrivals)),
        import_words(rows, passed_over),
    )


class _Readable(Struct, frozen=True):
    """A job that a manifest can declare, and what that would be."""

    job: Job
    fine_tune: FineTune
    fingerprint: str
    left_out: tuple[str, ...]


class _Sorting:
    """Puts each job where it belongs: to a name that lacks its job, to one that has it, or to a new one."""

    def __init__(
        self, session: Session, state: State, reviewed: Reviewed, observations: Mapping[str, Observation]
    ) -> None:
        self._loaded = session.loaded
        self._state = state
        self._facts = session.loaded.facts
        self._folder = _folder(session.loaded.project)
        self._setting = Setting(
            session.loaded.project.defaults, schema_address("finetune", session.root, self._folder)
        )
        self._project = load_project(session.root, dialects())
        self._claimed = claimed_jobs(observations, state, reviewed.plan)
        self._waiting = {
            one.name
            for one in session.loaded.fine_tunes
            if one.name not in state.fine_tunes and not state.cancelled_by_hand(one.name)
        }
        # Of two names for one training, the one that lacks its job gets it.
        trainings = sorted(_trainings(session.loaded, state), key=lambda pair: pair[1] in self._waiting)
        self._declared = dict(trainings)
        self._groups: defaultdict[str, list[_Readable]] = defaultdict(list)

    def sort(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, str]]:
        """Take in jobs, oldest first; yield those that nothing can be done with, and why."""
        for job in jobs:
            try:
                readable = self._read(job)
            except FtopsError as error:
                yield job, "; ".join(problem.message for problem in error.problems)
                continue
            name = self._declared.get(readable.fingerprint)
            claimant = self._claimed.get((job.provider, job.id))
            if name is not None and name not in self._waiting:
                yield job, f"the same training as {name}"
            elif name is None and claimant is not None:
                yield job, f"could be the job of {claimant}: see `ftops plan`"
            else:
                self._groups[readable.fingerprint].append(readable)
        for group in self._groups.values():
            kept = self._chosen(group)
            yield from ((one.job, f"the same training as {kept.job.id}") for one in group if one is not kept)

    def arrivals(self) -> list[Arrival]:
        """Return what is taken over, oldest first: names stay the same when newer jobs come."""
        stems = (path.stem for path in (self._loaded.root / self._folder).glob("*.y*ml"))
        declared = (one.name for one in self._loaded.fine_tunes)
        free = FreeNames((*declared, *self._state.fine_tunes, *self._state.archive, *stems))
        chosen = [self._chosen(group) for group in self._groups.values()]
        return [
            self._arrival(one, free)
            for one in sorted(chosen, key=lambda one: (one.job.created_at or 0.0, one.job.id))
        ]

    def taken(self, arrivals: Iterable[Arrival]) -> list[Taken]:
        """Return what is recorded for each arrival."""
        every = list(arrivals)
        others = {one.name: one for one in self._loaded.fine_tunes}
        together = {**others, **{one.fine_tune.name: one.fine_tune for one in every}}
        desired = DesiredSet(together.values(), self._loaded.datasets, self._facts)
        return [
            Taken(one.fine_tune, one.fingerprint, desired.spec(one.fine_tune.name), one.job) for one in every
        ]

    def _read(self, job: Job) -> _Readable:
        """Read the manifest that the job would get. Raises FtopsError where it would not be valid."""
        manifest = manifest_for("unnamed", job, self._facts[job.provider], (), self._setting)
        found, problems = read_unwritten(
            self._loaded.root, self._project, self._facts, f"{job.id}.yaml", manifest.text
        )
        if problems or not found:
            wrong = problems[0].message if problems else "it declares nothing"
            raise FtopsError(f"with the defaults of {PROJECT_FILE}, job {job.id} cannot be declared: {wrong}")
        alone = DesiredSet(found, {}, self._facts)
        return _Readable(job, found[0], alone.fingerprint("unnamed"), manifest.left_out)

    def _chosen(self, group: list[_Readable]) -> _Readable:
        """Choose of equal trainings: what a manifest names, else a model before a run, else the newest."""
        name = self._declared.get(group[0].fingerprint)
        named = {
            one.annotations.get("imported") for one in self._loaded.fine_tunes if name and one.name == name
        }
        return max(
            reversed(group), key=lambda one: (one.job.id in named, one.job.status is JobStatus.SUCCEEDED)
        )

    def _arrival(self, one: _Readable, free: FreeNames) -> Arrival:
        name = self._declared.get(one.fingerprint)
        if name is not None:
            there = next(known for known in self._loaded.fine_tunes if known.name == name)
            fingerprint = self._loaded.fingerprints[name]
            return Arrival(one.job, there, fingerprint, there.source.file, None, one.left_out)
        name = free.take(name_for(one.job))
        same = [other.job for other in self._groups[one.fingerprint] if other is not one]
        manifest = manifest_for(name, one.job, self._facts[one.job.provider], _remarks(same), self._setting)
        file = f"{self._folder}/{name}.yaml"
        fine_tune = replace(one.fine_tune, name=name, source=Source(file, 1))
        return Arrival(one.job, fine_tune, one.fingerprint, file, manifest.text, one.left_out)


def _trainings(loaded: Loaded, state: State) -> Iterator[tuple[str, str]]:
    """Yield the fingerprint of each declared training with its name; also as a job shows it.

    A job names its data by the id that the provider gave it.
    """
    for one in loaded.fine_tunes:
        if one.name in loaded.fingerprints:
            yield loaded.fingerprints[one.name], one.name
        files = [_as_uploaded(file, one, loaded, state) for _, file in one.data_files]
        known = [file for file in files if file is not None]
        if one.upstream or len(known) < len(files) or all(file.path is None for _, file in one.data_files):
            continue
        training, validation = known[: len(one.training_files)], known[len(one.training_files) :]
        shown = replace(
            one, training_files=tuple(training), validation_file=validation[0] if validation else None
        )
        yield DesiredSet([shown], {}, loaded.facts).fingerprint(one.name), one.name


def _as_uploaded(file: DataFile, fine_tune: FineTune, loaded: Loaded, state: State) -> DataFile | None:
    if file.path is None:
        return file
    dataset = loaded.datasets.get(file.path)
    uploaded = state.datasets.get(fine_tune.provider, {})
    file_id = uploaded.get(dataset.sha256) if dataset else None
    return DataFile(file_id=file_id, weight=file.weight) if file_id else None


def _provider_names(session: Session, only: str | None) -> frozenset[str]:
    known = session.loaded.facts
    if only is not None and only not in known:
        near = did_you_mean(only, known)
        raise UsageError(f"no provider is named {only}", hint=near or f"see spec.providers of {PROJECT_FILE}")
    return frozenset([only] if only else known)


def _folder(project: Project) -> str:
    """Return the folder for new manifests: the first that the project reads whole."""
    plain = (pattern.rstrip("/") for pattern in project.manifests if not is_glob(pattern))
    return next((one for one in plain if not one.endswith(SUFFIXES)), "jobs")


def _remarks(same: Iterable[Job]) -> list[str]:
    return [
        f"the same training: job {job.id}, {job.status.value}"
        + (f", model {job.fine_tuned_model}" if job.fine_tuned_model else "")
        for job in same
    ]
