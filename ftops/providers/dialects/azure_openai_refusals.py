"""How Azure refuses, and whose fault a failed job is.

Three shapes of error, which all have `error.code` and `error.message`: the dated versions' (`target`,
`details`, `innererror`), v1's (`param`, `type`, `inner_error`), and that of the gateway before the service,
whose code is the status as a string. The gateway passes nothing on that it refuses, so it is believed too.

Facts: the codes are the enum of the dated documents (2024-10-21, read 2026-11-27); the words are quoted in
public issue threads. Which status comes with which code is not documented: a code counts under all that fit.
"""

from __future__ import annotations

from ftops.errors import About, RefusalKind
from ftops.model.job import FailureClass
from ftops.providers.dialects.openai_refusals import FAILURES as FAMILY_FAILURES
from ftops.providers.dialects.openai_refusals import error_shape
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.transport.failure_table import FailureRule, FailureTable

_CREATE = frozenset({"create"})

FAILURES = FailureTable(
    error_shape,
    (
        FailureRule(
            RefusalKind.LIMIT,
            About.ACCOUNT,
            statuses=frozenset({400, 403, 429}),
            codes=frozenset({"quotaexceeded", "insufficientquota"}),
        ),
        FailureRule(
            RefusalKind.UNAUTHORIZED,
            statuses=frozenset({403}),
            codes=frozenset({"unauthorized", "permissiondenied"}),
            words=r"\bprincipal\b.*\black(s|ing)\b|invalid subscription key",
        ),
        FailureRule(
            RefusalKind.NOT_READY,
            About.FILE,
            statuses=frozenset({400, 404}),
            operations=_CREATE,
            words=r"\bfile\b.*\bin state (pending|running|processing|uploaded|not ?started)\b",
        ),
        *FAMILY_FAILURES.rules,
    ),
    address="the resource's endpoint alone, and api_version one that Azure still has",
)

WRONG_STATE = frozenset({"unexpectedentitystate", "conflict"})
"""Codes that say that a job is in no state for what was asked; they may come with 409."""

NO_SUCH_TRAINING = "base model does not support fine-tuning"
"""What is also said of a good model under a `trainingType` that it is not trained with (litellm#24687)."""

FAILURE_CLASSES = FailureClasses(
    codes={
        "jsonlvalidationfailed": FailureClass.USER_ERROR,
        "fileimportfailed": FailureClass.USER_ERROR,
        "invalidpayload": FailureClass.USER_ERROR,
        "contentfilter": FailureClass.MODERATION,
        "quotaexceeded": FailureClass.QUOTA,
        "toomanyrequests": FailureClass.QUOTA,
        "internalfailure": FailureClass.PROVIDER_ERROR,
        "serviceunavailable": FailureClass.PROVIDER_ERROR,
    },
    parts=GENERAL.parts,
)
