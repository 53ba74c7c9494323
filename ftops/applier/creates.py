"""The create protocol: a durable intent, one POST, no blind retry, a look-up after doubt.

Where a reply is lost, `applier._look_up` asks the provider's list at once, by way of `replies.looked_up`.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, as_completed
from contextlib import suppress

from msgspec import Struct

from ftops.applier.context import Context
from ftops.applier.looking import with_outcome
from ftops.applier.refused import Blocked, judged_by_files
from ftops.errors import FtopsError, LeaseLost, NeedsPerson, ProviderError
from ftops.model.capabilities import Capabilities
from ftops.model.change import Change
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Upstream
from ftops.model.job import Job, JobStatus, Stamp
from ftops.model.request import JobRequest, RequestFile
from ftops.model.spending import Purchase, amount
from ftops.model.state import Intent
from ftops.model.value import replace
from ftops.records.ledger import Ledger
from ftops.records.likeness import Appearance, appearance
from ftops.records.matching import LiveJobs, worth_keeping
from ftops.records.repeating import id_made_of
from ftops.records.tags import marked_as
from ftops.records.wording import ways_out

LEASE_MARGIN_SECONDS = 5.0
"""How long before the end of a lease the last create may be sent: more than a check and a send take."""

MOST_MARGIN = 0.25
"""Of what is left of a lease, no more than this part is margin: else a short lease would send nothing."""


class Ready(Struct, frozen=True):
    """One create, resolved as far as its request, with the deadline of its POST on the monotonic clock."""

    change: Change
    fine_tune: FineTune
    request: JobRequest
    intent: Intent
    deadline: float


class Sent(Struct, frozen=True):
    """The outcome of one POST. Neither job nor error: it was certainly not sent."""

    ready: Ready
    job: Job | None = None
    error: FtopsError | None = None
    held_back: str | None = None

    @property
    def why(self) -> str:
        """Say why there is no job."""
        return self.held_back or (self.error.message if self.error else "")

    @property
    def cause(self) -> FtopsError | str:
        """Why there is no job, with all that the error knows."""
        return self.error if self.error is not None and not self.held_back else self.why

    @property
    def in_doubt(self) -> FtopsError:
        """Why nobody knows whether there is a job."""
        doubt = "it may have arrived, so it is not sent again: the next run looks for it"
        if self.ready.intent.repeats_in is not None:
            doubt = "it may have arrived; the next run looks for it, or sends it again under the same id"
        error, message = self.error, f"{self.why}; {doubt}"
        if isinstance(error, ProviderError):
            return ProviderError(message, failure=error.failure, hint=error.hint)
        return FtopsError(message, hint=error.hint if error else None)


def prepare(change: Change, context: Context, ledger: Ledger, live: LiveJobs) -> Ready:
    """Resolve model and files, and note the intent. Raises FtopsError, having noted nothing."""
    fine_tune = context.fine_tunes[change.name]
    provider = context.hands.providers[fine_tune.provider]
    can = provider.facts.capabilities
    model = base_model(fine_tune, can, ledger)
    file_ids = ledger.file_ids(fine_tune.provider)
    shown = appearance(change.spec, model, file_ids, can)
    seen = _unclaimed(change, shown, live)
    now, monotonic = context.hands.clock.now(), context.hands.clock.monotonic()
    window = provider.facts.send_window
    if (expires_at := context.hands.lock.expires_at) is not None:
        left = expires_at - now
        window = min(window, left - min(LEASE_MARGIN_SECONDS, MOST_MARGIN * left))
    record = ledger.records.get(change.name)
    lapsed = record.intent if record and record.intent and record.intent.lapsed else None
    same = lapsed is not None and lapsed.fingerprint == change.fingerprint
    intent = Intent(
        provider=fine_tune.provider,
        nonce=lapsed.nonce if lapsed is not None and same else context.hands.new_nonce(),
        fingerprint=change.fingerprint or "",
        generation=change.generation,
        attempt=change.attempt,
        spec=change.spec,
        created_at=now,
        not_after=now + window,
        known=shown,
        seen=seen,
        refusal=lapsed.refusal if lapsed is not None and same else None,
        unanswered=same and lapsed is not None and lapsed.unanswered,
        purchase=_purchase(change, fine_tune, context.purchase),
    )
    session = context.observations[fine_tune.provider].session if can.repeats else None
    if session is not None:
        made_of = id_made_of(change.name, intent.fingerprint, intent.generation, intent.attempt)
        intent = replace(intent, repeats_in=session, repeats_as=made_of)
    request = requested(fine_tune, model, context.datasets, file_ids)
    request = replace(request, stamp=_stamp(change, intent, context, ledger))
    request = _in_its_session(request, intent)
    ledger.intend(change.name, fine_tune, intent)
    return Ready(change, fine_tune, request, intent, monotonic + window)


def _purchase(change: Change, fine_tune: FineTune, common: Purchase) -> Purchase:
    """Return what is known of the price now; one beyond all bounds is unknown."""
    cost, estimate = change.estimated_cost, None
    if cost is not None:
        with suppress(ValueError):
            estimate = amount(cost.low, cost.high, cost.currency)
    return replace(common, estimate=estimate, labels=dict(fine_tune.labels))


def send(wave: list[Ready], context: Context, blocked: Blocked, threads: Executor) -> list[Sent]:
    """POST a wave, as many at once as there are threads. `blocked` learns where nothing more is taken."""
    futures = [threads.submit(_post, ready, context, blocked) for ready in wave]
    return [future.result() for future in as_completed(futures)]


def _post(ready: Ready, context: Context, blocked: Blocked) -> Sent:
    name = ready.fine_tune.provider
    provider = context.hands.providers[name]
    if context.hands.stopping():
        return Sent(ready, held_back="stopped before it was sent")
    if (why := blocked.why(name, ready.request.model)) is not None:
        return Sent(ready, held_back=why)
    try:
        context.hands.lock.check()
    except LeaseLost as error:
        return Sent(ready, error=error)
    if context.hands.clock.now() > ready.intent.not_after or context.hands.clock.monotonic() > ready.deadline:
        return Sent(ready, held_back="its send window had passed; the next run sends it")
    try:
        made = with_outcome(provider, provider.create_fine_tune(ready.request))
        return Sent(ready, job=marked_as(made, ready.request.stamp))
    except ProviderError as error:
        blocked.learn(name, ready.request.model, error)
        return Sent(ready, error=judged_by_files(error, ready.fine_tune, ready.request, context))


def base_model(fine_tune: FineTune, can: Capabilities, ledger: Ledger) -> str:
    """Name the model to start from, as the provider knows it. Raises FtopsError while there is none."""
    if not isinstance(fine_tune.model, Upstream):
        return fine_tune.model
    record = ledger.records.get(fine_tune.model.name)
    job = record.job if record else None
    if job is None or job.status is not JobStatus.SUCCEEDED or job.fine_tuned_model is None:
        raise FtopsError(f"{fine_tune.model.name}, whose model it starts from, has no model yet")
    checkpoint = fine_tune.model.checkpoint
    if checkpoint == "final":
        return job.fine_tuned_model
    if can.checkpoints is None:
        raise FtopsError(f"its provider has no checkpoints, and it starts from {checkpoint}")
    return can.checkpoints.format(model=job.fine_tuned_model, step=checkpoint.removeprefix("step:"))


def _unclaimed(change: Change, shown: Appearance, live: LiveJobs) -> tuple[str, ...]:
    """Return the jobs without a mark that look like the request, now that the file's id is known.

    Raises NeedsPerson for one that runs or has made a model: a create could pay for it a second time.
    """
    found = [job for job, _ in live.plausible(change.provider, shown)]
    doubled = [job.id for job in found if worth_keeping(job)]
    if doubled:
        others = (f"--not-mine {job_id}" for job_id in doubled)
        raise NeedsPerson(
            f"the provider has what could be this job ({', '.join(doubled)}), without our mark, so "
            f"nothing is created; {ways_out(change.name, doubled, *others)}"
        )
    return tuple(job.id for job in found)


def _stamp(change: Change, intent: Intent, context: Context, ledger: Ledger) -> Stamp:
    return Stamp(
        project=context.project,
        lineage=ledger.last_written.lineage,
        name=change.name,
        fingerprint=intent.fingerprint,
        generation=intent.generation,
        attempt=intent.attempt,
        nonce=intent.nonce,
    )


def _in_its_session(request: JobRequest, intent: Intent) -> JobRequest:
    """Bind a create to the session that it was decided in: in another an earlier sending may live on."""
    return replace(request, session=intent.repeats_in)


def requested(
    fine_tune: FineTune, model: str, datasets: Mapping[str, Dataset], file_ids: Mapping[str, str]
) -> JobRequest:
    """Return what is sent, without its mark. Raises FtopsError where a file is not at the provider."""

    def at_provider(file: DataFile) -> RequestFile:
        if file.path is None:
            return RequestFile(file.file_id or "", file.weight)
        sha256 = datasets[file.path].sha256
        if sha256 not in file_ids:
            raise FtopsError(f"{file.path} is not at the provider")
        return RequestFile(file_ids[sha256], file.weight)

    validation = fine_tune.validation_file
    return JobRequest(
        model=model,
        training_files=tuple(at_provider(file) for file in fine_tune.training_files),
        validation_file=at_provider(validation) if validation else None,
        method=fine_tune.method,
        hyperparameters=fine_tune.hyperparameters,
        grader=fine_tune.grader,
        suffix=fine_tune.suffix,
        seed=fine_tune.seed,
        provider_options=fine_tune.provider_options,
        integrations=fine_tune.integrations,
        chained=isinstance(fine_tune.model, Upstream),
    )
