"""How Together refuses.

Facts: the shape is the document's `ErrorData`; real bodies are not published. That 401 may mean that free
credits are used up says the SDK 3.1.1. Words are the usual ones of this kind of API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

_CREATE = frozenset({"create"})
_FOR_WHAT_IT_NAMES = frozenset({400, 404, 422})


def error_shape(body: Any) -> ErrorWords | None:
    """Read `{"error": {"message", "type", "param", "code"}}`."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    message, code = error.get("message"), error.get("code")
    if not isinstance(message, str) or not message:
        return None
    return ErrorWords(message, code if isinstance(code, str) and code else None)


FAILURES = FailureTable(
    error_shape,
    (
        # Money comes before the status. The words are whole phrases: a message may quote somebody's suffix.
        FailureRule(
            RefusalKind.BILLING,
            About.ACCOUNT,
            statuses=frozenset({400, 401, 402, 403, 429}),
            codes=frozenset({"billing_hard_limit_reached", "insufficient_quota", "credit_limit"}),
            words=r"billing (hard |soft )?limit|exceeded your current quota|\bcredit limit\b"
            r"|insufficient (quota|credits?|balance|funds)"
            r"|\bcredits? (have been |are |is )?(exceeded|exhausted|used up)",
        ),
        FailureRule(RefusalKind.BILLING, About.ACCOUNT, statuses=frozenset({402})),
        FailureRule(RefusalKind.LIMIT, About.MODEL, statuses=frozenset({429})),
        FailureRule(RefusalKind.UNAUTHORIZED, statuses=frozenset({401})),
        FailureRule(
            RefusalKind.UNAUTHORIZED,
            statuses=frozenset({403}),
            codes=frozenset({"invalid_api_key", "unauthorized"}),
            words=r"\bapi[ _-]?key\b|\baccess token\b|\bcredentials?\b|\bscopes?\b",
        ),
        FailureRule(RefusalKind.FORBIDDEN, About.MODEL, statuses=frozenset({403}), operations=_CREATE),
        FailureRule(RefusalKind.FORBIDDEN, statuses=frozenset({403})),
        FailureRule(
            RefusalKind.NOT_READY,
            About.FILE,
            statuses=_FOR_WHAT_IT_NAMES,
            operations=_CREATE,
            words=r"(still|currently) being (processed|validated|uploaded)"
            r"|\bfile\b.*\bnot (yet )?(been )?(ready|processed|validated)",
        ),
        FailureRule(
            RefusalKind.NOT_READY,
            About.MODEL,
            statuses=_FOR_WHAT_IT_NAMES,
            operations=_CREATE,
            codes=frozenset({"model_not_found", "model_not_available"}),
            words=r"\b(model|checkpoint)\b.*\b(does not exist|not found|not (yet )?(ready|available))",
        ),
    ),
)
"""NOT_READY about a model holds only for one that a job of ours has just made: else it is a wrong name."""
