"""What must hold, whatever happens: at each request, at each write of the state, and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.job import Job, JobList, JobStatus, Stamp
from ftops.model.plan import Plan
from ftops.model.request import JobRequest
from ftops.model.state import RecordedJob, State
from ftops.state.statefile import decode
from tests.simulator.account import Account, Key
from tests.simulator.money import never_above

STALL_SECONDS = 500.0
"""A process that stands still for so long between the check and the POST may pay twice."""

LONGEST_LAG_SECONDS = 60.0
DAY_SECONDS = 86_400.0


class LawBroken(AssertionError):
    """A history after which ftops has broken its promise."""


class StateHistory:
    """The states as they were written; each must know all that the one before knew."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.last: State | None = None

    def lost(self) -> None:
        """Note that somebody threw the state away."""
        self.last = None

    def written(self, data: bytes) -> None:
        """Take note of a write that was made."""
        state, before = decode(data, "here"), self.last
        self.last = state
        if before is None:
            return
        if state.lineage != before.lineage or state.serial <= before.serial:
            self.broken.append(f"the state goes back from serial {before.serial} to {state.serial}")
        numbers = _generations(state)
        for name, generation in _generations(before).items():
            if numbers.get(name, 0) < generation:
                now = numbers.get(name, 0)
                self.broken.append(f"the generation of {name} goes back from {generation} to {now}")
        if lost := owners(before).keys() - owners(state).keys():
            self.broken.append(f"the state forgets {sorted(lost)}")


@dataclass
class Findings:
    """What the laws have noted so far.

    `doubled` are the keys for which the create protocol admits a second job: a stall between check and
    POST, a POST repeated on its way, a list that claims to be whole and is not. `forgotten` are those that
    a state that was brought back does not know.
    """

    history: StateHistory
    broken: list[str] = field(default_factory=list)
    doubled: set[Key] = field(default_factory=set)
    forgotten: set[Key] = field(default_factory=set)
    trace: list[str] = field(default_factory=list)
    budget: int | None = None
    bought: dict[str, tuple[float, Decimal]] = field(default_factory=dict)
    decided: dict[str, float] = field(default_factory=dict)

    def law(self, text: str) -> None:
        """Note that a law is broken."""
        self.broken.append(text)
        self.trace.append(f"BROKEN: {text}")


