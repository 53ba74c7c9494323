"""Every error that ftops raises on purpose, as one tree, each with its exit code and a next step.

    FtopsError                      1
    ├── UsageError                 64   the command line asks for something that makes no sense
    ├── Interrupted               130   Ctrl-C or SIGTERM, after everything in flight was written down
    ├── InvalidInput                1   manifests, project file, data: all problems at once
    ├── StateError                  1   unreadable, newer, foreign or unwritable state
    │   ├── StateConflict           4   somebody else wrote the state since it was read
    │   ├── StateUncertain          1   a write may or may not have been made: read it back
    │   └── StateMoved              1   the state was moved to another place
    ├── LockHeld                    4   another run holds the lock
    ├── LeaseLost                   4   our lock is gone: nothing more may be sent
    ├── SecretExposed               1   something that would be written holds a credential
    ├── Refused                     3   a limit, guard or policy says no
    ├── NeedsPerson                 4   nothing is safe to do without a person
    ├── NoModel                     5   a fine-tune has not made the model that was asked for
    ├── Unsupported                 1   the provider's wire format has no such operation
    ├── ForgeError                  1   what GitHub or GitLab, or the way to it, said about a comment
    └── ProviderError               1   what a provider or the way to it said
        ├── NotSent                     certain: the request never arrived
        ├── Unauthorized                certain: the key is wrong or may not do this (401, some 403)
        ├── Forbidden                   certain: the key is good, and this is not allowed (other 403)
        ├── RateLimited                 certain: a limit of the model or the account (429, quota)
        │   └── Unpaid                  certain: the account cannot pay (402, a hard limit, no credit)
        ├── NotReady                    certain: a file or a base model is not ready yet
        ├── Rejected                    certain: refused for what it says (other 4xx)
        │   └── NotFound                (404)
        └── Ambiguous                   uncertain: it may have had its effect

Only `ftops.cli` turns these into words on a screen; no other traceback reaches a user.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from msgspec import Struct


class ExitCode(IntEnum):
    """How a run of ftops ended. Scripts and CI build on these numbers: they never change."""

    NOTHING = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    NEEDS_PERSON = 4
    JOB_FAILED = 5
    USAGE = 64
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """Say in one phrase what the code means to a script."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.NOTHING: "done, or nothing to do",
    ExitCode.ERROR: "an error: a failed load, invalid data, a refused or failed change, or the answer no",
    ExitCode.CHANGES: "the plan has changes (with --detailed-exitcode)",
    ExitCode.REFUSED: "refused by a limit, guard, policy or budget",
    ExitCode.NEEDS_PERSON: (
        "needs a person: ambiguous create, a provider that is unreachable, incomplete or no longer in "
        "ftops.yaml, duplicate, stale plan, older commit, lock held, timeout, a create refused for more "
        "than a day"
    ),
    ExitCode.JOB_FAILED: (
        "a fine-tune has failed or was refused, was cancelled outside ftops, or vanished; one was asked "
        "for its model and has none"
    ),
    ExitCode.USAGE: "wrong usage",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C or SIGTERM",
}

EXIT_CODE_ORDER = (
    ExitCode.USAGE,
    ExitCode.INTERRUPTED,
    ExitCode.ERROR,
    ExitCode.REFUSED,
    ExitCode.NEEDS_PERSON,
    ExitCode.JOB_FAILED,
    ExitCode.CHANGES,
    ExitCode.NOTHING,
)
"""Where several codes apply, the first of these is returned."""


class Problem(Struct, frozen=True):
    """One thing that is wrong with what a person wrote, with the place to go to."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        path = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {path}{self.message}{hint}" if place else f"{path}{self.message}{hint}"


class FtopsError(Exception):
    """A failure that a user, a network or a provider can cause; one sentence, with what to do next."""

    exit_code: ExitCode = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the error as a list of problems, the shape in which JSON documents carry errors."""
        return (Problem(self.message, hint=self.hint),)


class UsageError(FtopsError):
    """The command line asks for something that makes no sense."""

    exit_code = ExitCode.USAGE


class Interrupted(FtopsError):
    """The user or the system asked to stop; what was in flight has been finished and recorded."""

    exit_code = ExitCode.INTERRUPTED


