"""Jobs that a person says are ours, or are not: taken over, settled, given up, or tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from msgspec import Struct

from ftops.api.session import Session
from ftops.api.state_edit import Consent, Proposal, StateEdit, agreed, edit
from ftops.errors import FtopsError, InvalidInput, Problem, StateUncertain, UsageError
from ftops.files.fresh import write_new
from ftops.manifests.job_manifest import Setting, manifest_for
from ftops.manifests.writing import schema_address
from ftops.model.change import Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.nearest import did_you_mean
from ftops.model.state import State
from ftops.providers.provider import Provider
from ftops.records.matching import LiveJobs
from ftops.records.surgery import (
    accepted,
    arrived,
    claimed,
    in_doubt,
    never_arrived,
    not_mine,
    refuse_recorded,
    retried,
    take_over,
    uncancelled,
)
from ftops.review.selection import Selection, unknown_name


class Answer(Enum):
    """What a person says of a fine-tune that is held, or of a job. The first two are about one job."""

    THEIRS = "this job belongs to the fine-tune"
    NOT_MINE = "this job is somebody else's"
    NEVER_ARRIVED = "the provider never got the create in doubt"
    RETRY = "try again what was refused or cancelled by hand"


def the_answer(told: Mapping[str, str | bool | None]) -> tuple[Answer, str]:
    """Return the one answer that was given, by its name in small letters, and the job that it is about."""
    given = {name: value for name, value in told.items() if value}
    if len(given) != 1:
        raise UsageError("pass one of job, not mine, never arrived and retry")
    name, value = given.popitem()
    return Answer[name.upper()], value if isinstance(value, str) else ""


class ImportedJob(Struct, frozen=True):
    """A job that was taken over. `left_out` says which of its values no manifest may ask for."""

    path: Path
    job_id: str
    left_out: tuple[str, ...]


def import_job(session: Session, name: str, job_id: str, provider: str | None = None) -> ImportedJob:
    """Take over one job: write its manifest and record it, so that the plan shows no change.

    Raises FtopsError for a name that is declared and a job that is recorded already, and what the provider
    says; then there is no manifest.
    """
    session.refuse_frozen()
    path = session.root / "jobs" / f"{name}.yaml"
    where = _where(session, provider)
    if path.exists() or any(fine_tune.name == name for fine_tune in session.loaded.fine_tunes):
        raise FtopsError(f"{name} is already declared", hint="choose another name")
    port = session.providers[where]
    job = _as_listed(port, job_id)
    address = schema_address("finetune", session.root, path.parent.name)
    manifest = manifest_for(name, job, port.facts, (), Setting(session.loaded.project.defaults, address))
    session.surroundings.vault.refuse(manifest.text, "the manifest")

    def propose(_: bytes | None) -> Proposal:
        session.refuse_frozen()
        stored = session.manager.read()
        state = session.present(stored)
        refuse_recorded(state, job.id)
        fine_tune, change = _declared(session, name)
        return Proposal(
            f"{job.id} becomes the job of {name}", take_over(state, fine_tune, change, job), stored
        )

    write_new(path, manifest.text.encode())
    try:
        edit(session, "import", propose, backup=False)
    except StateUncertain:
        # The state may have the job: without its manifest, the next apply would cancel it.
        raise
    except FtopsError:
        path.unlink()
        raise
    return ImportedJob(path, job.id, manifest.left_out)


def _as_listed(port: Provider, job_id: str) -> Job:
    """Fetch a job from where it shows the most of its request: some formats show less in a retrieve."""
    if not port.facts.capabilities.mark_retrieved:
        found = next((job for job in port.list_fine_tunes().jobs if job.id == job_id), None)
        if found is not None:
            return found
    return port.retrieve_fine_tune(job_id)


def resolve(
    session: Session, name: str, answer: Answer, job_id: str = "", consent: Consent = agreed
) -> StateEdit:
    """Clear a hold that only a person can, by what they know. `job_id` is the job of the first two answers.

    Raises UsageError for a name that nobody knows, and FtopsError where there is nothing of that kind.
    """

    def propose(_: bytes | None) -> Proposal:
        stored = session.manager.read()
        new, words = _ANSWERS[answer](session, session.present(stored), name, job_id)
        return Proposal(f"In the state: {words}.", new, stored)

    def still_allowed(words: str) -> None:
        consent(words)
        session.refuse_frozen()

    session.refuse_frozen()
    edited = edit(session, "resolve", propose, still_allowed, backup=False)
    if edited is None:
        raise ValueError("an answer that always changes something did not")
    return edited


def _lost(session: Session, state: State, name: str, _: str) -> tuple[State, str]:
    new = never_arrived(state, name, _shown(session, state, name))
    return new, f"the next apply may create {name} again"


def _foreign(session: Session, state: State, name: str, job_id: str) -> tuple[State, str]:
    refuse_recorded(state, job_id, but=name)
    new = not_mine(state, _provider(session, state, name), job_id)
    return new, f"{job_id} is somebody else's and is never touched"


def _retry(session: Session, state: State, name: str, _: str) -> tuple[State, str]:
    """Return the state in which nothing counts as refused for a name, neither its create nor its data."""
    declared = [one for one in session.loaded.fine_tunes if one.name == name]
    files = [file.path for one in declared for _, file in one.data_files if file.path]
    known = session.loaded.datasets
    new = retried(state, name, [known[path].file_sha256 for path in files if path in known])
    if not state.cancelled_by_hand(name):
        return new, f"the next apply tries {name} again, whatever was refused before"
    record = state.fine_tunes.get(name)
    runs = record is not None and record.job is not None and record.job.status.active
    what = "its job, if still running, continues" if runs else "the next apply may create it"
    return new, f"{name} is no longer cancelled by hand: {what}"


def _theirs(session: Session, state: State, name: str, job_id: str) -> tuple[State, str]:
    """Return the state in which the job belongs to the name; a create in doubt may be undeclared by now."""
    intent = in_doubt(state, name)
    if intent is not None and intent.provider in session.providers:
        refuse_recorded(state, job_id)
        job = session.providers[intent.provider].retrieve_fine_tune(job_id)
        return arrived(state, name, job), f"{job_id} becomes the job of {name}"
    record = state.fine_tunes.get(name)
    if record is not None and record.job is not None and record.job.id == job_id:
        others = _second_jobs(session, name)
        stopped = f"; the next apply cancels {', '.join(job.id for job in others)}" if others else ""
        kept = claimed(accepted(uncancelled(state, name), name, job_id), name, others)
        return kept, f"{job_id} is accepted as it is for {name}{stopped}"
    refuse_recorded(state, job_id)
    fine_tune, change = _declared(session, name)
    job = session.providers[fine_tune.provider].retrieve_fine_tune(job_id)
    return take_over(state, fine_tune, change, job), f"{job_id} becomes the job of {name}"


_ANSWERS: Mapping[Answer, Callable[[Session, State, str, str], tuple[State, str]]] = {
    Answer.THEIRS: _theirs,
    Answer.NEVER_ARRIVED: _lost,
    Answer.NOT_MINE: _foreign,
    Answer.RETRY: _retry,
}


def _shown(session: Session, state: State, name: str) -> list[str]:
    """Return the jobs without a mark that a create in doubt could be."""
    intent = in_doubt(state, name)
    if intent is None:
        return []
    live = LiveJobs(session.plan(Selection()).observations, state)
    return [job.id for job, _ in live.answering(intent.request)]


def _second_jobs(session: Session, name: str) -> list[Job]:
    """Fetch the jobs without a mark that the plan shows besides the one of this name."""
    changes = session.plan(Selection()).plan.changes
    return [
        session.providers[change.provider].retrieve_fine_tune(change.job_id)
        for change in changes
        if change.name == name and change.reason is Reason.LOOKALIKE and change.job_id
    ]


def _where(session: Session, provider: str | None) -> str:
    """Return the provider that is meant: the named one, else the default."""
    where = provider or session.loaded.project.default_provider
    if where is None:
        raise UsageError("there is no default provider", hint="name one with --provider")
    if where not in session.providers:
        near = did_you_mean(where, session.providers)
        raise UsageError(f"no provider is named {where}", hint=near or "name one with --provider")
    return where


def _provider(session: Session, state: State, name: str) -> str:
    """Return where to look for the jobs of a name: what is declared decides, else the create in doubt."""
    declared = (one.provider for one in session.loaded.fine_tunes if one.name == name)
    intent, record = in_doubt(state, name), state.fine_tunes.get(name)
    known = intent.provider if intent else record.provider if record else None
    # A job with this project's mark and no record is named by the plan alone.
    changes = () if (found := next(declared, known)) else session.plan(Selection()).plan.changes
    found = found or next((one.provider for one in changes if one.name == name), None)
    if found is None:
        raise unknown_name(name, (one.name for one in changes))
    return found


def _declared(session: Session, name: str) -> tuple[FineTune, Change]:
    """Return a declared fine-tune with what the planner says about it."""
    reviewed = session.plan(Selection())
    found = [fine_tune for fine_tune in session.loaded.fine_tunes if fine_tune.name == name]
    if not found:
        near = did_you_mean(name, (fine_tune.name for fine_tune in session.loaded.fine_tunes))
        raise UsageError(f"no manifest declares {name}", hint=near or "see `ftops status`")
    # A job that runs beside has a change of its own, without a spec: it says nothing of what is declared.
    change = next(change for change in reviewed.plan.changes if change.name == name and change.spec)
    if change.fingerprint is None:
        cannot = Problem(f"nothing can be recorded as {name}: {change.message}", hint="see `ftops validate`")
        raise InvalidInput(change.problems or (cannot,))
    return found[0], change
