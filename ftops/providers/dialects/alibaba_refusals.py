"""How Alibaba Model Studio refuses, and whose fault a failed job is.

Facts: the table of errors in "Model tuning API reference" (updated 2026-02-11): `{code, request_id, message}`
with 400 InvalidParameter and UnsupportedOperation, 404 NotFound, 409 Conflict, 429 Throttling (which is a
quota of jobs), 500 InternalError; and the codes of the `dashscope` client 2.0.2 (`v2/errors.py`), which also
takes "File not found." with 400 for a missing file. What a job's own `code` and `message` say is not written
down anywhere: only the words of all providers are read there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

_CREATE = frozenset({"create"})


def error_shape(body: Any) -> ErrorWords | None:
    """Read `{"code": ..., "message": ...}`."""
    if not isinstance(body, Mapping):
        return None
    code, message = body.get("code"), body.get("message")
    told = isinstance(code, str) and code and isinstance(message, str) and message
    return ErrorWords(str(message), str(code)) if told else None


FAILURES = FailureTable(
    error_shape,
    (
        FailureRule(
            RefusalKind.BILLING, About.ACCOUNT, codes=frozenset({"arrearage", "accessdenied.unpurchased"})
        ),
        FailureRule(RefusalKind.LIMIT, About.ACCOUNT, codes=frozenset({"throttling.allocationquota"})),
        FailureRule(RefusalKind.LIMIT, About.ACCOUNT, statuses=frozenset({429})),
        FailureRule(RefusalKind.UNAUTHORIZED, statuses=frozenset({401})),
        FailureRule(
            RefusalKind.UNAUTHORIZED,
            statuses=frozenset({403}),
            codes=frozenset({"invalidapikey"}),
            words=r"\bapi[ _-]?key\b|\bcredentials?\b|\bscopes?\b",
        ),
        FailureRule(RefusalKind.FORBIDDEN, About.MODEL, statuses=frozenset({403}), operations=_CREATE),
        FailureRule(RefusalKind.FORBIDDEN, statuses=frozenset({403})),
        FailureRule(
            RefusalKind.NOT_READY,
            About.FILE,
            statuses=frozenset({400}),
            operations=_CREATE,
            words=r"\bfile\b.*(still|currently) being (processed|uploaded)",
        ),
        FailureRule(
            RefusalKind.NOT_READY,
            About.MODEL,
            statuses=frozenset({400, 404}),
            operations=_CREATE,
            codes=frozenset({"model.notexist", "modelnotfound"}),
            words=r"\bmodel\b.*\b(does )?not (exist|found)",
        ),
    ),
)

FAILURE_CLASSES: FailureClasses = GENERAL