class InvalidInput(FtopsError):
    """Files of the project are wrong; holds every problem found, so that one run shows them all."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{count} in the project")
        self._problems = problems

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return each problem with its place."""
        return self._problems

    def __str__(self) -> str:
        return "\n".join([f"{self.message}:", *map(str, self._problems)])


class StateError(FtopsError):
    """The state cannot be read, understood or written; it is left as it was."""


class StateConflict(StateError):
    """Somebody else wrote the state since it was read; nothing of ours was written."""

    exit_code = ExitCode.NEEDS_PERSON


class StateUncertain(StateError):
    """A write may or may not have been made; only reading it back can show which."""


class StateMoved(StateError):
    """The state was moved: only a notice is left, and nothing may be planned as if there were no state."""

    def __init__(self, location: str, moved_to: str) -> None:
        super().__init__(
            f"the state {location} was moved to {moved_to}",
            hint="set spec.state in ftops.yaml to that location",
        )
        self.moved_to = moved_to


class LockHeld(FtopsError):
    """Another run, the `holder`, has had the lock `since` (Unix seconds, its clock); None: nobody knows."""

    exit_code = ExitCode.NEEDS_PERSON
    holder: str | None = None
    since: float | None = None


class LeaseLost(FtopsError):
    """Our hold on the lock is gone or cannot be proven: nothing more may be sent or written."""

    exit_code = ExitCode.NEEDS_PERSON


class SecretExposed(FtopsError):
    """What was about to be written holds a resolved credential; nothing of it was written."""


class Refused(FtopsError):
    """A limit, guard or policy does not allow it."""

    exit_code = ExitCode.REFUSED


class NeedsPerson(FtopsError):
    """Going on could pay twice or lose a job, so a person has to look."""

    exit_code = ExitCode.NEEDS_PERSON


class NoModel(FtopsError):
    """A fine-tune has no model yet, or none of what is declared now."""

    exit_code = ExitCode.JOB_FAILED


class Unsupported(FtopsError):
    """The wire format has no such operation, or none any more; nothing was sent."""


class ForgeError(FtopsError):
    """A comment could not be read or written at GitHub or GitLab."""


class RefusalKind(StrEnum):
    """What a provider's refusal means for the request, as its dialect's table of failures says."""

    REJECTED = "rejected"
    NOT_READY = "not-ready"
    LIMIT = "limit"
    BILLING = "billing"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"


class About(StrEnum):
    """What a refusal is about, where the dialect's table knows."""

    MODEL = "model"
    FILE = "file"
    ACCOUNT = "account"


class Failure(Struct, frozen=True):
    """What a provider said about a request that did not succeed; None where it said nothing.

    `retry_after`: seconds the provider asks us to stay away.
    """

    provider: str
    operation: str
    status: int | None = None
    code: str | None = None
    message: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    about: About | None = None


class ProviderError(FtopsError):
    """A request to a provider did not succeed. The subclass says whether it can have had its effect."""

    def __init__(self, message: str, *, failure: Failure, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.failure = failure


class NotSent(ProviderError):
    """Name resolution, a refused connection or a TLS handshake: the request certainly never arrived."""


class Unauthorized(ProviderError):
    """401, or a 403 about the key: nothing more should be sent with it."""


class Forbidden(ProviderError):
    """403 about what was asked for, such as a model: the key is good and is not to be blamed."""


class RateLimited(ProviderError):
    """A limit was reached, of the model or of the account (`failure.about`): 429 or quota.

    Certainly not done. For a create this is mostly a quota that no retry within seconds can fix.
    """


class Unpaid(RateLimited):
    """The account cannot pay: no credit, a hard limit of billing, an overdue bill. Certainly not done.

    No pause mends it: a person has to settle it at the provider.
    """


class NotReady(ProviderError):
    """Certainly not done, and may be later: a file is still processed, or a fresh model is not known yet."""


class Rejected(ProviderError):
    """A 4xx that certainly had no effect and will say the same until the request changes."""


class NotFound(Rejected):
    """404: the provider knows no such thing."""


class Ambiguous(ProviderError):
    """The request may have had its effect: 5xx, 408, 409, 3xx, an unreadable reply, a break.

    So does a 4xx that is not in the provider's own error shape, since a gateway may have written it. For a
    create this is the dangerous one: it is looked up, never repeated.
    """