class Watch:
    """Looks over the shoulder of one run."""

    def __init__(
        self, account: Account, findings: Findings, declared: Mapping[str, FineTune], started: float
    ) -> None:
        self._account = account
        self._findings = findings
        self._declared = declared
        self._started = started
        self._read_again: set[str] = set()
        # A create that stalls while somebody cancels its name may still go out: what was known before counts.
        self._noted = findings.history.last

    def posting(self, request: JobRequest, since: float, kind: str) -> None:
        """A create reaches the provider, or would: nothing that it doubles may be there."""
        stamp, account, findings = request.stamp, self._account, self._findings
        if stamp is None:
            findings.law("a create without a stamp is sent")
            return
        self._not_too_soon(stamp)
        self._within_budget(stamp)
        self._within_day(stamp)
        self._not_before_its_pause(stamp)
        if self._noted is not None and stamp.fingerprint in self._noted.cancelled_by_hand(stamp.name):
            findings.law(f"{stamp.name} is created although it was cancelled by hand")
        if account.clock.time - since > STALL_SECONDS or kind.startswith(("repeated", "resent")):
            findings.doubled.add((stamp.lineage, stamp.name, stamp.generation, stamp.attempt))
        if stamp.name not in {name for _, name, _, _ in findings.doubled}:
            self._paid_again(stamp, account.existing(request))
            self._not_while_lost(stamp)
            self._renamed(stamp)
            self._left_behind(request, stamp)

    def _within_budget(self, stamp: Stamp) -> None:
        """What the state notes as bought on this day, as far as it knows of it, is within the budget."""
        findings, account, last = self._findings, self._account, self._findings.history.last
        if findings.budget is None or last is None:
            return
        intents = {one.intent.nonce: one.intent for one in last.fine_tunes.values() if one.intent}
        intent = intents.get(stamp.nonce)
        if intent is None or intent.purchase is None or intent.purchase.estimate is None:
            findings.law(f"{stamp.name} is created without a note of what it costs")
            return
        findings.bought[stamp.nonce] = (intent.purchase.at or 0.0, intent.purchase.estimate.high)
        known = {
            one.nonce: account.costs(job_id, findings.bought[one.nonce][1])
            for job_id, one in account.truth.items()
            if one.nonce in findings.bought
            and one.lineage == stamp.lineage
            and account.key(job_id) not in findings.forgotten | findings.doubled
        }
        for broken in never_above(stamp.nonce, findings.bought, known, findings.budget):
            findings.law(broken)

    def _within_day(self, stamp: Stamp) -> None:
        """No day has more creates than its limit, by the plans that decided them."""
        findings, account, last = self._findings, self._account, self._findings.history.last
        most = account.facts.queue.per_day
        if most is None or last is None:
            return
        intents = (one.intent for one in last.fine_tunes.values())
        intent = next((one for one in intents if one and one.nonce == stamp.nonce), None)
        if intent is None or intent.purchase is None or intent.purchase.at is None:
            findings.law(f"{stamp.name} is created without a note of when that was decided")
            return
        findings.decided[stamp.nonce] = at = intent.purchase.at
        others = {
            one.nonce
            for job_id, one in account.truth.items()
            if one.lineage == stamp.lineage
            and account.key(job_id) not in findings.forgotten | findings.doubled
            and findings.decided.get(one.nonce, 0.0) // DAY_SECONDS == at // DAY_SECONDS
        }
        if len(others | {stamp.nonce}) > most:
            findings.law(
                f"{stamp.name} is create {len(others | {stamp.nonce})} of a day that may have {most}"
            )

    def _not_before_its_pause(self, stamp: Stamp) -> None:
        """A retry waits for its backoff, twice as long each time, from the end of the attempt before."""
        account, fine_tune = self._account, self._declared.get(stamp.name)
        backoff = fine_tune.lifecycle.retry.backoff if fine_tune else 0.0
        before = (stamp.lineage, stamp.name, stamp.fingerprint, stamp.generation, stamp.attempt - 1)
        for job_id, one in account.truth.items():
            job = account.jobs[job_id]
            mine = (one.lineage, one.name, one.fingerprint, one.generation, one.attempt) == before
            # What ftops itself has cancelled is declared anew, not retried.
            if not mine or job.status is not JobStatus.FAILED or job_id in account.cancel_asked:
                continue
            due = (job.finished_at or 0.0) + backoff * 2 ** (stamp.attempt - 2)
            if account.clock.now() < due:
                self._findings.law(
                    f"{stamp.name} is retried {due - account.clock.now():.0f} s before its pause ends"
                )

    def _paid_again(self, stamp: Stamp, itself: Job | None) -> None:
        """The name has a job that runs, or one that has made this very model; not if it is `itself`."""
        account, findings = self._account, self._findings
        last = findings.history.last
        for name, record in last.fine_tunes.items() if last else ():
            # A create that stalled while its record was renamed still goes out under the old name.
            if record.intent is not None and record.intent.nonce == stamp.nonce and name != stamp.name:
                return
        for job in self._others_of(stamp.name, stamp.lineage):
            if _unknowable(account, findings, job.id) or (itself is not None and job.id == itself.id):
                continue
            if job.status.active and job.id not in account.cancel_asked:
                findings.law(f"{stamp.name} is created while its job {job.id} runs")
            ended_before = (job.finished_at or account.clock.time) < self._started
            same = account.truth[job.id].fingerprint == stamp.fingerprint
            if job.status is JobStatus.SUCCEEDED and ended_before and same:
                findings.law(f"{stamp.name} is trained again although {job.id} has made this model")

    def _not_while_lost(self, stamp: Stamp) -> None:
        """A job that an engine has forgotten may train on: nothing takes its place until it cannot.

        By the wall clock: one that jumps ahead is past every settle time.
        """
        owner = self._owners()
        for job_id, until in self._account.lost.items():
            mine = owner.get(job_id) == stamp.name and self._account.truth[job_id].lineage == stamp.lineage
            if mine and self._account.clock.now() < until:
                self._findings.law(f"{stamp.name} is created while {job_id}, which was forgotten, trains on")

    def _left_behind(self, request: JobRequest, stamp: Stamp) -> None:
        """A job of a lost state could be known for what this create doubles."""
        account = self._account
        for job_id, other in account.ours():
            left_behind = other.name == stamp.name and other.lineage != stamp.lineage
            left_behind = left_behind and account.same_data(job_id, request)
            if left_behind and account.sees(job_id) and self._worth_keeping(job_id):
                self._findings.law(f"{stamp.name} is created although a lost state made {job_id} for it")

    def _not_too_soon(self, stamp: Stamp) -> None:
        """What was refused for a limit, or not sent, is not sent again at once."""
        if self._account.clock.now() < self._account.not_before.get(stamp.nonce, 0.0):
            self._findings.law(f"{stamp.name} is sent again too soon after it was refused")

    def listed(self, listed: JobList) -> None:
        """A list that claims to be whole and lacks an old job is one of the admitted ways to two jobs."""
        account = self._account
        if not listed.complete:
            return
        seen = {job.id for job in listed.jobs}
        recorded = self._owners()
        for job_id in account.paid_ids() - seen - account.lost.keys():
            old = (account.jobs[job_id].created_at or 0) <= account.clock.time - account.lag
            if old and job_id not in recorded:
                self._findings.doubled.add(account.key(job_id))

    def retrieved(self, job_id: str) -> None:
        """A job is looked at."""
        self._read_again.add(job_id)

    def cancelling(self, job_id: str) -> None:
        """A cancel reaches the provider: the job must be ours, looked at just now, and free to go."""
        findings = self._findings
        if job_id not in self._account.truth:
            findings.law(f"the foreign job {job_id} is cancelled")
            return
        if job_id not in self._read_again:
            findings.law(f"{job_id} is cancelled without being read again")
        self._read_again.discard(job_id)
        owner = self._owners().get(job_id)
        fine_tune = self._declared.get(owner) if owner else None
        last = findings.history.last
        if owner and last and self._account.truth[job_id].fingerprint in last.cancelled_by_hand(owner):
            return
        if fine_tune and (fine_tune.lifecycle.protect or fine_tune.lifecycle.suspend):
            findings.law(f"{job_id} is cancelled although {owner} is protected or suspended")

    def _worth_keeping(self, job_id: str) -> bool:
        """Whether a job of a lost state must hold the create: with stamps, until a person has spoken."""
        last = self._findings.history.last
        settled = last is not None and (job_id in owners(last) or job_id in last.not_mine.get("p", ()))
        job = self._account.jobs[job_id]
        runs = job.status.active and job_id not in self._account.cancel_asked
        made = job.status is JobStatus.SUCCEEDED and (job.finished_at or 0) < self._started
        listable = (job.created_at or 0) <= self._started - LONGEST_LAG_SECONDS
        return listable and not settled and job_id not in self._account.was_hidden and (runs or made)

    def _renamed(self, stamp: Stamp) -> None:
        """A name that nobody declares any more had this very training as the run began: it is taken over."""
        last = self._findings.history.last
        mine = last.fine_tunes.get(stamp.name) if last else None
        for name, job in _current(last) if last and not (mine and mine.jobs) else ():
            stopped_now = (job.cancel_requested or 0) >= self._started
            wanted = stopped_now or (_worth_keeping(job) and not job.cancel_requested)
            before = (job.created_at or 0) < self._started
            if name not in self._declared and wanted and before and job.fingerprint == stamp.fingerprint:
                self._findings.law(f"{stamp.name} is paid again: {job.id} of {name} trains the same")

    def _others_of(self, name: str, lineage: str) -> Iterator[Job]:
        account, owner = self._account, self._owners()
        detached = _detached(self._findings.history.last)
        for job_id, stamp in account.ours():
            mine = owner.get(job_id, stamp.name) == name and stamp.lineage == lineage
            if mine and job_id not in account.was_hidden and job_id not in detached:
                yield account.jobs[job_id]

    def _owners(self) -> Mapping[str, str]:
        """Map each job to the name that has it, or waits for it: a create in doubt moves with a rename."""
        last = self._findings.history.last
        if last is None:
            return {}
        intents = {record.intent.nonce: name for name, record in last.fine_tunes.items() if record.intent}
        awaited = {
            job_id: intents[stamp.nonce] for job_id, stamp in self._account.ours() if stamp.nonce in intents
        }
        return awaited | owners(last)


