"""How the servers of OpenAI's two formats refuse, and what state their files are in.

Facts: replies recorded in public test cassettes (429 for a busy model, 400 for a bad file, 401), public
issue threads (403 for a model, billing limits, files in process, fresh models), Nebius' OpenAPI file (422),
and what self-hosted servers answered when they were run (`detail`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.model.job import FailureClass, FileState
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

_CREATE = frozenset({"create"})
_FOR_WHAT_IT_NAMES = frozenset({400, 404, 422})


def error_shape(body: Any) -> ErrorWords | None:
    """Read `{"error": {"message": ...}}`, or the `detail` of a clone that is made with FastAPI."""
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    if isinstance(error, Mapping):
        message, code = error.get("message"), error.get("code")
        if not isinstance(message, str) or not message:
            return None
        return ErrorWords(message, code if isinstance(code, str) and code else None)
    return _detail(body.get("detail")) if "error" not in body else None


def _detail(detail: Any) -> ErrorWords | None:
    """Read FastAPI's `detail`; the phrases of a route that does not exist say nothing of the provider."""
    if isinstance(detail, str) and detail and detail not in ("Not Found", "Method Not Allowed"):
        return ErrorWords(detail)
    if isinstance(detail, list) and detail and isinstance(detail[0], Mapping):
        message = detail[0].get("msg")
        return ErrorWords(message) if isinstance(message, str) and message else None
    return None


FAILURES = FailureTable(
    error_shape,
    (
        # Money comes before the status: billing and quota have been seen under five of them. The words are
        # whole phrases, since a message may also quote what somebody called a suffix or a project.
        FailureRule(
            RefusalKind.BILLING,
            About.ACCOUNT,
            statuses=frozenset({400, 401, 402, 403, 429}),
            codes=frozenset({"billing_hard_limit_reached", "billing_not_active", "insufficient_quota"}),
            words=r"billing (hard |soft )?limit|plan and billing details|exceeded your current quota"
            r"|insufficient (quota|credits?|balance|funds)"
            r"|\bcredits? (have been |are |is )?(exceeded|exhausted|used up)",
        ),
        FailureRule(RefusalKind.BILLING, About.ACCOUNT, statuses=frozenset({402})),
        FailureRule(
            RefusalKind.LIMIT,
            About.MODEL,
            statuses=frozenset({400, 403}),
            codes=frozenset({"rate_limit_exceeded", "daily_rate_limit_exceeded"}),
        ),
        FailureRule(RefusalKind.LIMIT, About.MODEL, statuses=frozenset({429})),
        FailureRule(RefusalKind.UNAUTHORIZED, statuses=frozenset({401})),
        FailureRule(
            RefusalKind.UNAUTHORIZED,
            statuses=frozenset({403}),
            codes=frozenset({"invalid_api_key", "missing_scope", "unauthorized"}),
            words=r"\bapi[ _-]?key\b|\baccess token\b|\bcredentials?\b|\bscopes?\b",
        ),
        FailureRule(RefusalKind.FORBIDDEN, About.MODEL, statuses=frozenset({403}), operations=_CREATE),
        FailureRule(RefusalKind.FORBIDDEN, statuses=frozenset({403})),
        FailureRule(
            RefusalKind.NOT_READY,
            About.FILE,
            statuses=_FOR_WHAT_IT_NAMES,
            operations=_CREATE,
            codes=frozenset({"file_not_ready", "file_not_processed"}),
            words=r"(still|currently) being (processed|validated|uploaded)"
            r"|\bfile\b.*\bnot (yet )?(been )?(ready|processed)|\bfile\b.*\bis (being processed|pending)\b",
        ),
        FailureRule(
            RefusalKind.NOT_READY,
            About.MODEL,
            statuses=_FOR_WHAT_IT_NAMES,
            operations=_CREATE,
            codes=frozenset({"model_not_found", "model_not_available"}),
            words=r"\bmodel\b.*\b(does not exist|not found|not (yet )?(ready|available))",
        ),
    ),
)
"""NOT_READY about a model holds only for one that a job of ours has just made: else it is a wrong name."""


FAILURE_CLASSES = FailureClasses(
    codes={
        "server_error": FailureClass.PROVIDER_ERROR,
        "unsafe_file": FailureClass.MODERATION,
        "exceeded_quota": FailureClass.BILLING,
        "insufficient_quota": FailureClass.BILLING,
    },
    parts=GENERAL.parts,
    phrases={
        r"blocked (by|because) .*\bmoderation\b|flagged by our moderation": FailureClass.MODERATION,
        r"\bmoderation eval\b|\bsafety (eval|check)": FailureClass.MODERATION,
        r"\bbilling (hard |soft )?limit|exceeded your current quota": FailureClass.BILLING,
    },
)
"""Whose fault a job's failure is. Facts: failures that people quote in public threads of 2023 to 2026."""


FILE_STATES: Mapping[str, FileState] = {
    "processed": FileState.READY,
    "succeeded": FileState.READY,
    "uploaded": FileState.UPLOADED,
    "pending": FileState.PROCESSING,
    "queued": FileState.PROCESSING,
    "processing": FileState.PROCESSING,
    "running": FileState.PROCESSING,
    "validating": FileState.PROCESSING,
    "error": FileState.FAILED,
    "failed": FileState.FAILED,
    "deleting": FileState.GONE,
    "deleted": FileState.GONE,
}
