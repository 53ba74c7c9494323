"""What a refused create leaves behind: where nothing more is sent in this run, and what the record keeps."""

from __future__ import annotations

from ftops.applier.context import Context
from ftops.applier.uploads import under_way
from ftops.errors import (
    About,
    Failure,
    Forbidden,
    FtopsError,
    NotFound,
    NotReady,
    ProviderError,
    RateLimited,
    RefusalKind,
    Rejected,
    Unauthorized,
    Unpaid,
)
from ftops.model.finetune import FineTune
from ftops.model.job import FileState
from ftops.model.refusal import Refusal
from ftops.model.request import JobRequest
from ftops.model.state import Intent
from ftops.model.value import replace

_KINDS: tuple[tuple[type[ProviderError], RefusalKind], ...] = (
    (Rejected, RefusalKind.REJECTED),
    (Forbidden, RefusalKind.FORBIDDEN),
    (NotReady, RefusalKind.NOT_READY),
    (Unpaid, RefusalKind.BILLING),
    (RateLimited, RefusalKind.LIMIT),
)
"""The refusals that a record keeps. One of the key says nothing of the create."""

_FOR_GOOD = frozenset({FileState.FAILED, FileState.GONE})
_BAD_REQUEST = 400
_FORBIDDEN = 403


class Blocked:
    """Where this run sends no more creates, and why. Grows while a wave is sent, from several threads.

    A limit of a model blocks that model alone; one of the account, or a refused key, the whole provider.
    """

    def __init__(self) -> None:
        self._why: dict[tuple[str, str | None], str] = {}

    def why(self, provider: str, model: str) -> str | None:
        """Return why a create must not be sent; None if it may."""
        return self._why.get((provider, None)) or self._why.get((provider, model))

    def learn(self, provider: str, model: str, error: ProviderError) -> None:
        """Take note of what a create was refused for."""
        said = error.failure.message or error.message
        if isinstance(error, Unauthorized):
            forbidden = error.failure.status == _FORBIDDEN
            what = "does not allow this key to create jobs" if forbidden else "does not accept the key"
            self._why[provider, None] = f"{provider} {what}: {said}"
        elif isinstance(error, Unpaid):
            self._why[provider, None] = f"{provider} refuses to create for billing: {said}"
        elif isinstance(error, RateLimited) and error.failure.about is About.ACCOUNT:
            self._why[provider, None] = f"{provider} takes no more jobs from this account now: {said}"
        elif isinstance(error, RateLimited):
            self._why[provider, model] = f"{provider} takes no more jobs for {model} now: {said}"


def refusal_of(error: FtopsError | None, intent: Intent, model: str, now: float) -> Refusal | None:
    """Return what the record is to keep of a create that ended so; None where it was not refused."""
    kind = next((kind for kinds, kind in _KINDS if isinstance(error, kinds)), None)
    if kind is None or not isinstance(error, ProviderError):
        return None
    failure = error.failure
    text = failure.message or error.message
    made = Refusal(kind, text, failure.code, failure.about, model, now, now, failure.retry_after)
    return made.following(intent.refusal)


def judged_by_files(
    error: ProviderError, fine_tune: FineTune, request: JobRequest, context: Context
) -> ProviderError:
    """Look at the files of a create that got 400, before it counts as refused for good.

    A server says "invalid file" of one that it still processes, or that has failed or gone since we sent it.
    """
    failure = error.failure
    if not isinstance(error, Rejected) or failure.status != _BAD_REQUEST:
        return error
    theirs = {file.file_id for _, file in fine_tune.data_files}
    files = (*request.training_files, *((request.validation_file,) if request.validation_file else ()))
    for used in files:
        state = _trouble(failure.provider, used.id, context)
        if state is None or (state in _FOR_GOOD and used.id in theirs):
            continue
        message = f"{failure.message or error.message} (file {used.id} is {state.value})"
        about = replace(failure, message=message, about=About.FILE)
        return NotReady(f"{error.message} (file {used.id} is {state.value})", failure=about)
    return error


def unready(provider: str, why: str) -> NotReady:
    """Return the refusal that a create would get whose file is not processed; it is not even sent."""
    return NotReady(why, failure=Failure(provider, "create", message=why, about=About.FILE))


def _trouble(provider: str, file_id: str, context: Context) -> FileState | None:
    """Return the state of a file that no job can be made from yet; None where nothing is wrong with it."""
    try:
        file = context.hands.providers[provider].retrieve_file(file_id)
    except NotFound:
        return FileState.GONE
    except FtopsError:
        return None
    return file.state if file.state in _FOR_GOOD or under_way(file, context.hands.clock.now()) else None