def _current(state: State) -> Iterator[tuple[str, RecordedJob]]:
    """Yield the job that each name stands for, or stood for when it was forgotten."""
    yield from ((name, record.job) for name, record in state.fine_tunes.items() if record.job)
    yield from ((name, entry.jobs[0]) for name, entry in state.archive.items() if entry.jobs)


def owners(state: State) -> dict[str, str]:
    """Map each recorded job to the name that has it."""
    found = {job.id: name for name, entry in state.archive.items() for job in entry.jobs}
    return found | {job.id: name for name, record in state.fine_tunes.items() for job in record.jobs}


def convergence(plan: Plan) -> Iterator[str]:
    """Applied without a fault, a plan leaves nothing to do."""
    left = [f"{change.name}: {change.action} {change.reason}" for change in plan.effective_changes]
    if left:
        yield f"a fault-free apply does not converge: {', '.join(left)} is left"


def at_most_once(account: Account, findings: Findings, plan: Plan, state: State) -> Iterator[str]:
    """No key is paid twice; where the protocol admits it, the second job does not go on unseen."""
    asked, known, seen = _open_nonces(state), owners(state), named(plan)
    counted = [
        job_id
        for job_id in account.paid_ids()
        # An older state that was brought back knows what came since by its marks alone.
        if not (_unknowable(account, findings, job_id) or account.forgot(job_id))
    ]
    paid = Counter(account.key(job_id) for job_id in counted)
    for key, count in paid.items():
        if count == 1:
            continue
        if key not in findings.doubled:
            yield f"{count} jobs for {key}"
            continue
        running = [
            job_id
            for job_id in account.paid_ids()
            if account.key(job_id) == key
            and account.jobs[job_id].status.active
            and account.sees(job_id)
            and account.truth[job_id].nonce not in asked
        ]
        taken = key[0] == state.lineage or any(job_id in known for job_id in running)
        unseen = [job_id for job_id in running if job_id not in seen]
        if len(unseen) > 1 and taken:
            yield f"the second job for {key} is neither cancelled nor shown: {unseen} run on"


