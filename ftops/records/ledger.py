"""The state while an apply works on it: every step is one small, named change to the records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ftops.model.finetune import FineTune
from ftops.model.fingerprint import digest
from ftops.model.job import Job, UploadedFile
from ftops.model.json_value import JSONObject
from ftops.model.provider_memory import ProviderMemory, RefusedUpload
from ftops.model.refusal import Refusal
from ftops.model.state import Intent, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.records.archiving import NOTHING, put_away
from ftops.records.intents import adopt_intent
from ftops.records.settings import settings_differ, with_settings


class Ledger:
    """Mutable records in memory; `snapshot` is what gets written. Used from one thread only."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.records = dict(state.fine_tunes)
        self.archive = dict(state.archive)
        self._acks = dict(state.acks)
        self._datasets = {provider: dict(files) for provider, files in state.datasets.items()}
        jobs = (*(one.jobs for one in self.records.values()), *(one.jobs for one in self.archive.values()))
        self._job_ids = {job.id for some in jobs for job in some}

    def snapshot(self) -> State:
        """Return the records as a State."""
        return replace(
            self._state,
            fine_tunes=dict(self.records),
            archive=dict(self.archive),
            acks=dict(self._acks),
            datasets={provider: dict(files) for provider, files in self._datasets.items()},
        )

    def written(self, state: State) -> None:
        """Go on from the serial that the last write gave."""
        self._state = state

    @property
    def last_written(self) -> State:
        """What the store holds."""
        return self._state

    def sync_settings(self, fine_tunes: Mapping[str, FineTune]) -> None:
        """Take over labels, annotations, integrations and lifecycle of every declared fine-tune."""
        for name, record in self.records.items():
            fine_tune = fine_tunes.get(name)
            if fine_tune is not None and settings_differ(record, fine_tune):
                self.records[name] = with_settings(record, fine_tune)

    def find(self, name: str, job_id: str) -> RecordedJob | None:
        """Find a job of a name, current, earlier or archived."""
        record, archived = self.records.get(name), self.archive.get(name)
        jobs = (*(record.jobs if record else ()), *(archived.jobs if archived else ()))
        return next((job for job in jobs if job.id == job_id), None)

    def put(self, name: str, job: RecordedJob) -> None:
        """Replace a job of a name by its newer self, wherever it is; a stray one joins the history."""
        record, archived = self.records.get(name), self.archive.get(name)
        if record is not None and record.job is not None and record.job.id == job.id:
            self.records[name] = replace(record, job=job)
        elif archived is not None and any(old.id == job.id for old in archived.jobs):
            jobs = tuple(job if old.id == job.id else old for old in archived.jobs)
            self.archive[name] = replace(archived, jobs=jobs)
        elif record is not None:
            history = tuple(job if old.id == job.id else old for old in record.history)
            known = any(old.id == job.id for old in record.history)
            self.records[name] = replace(record, history=history if known else (*history, job))
        elif archived is not None:
            self.archive[name] = replace(archived, jobs=(*archived.jobs, job))

    def forget(self, name: str, *, detached: bool = False) -> None:
        """Archive a record: its jobs and numbers stay, so that nothing is paid or numbered twice."""
        record = self.records.pop(name)
        self._acks.pop(name, None)
        self.archive[name] = put_away(record, self.archive.get(name, NOTHING), detached=detached)

    def adopt(self, name: str, fine_tune: FineTune, job: RecordedJob, fingerprint: str, spec: object) -> None:
        """Make a job the current one of its name; whatever was current joins the history."""
        self._job_ids.add(job.id)
        record = without_lapsed_intent(self._opened(name, fine_tune, fingerprint, spec))
        others = tuple(old for old in record.jobs if old.id != job.id)
        same = next((old for old in record.jobs if old.id == job.id), job)
        job = replace(job, purchase=job.purchase or same.purchase, charge=job.charge or same.charge)
        self.records[name] = replace(
            record,
            provider=job.provider,
            fingerprint=fingerprint,
            spec=spec if isinstance(spec, Mapping) else record.spec,
            generation=max(record.generation, job.generation),
            attempt=job.attempt,
            job=replace(job, detached=False, fingerprint=fingerprint),
            history=others,
        )

    def cancel_by_hand(
        self, name: str, fingerprints: Iterable[str], fine_tune: FineTune | None, spec: JSONObject
    ) -> None:
        """Note what a person has cancelled. What is declared has a record from then on: renames follow it."""
        noted = tuple(dict.fromkeys(fingerprints))
        if fine_tune is not None and name not in self.records:
            self.records[name] = self._opened(name, fine_tune, noted[0], spec)
        kept = self.records.get(name) or self.archive[name]
        noted = tuple(dict.fromkeys((*kept.cancelled_by_hand, *noted)))
        if isinstance(kept, Record):
            self.records[name] = replace(kept, cancelled_by_hand=noted)
        else:
            self.archive[name] = replace(kept, cancelled_by_hand=noted)

    def intend(self, name: str, fine_tune: FineTune, intent: Intent) -> None:
        """Note "about to create this"; a given-up intent leaves its nonce behind."""
        record = self._opened(name, fine_tune, intent.fingerprint, intent.spec)
        spent, requests = record.spent_nonces, record.requests
        if record.intent is not None:
            # The first sending may still arrive, whatever is sent now.
            requests = (*requests, record.intent.request)
            if record.intent.nonce != intent.nonce:
                spent = (*spent, record.intent.nonce)
        self.records[name] = replace(
            with_settings(record, fine_tune),
            generation=intent.generation,
            attempt=intent.attempt,
            intent=intent,
            spent_nonces=spent,
            requests=newest(requests),
        )

    def created(self, name: str, job: Job) -> None:
        """Record the job that an intent became."""
        self.records[name] = adopt_intent(self.records[name], job)
        self._job_ids.add(job.id)

    def withdraw(self, name: str, at: float | None, refusal: Refusal | None = None) -> None:
        """Note that an intent certainly became no job; its numbers serve the next create.

        `at` is when this run knew it, None where a person says so; `refusal` is what the provider answered.
        """
        record = self.records[name]
        if record.intent is not None:
            intent = replace(
                record.intent, lapsed=True, withdrawn_at=at, refusal=refusal or record.intent.refusal
            )
            self.records[name] = replace(record, intent=intent)

    def answered(self, name: str, at: float) -> None:
        """Note when the provider answered, however badly: nothing is on its way after that."""
        record = self.records[name]
        if record.intent is not None:
            sooner = min(record.intent.not_after, at)
            self.records[name] = replace(record, intent=replace(record.intent, not_after=sooner))

    def in_doubt(self) -> list[SentRequest]:
        """Return the requests that are sent, or may be, and have no answer yet."""
        intents = [record.intent for record in self.records.values() if record.intent]
        return [intent.request for intent in intents if not intent.lapsed]

    def named_in_reply(self, name: str, job_id: str) -> None:
        """Note the job named by an answer that could not be trusted."""
        record = self.records[name]
        if record.intent is not None:
            self.records[name] = replace(record, intent=replace(record.intent, replied=job_id))

    def knows(self, job_id: str) -> bool:
        """Return whether a job is in any record, or was since the start: one job answers one create."""
        return job_id in self._job_ids

    def unmarked(self, provider: str) -> bool:
        """Return whether the provider is known, by now, not to return marks."""
        return self._state.unmarked(provider)

    def note_unmarked(self, provider: str, now: float) -> None:
        """Note that a reply lacked the mark that was sent."""
        self._state = self._state.with_unmarked(provider, now)

    def file_ids(self, provider: str) -> dict[str, str]:
        """Return the uploaded files of a provider: SHA-256 -> file id."""
        return self._datasets.setdefault(provider, {})

    def refused_upload(self, provider: str, sha256: str) -> RefusedUpload | None:
        """Return what is remembered of bytes that a provider did not take."""
        memory = self._state.providers.get(provider, ProviderMemory())
        return memory.refused_uploads.get(sha256)

    def upload_refused(self, provider: str, sha256: str, words: str, at: float) -> None:
        """Remember that a provider refused these bytes: no run sends them again on its own."""
        self._remember(provider, sha256, RefusedUpload(words, at))

    def upload_failed(self, provider: str, sha256: str, file: UploadedFile, at: float) -> None:
        """Remember a file that the provider took and could not process; each counts once."""
        known = self.refused_upload(provider, sha256)
        failed = known.failed if known else ()
        if file.id not in failed:
            text = file.problem or f"file {file.id} is {file.status}"
            self._remember(provider, sha256, RefusedUpload(text, at, (*failed, file.id)))

    def upload_taken(self, provider: str, sha256: str) -> None:
        """Forget earlier failures of bytes that the provider has processed."""
        self._remember(provider, sha256, None)

    def _remember(self, provider: str, sha256: str, refused: RefusedUpload | None) -> None:
        memory = self._state.providers.get(provider, ProviderMemory())
        uploads = {key: one for key, one in memory.refused_uploads.items() if key != sha256}
        if refused is not None:
            uploads[sha256] = refused
        if uploads != memory.refused_uploads:
            known = replace(memory, refused_uploads=uploads)
            self._state = replace(self._state, providers={**self._state.providers, provider: known})

    def _opened(self, name: str, fine_tune: FineTune, fingerprint: str, spec: object) -> Record:
        """Return the name's record, a new one if there is none, with what the archive kept of the name."""
        record = self.records.get(name)
        if record is None:
            record = Record(
                provider=fine_tune.provider,
                fingerprint=fingerprint,
                generation=0,
                attempt=0,
                spec=spec if isinstance(spec, Mapping) else {},
            )
        archived = self.archive.pop(name, None)
        if archived is not None:
            record = replace(
                record,
                generation=max(record.generation, archived.generation),
                history=(*record.history, *archived.jobs),
                spent_nonces=(*record.spent_nonces, *archived.spent_nonces),
                requests=newest((*record.requests, *archived.requests)),
                cancelled_by_hand=(*record.cancelled_by_hand, *archived.cancelled_by_hand),
            )
        return with_settings(record, fine_tune)


def without_lapsed_intent(record: Record) -> Record:
    """Give up a create for good once a job serves: its numbers may be that job's, its nonce is spent."""
    if record.intent is None or not record.intent.lapsed:
        return record
    return replace(
        record,
        intent=None,
        spent_nonces=(*record.spent_nonces, record.intent.nonce),
        requests=newest((*record.requests, record.intent.request)),
    )


MOST_REQUESTS = 8
"""Requests that were given up and are still watched for, of one name: the newest ones."""


def newest(requests: Iterable[SentRequest]) -> tuple[SentRequest, ...]:
    """Return the latest requests, each once; of equal ones the first knows who was there before it."""
    found: dict[str, SentRequest] = {}
    for request in requests:
        found.setdefault(digest({"provider": request.provider, "known": request.known}), request)
    return tuple(found.values())[-MOST_REQUESTS:]