def _worth_keeping(job: Job | RecordedJob) -> bool:
    return job.status.active or job.status is JobStatus.SUCCEEDED


def all_recorded(account: Account, findings: Findings, plan: Plan, state: State) -> Iterator[str]:
    """Every paid job is in the state, or shown to a person as long as it runs."""
    known, in_doubt, seen = owners(state), _open_nonces(state), named(plan)
    for job_id, stamp in account.ours():
        lost = job_id not in known and stamp.lineage == state.lineage and stamp.nonce not in in_doubt
        shown = job_id in seen or not account.jobs[job_id].status.active
        shown = shown or _unknowable(account, findings, job_id)
        if lost and not shown and account.sees(job_id):
            yield f"job {job_id} of {stamp.name} was paid and is in no record"


def altered_shown(account: Account, plan: Plan, state: State) -> Iterator[str]:
    """A job that trains other settings than were sent is shown to a person, until one takes it as it is.

    A list that shows no settings hides them.
    """
    if account.bends.thin:
        return
    speaks = (Action.HOLD, Action.WAIT)
    held = {one.name for one in plan.changes if one.action in speaks or one.reason is Reason.SUSPENDED}
    for name, record in state.fine_tunes.items():
        job = record.job
        told = job is None or job.accepted or name in held
        if job is not None and not told and job.id in account.altered and account.jobs[job.id].status.active:
            yield f"job {job.id} of {name} trains other settings than were sent, and nobody is told"


def no_stray(
    account: Account, findings: Findings, plan: Plan, state: State, declared: Iterable[str]
) -> Iterator[str]:
    """What runs is somebody's current job, shown to a person, or was let go."""
    wanted = named(plan)
    wanted |= {record.job.id for name, record in state.fine_tunes.items() if record.job and name in declared}
    detached = _detached(state)
    for job_id, stamp in account.ours():
        active = account.jobs[job_id].status.active and account.sees(job_id)
        excused = stamp.nonce in _open_nonces(state) or _unknowable(account, findings, job_id)
        if active and stamp.lineage == state.lineage and not excused and job_id not in wanted | detached:
            yield f"job {job_id} of {stamp.name} runs and nobody wants it"


def one_id(account: Account, state: State) -> Iterator[str]:
    """Where ids are ours, all sendings of one create have the same one, until it is surely forgotten."""
    found: dict[str, str] = {}
    for job_id, stamp in account.ours() if account.session else ():
        other = found.setdefault(stamp.nonce, job_id)
        excused = account.forgot(other) or other in account.lost
        if other != job_id and stamp.lineage == state.lineage and not excused:
            yield f"{other} and {job_id} are one create, sent under two ids"


def outcomes_known(account: Account, state: State) -> Iterator[str]:
    """A success that a list tells of is recorded with all that was made, and keeps it."""
    for name, record in state.fine_tunes.items() if account.session else ():
        job = record.job
        done = job is not None and job.status is JobStatus.SUCCEEDED
        if job is not None and done and not job.fine_tuned_model:
            yield f"{job.id} of {name} is recorded as a success, and not what it made"


def obeyed(account: Account, state: State) -> Iterator[str]:
    """What a person has cancelled does not run on, unless its provider has taken the cancel."""
    jobs = [job for record in state.fine_tunes.values() for job in record.jobs]
    jobs += [job for entry in state.archive.values() for job in entry.jobs]
    taken = {job.id for job in jobs if job.cancel_accepted is not None}
    detached = _detached(state) | taken
    for job_id, owner in owners(state).items():
        stamp, job = account.truth.get(job_id), account.jobs.get(job_id)
        runs = job is not None and job.status.active and account.sees(job_id) and job_id not in detached
        if runs and stamp is not None and stamp.fingerprint in state.cancelled_by_hand(owner):
            yield f"{job_id} of {owner} runs on although it was cancelled by hand"


def _unknowable(account: Account, findings: Findings, job_id: str) -> bool:
    """Return whether neither the state that was brought back nor a mark tells of this job."""
    return not account.marks and account.key(job_id) in findings.forgotten


def named(plan: Plan) -> set[str]:
    """Return the jobs that a plan shows: what a change is about, and what its words say it could be about."""
    return {job_id for change in plan.changes for job_id in named_in(change)}


def named_in(change: Change) -> set[str]:
    """Return the jobs that a change shows."""
    words = change.message.translate(_NO_POINTS).split()
    found = {word for word in words if word.startswith("job-")}
    return found | {job_id for job_id in (change.job_id, change.cancel_first) if job_id}


def names(plan: Plan, declared: Iterable[str], state: State) -> set[str]:
    """Return every name that a person could be asked about."""
    return {*declared, *state.fine_tunes, *(change.name for change in plan.changes)}


_NO_POINTS = str.maketrans(dict.fromkeys(",;()`.", " "))


def honest_holds(account: Account, changes: Iterable[Change]) -> Iterator[str]:
    """A hold tells the truth about its job, and no wait outlasts every reason for it."""
    for change in changes:
        job_id = change.job_id or ""
        if change.action is Action.WAIT:
            yield f"{change.name} waits for ever: {change.reason}"
        if change.reason is Reason.CANCELLED_EXTERNALLY and job_id not in account.cancelled_outside:
            yield f"{change.name}: {job_id} was not cancelled outside ftops, as the hold says"
        if change.reason is Reason.VANISHED and job_id not in account.was_hidden:
            yield f"{change.name}: {job_id} has not vanished, as the hold says"
        if change.reason is Reason.FAILED and account.jobs[job_id].status is not JobStatus.FAILED:
            yield f"{change.name}: {job_id} has not failed, as the hold says"


def honest_refusals(account: Account, changes: Iterable[Change]) -> Iterator[str]:
    """What the provider refused only for now is tried again; nothing else is held as refused.

    Data that failed three times counts as refused, and so does all that trains on it.
    """
    for change in changes:
        if change.action is not Action.HOLD or change.reason is not Reason.REJECTED:
            continue
        # The name of an upload carries the digest of its rows, which stands for the path here.
        data = {sha256(use.path.encode()).hexdigest()[:16] for use in change.data if use.path}
        refused = {name for name in account.refused_for_good if any(part in name for part in data)}
        failed = any(part in account.files[file_id].filename for part in data for file_id in account.failing)
        if change.fingerprint not in account.refused_for_good and not refused and not failed:
            yield f"{change.name} is held as refused for good, and was refused only for now: {change.message}"


def lifted_holds(changes: Iterable[Change]) -> Iterator[str]:
    """Where a person has lifted every refusal and the provider refuses no more, none is left."""
    for change in changes:
        if change.reason in (Reason.REJECTED, Reason.STUCK):
            yield f"{change.name} is still held although its refusal was lifted: {change.message}"


def _open_nonces(state: State) -> set[str]:
    """Return the nonces of intents that are in doubt: what carries one is held until a person has looked."""
    intents = [record.intent for record in state.fine_tunes.values() if record.intent]
    return {intent.nonce for intent in intents if not intent.lapsed}


def _generations(state: State) -> dict[str, int]:
    found = {name: entry.generation for name, entry in state.archive.items()}
    for name, record in state.fine_tunes.items():
        found[name] = max(found.get(name, 0), record.generation)
    return found


def _detached(state: State | None) -> set[str]:
    if state is None:
        return set()
    return {job.id for entry in state.archive.values() for job in entry.jobs if job.detached}
