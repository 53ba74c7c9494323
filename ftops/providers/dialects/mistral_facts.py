"""What is known of Mistral's fine-tuning, as data.

Facts: `openapi.yaml` of mistralai/platform-docs-public at commit 2f0dd463 (2026-07-15), the deprecated guides
of that repository, the client 2.4.13 (the last with jobs is 2.5.1), and mistralai/client-python#450, #103.
Nothing was tried on the live service. Unknown: the order of lists, the shape of a 401, what cancelling a job
that is over answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.job import FailureClass, JobStatus
from ftops.model.json_value import JSONObject
from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

STATUSES: Mapping[str, JobStatus] = {
    "queued": JobStatus.PENDING,
    "validating": JobStatus.PENDING,
    "validated": JobStatus.PENDING,
    "started": JobStatus.PENDING,
    "running": JobStatus.RUNNING,
    "cancellation_requested": JobStatus.CANCELLING,
    "success": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "failed_validation": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
}
"""`VALIDATED` without `auto_start` waits for a start that costs money; ftops never leaves a job there."""

_FRACTION: JSONObject = {"type": "number", "minimum": 0, "maximum": 1}
_SUPERVISED: JSONObject = {
    "training_steps": {"type": "integer", "minimum": 1, "description": "Updates of the weights in all."},
    "learning_rate": {"type": "number", "minimum": 1e-08, "maximum": 1, "description": "0.0001 by default."},
    "weight_decay": {**_FRACTION, "description": "0.1 by default."},
    "warmup_fraction": {**_FRACTION, "description": "Part of the steps that warm up; 0.05 by default."},
    "epochs": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Passes over the data; a part of one is allowed.",
    },
    "seq_len": {"type": "integer", "minimum": 100, "description": "Longest sequence, in tokens."},
    "fim_ratio": {**_FRACTION, "description": "Part of the examples that train fill-in-the-middle; 0.9."},
}

CAPABILITIES = Capabilities(
    stamp=StampPlace.SUFFIX,
    methods={Method.SUPERVISED: _SUPERVISED},
    data_formats={Method.SUPERVISED: frozenset({DataFormat.CHAT})},
    options={
        "invalid_sample_skip_percentage": {
            "type": "number",
            "minimum": 0,
            "maximum": 0.5,
            "description": "Part of the examples that may be invalid and left out; 0 by default.",
        }
    },
    echoes=frozenset(
        {"model", "training_file", "validation_file", "suffix", "method"}
        | {f"hyperparameters.{name}" for name in _SUPERVISED}
    ),
    suffix_length=18,
    weighted_files=True,
    outcome_listed=False,
)
"""Weights & Biases and GitHub repositories want a key in the body, which no manifest may hold: left out.

Classifier jobs are read and not made: their data has labels, a form that ftops does not check.
"""

BODY_FIELDS = frozenset(
    {
        "model",
        "training_files",
        "validation_files",
        "hyperparameters",
        "suffix",
        "auto_start",
        "job_type",
        "integrations",
        "repositories",
        "classifier_targets",
        "purpose",
        "file",
        *CAPABILITIES.options,
    }
)
QUERY_FIELDS = frozenset(
    {"page", "page_size", "include_total", "purpose", "dry_run", "suffix", "status", "model", "stream"}
)


def error_shape(body: Any) -> ErrorWords | None:
    """Read FastAPI's `{"detail": ...}` and the `{"message": ...}` of Mistral's gateway.

    Two phrases are those of a route that does not exist, and say nothing of a job.
    """
    if not isinstance(body, Mapping):
        return None
    detail = body.get("detail", body.get("message"))
    if isinstance(detail, list) and detail and isinstance(detail[0], Mapping):
        detail = detail[0].get("msg")
    if not isinstance(detail, str) or not detail or detail in ("Not Found", "Method Not Allowed"):
        return None
    code = body.get("code") or body.get("type")
    return ErrorWords(detail, code if isinstance(code, str) else None)


_CREATE = frozenset({"create"})

FAILURES = FailureTable(
    error_shape,
    (
        FailureRule(
            RefusalKind.BILLING,
            About.ACCOUNT,
            statuses=frozenset({400, 401, 402, 403, 422, 429}),
            words=r"billing (hard |soft )?limit|plan and billing details|exceeded your current quota"
            r"|insufficient (quota|credits?|balance|funds)|payment (is )?required",
        ),
        FailureRule(RefusalKind.BILLING, About.ACCOUNT, statuses=frozenset({402})),
        FailureRule(RefusalKind.LIMIT, About.MODEL, statuses=frozenset({429})),
        FailureRule(RefusalKind.UNAUTHORIZED, statuses=frozenset({401})),
        FailureRule(
            RefusalKind.UNAUTHORIZED,
            statuses=frozenset({403}),
            words=r"\bapi[ _-]?key\b|\baccess token\b|\bcredentials?\b|\bscopes?\b",
        ),
        FailureRule(RefusalKind.FORBIDDEN, About.MODEL, statuses=frozenset({403}), operations=_CREATE),
        FailureRule(RefusalKind.FORBIDDEN, statuses=frozenset({403})),
        FailureRule(
            RefusalKind.NOT_READY,
            About.FILE,
            statuses=frozenset({400, 404, 422}),
            operations=_CREATE,
            words=r"(still|currently) being (processed|validated|uploaded)",
        ),
        FailureRule(
            RefusalKind.NOT_READY,
            About.MODEL,
            statuses=frozenset({400, 404, 422}),
            operations=_CREATE,
            words=r"\bmodel\b.*\b(does not exist|not found)",
        ),
    ),
)
"""A 409 on a create stays ambiguous: a similar job is queued, validated or running, and may be this one."""

FAILURE_CLASSES = FailureClasses(
    codes={"failed_validation": FailureClass.USER_ERROR},
    parts=GENERAL.parts,
    phrases={r"billing (hard |soft )?limit": FailureClass.BILLING},
)
"""A job has no error of its own: its status is the code, and its last event has the words."""

_EMULATOR = "`ftops emulator --dialect mistral --open`, over HTTP"

DESCRIPTION = Description(
    title="Mistral",
    summary="`/v1/fine_tuning/jobs` of Mistral, which takes no new jobs: list, retrieve, events, cancel and "
    "import work, a create is refused before anything is sent.",
    home="https://docs.mistral.ai/resources/deprecated",
    service="mistral",
    hosts=("api.mistral.ai",),
    since="0.2.0",
    mark="a tag of 9 characters at the end of `suffix`, which lists and retrieves give back; 8 of its 18 "
    "characters are left for a suffix of yours",
    at_most_one="Sure while the state is there: after a lost reply, or a 409 for a similar job, the job is "
    "found in the list by its tag. A job on the same file without the tag is held for a person.",
    documents=(
        Document(
            "OpenAPI file at commit 2f0dd463",
            "https://github.com/mistralai/platform-docs-public/blob/2f0dd463/openapi.yaml",
            "2026-07-15",
        ),
        Document("Deprecated features", "https://docs.mistral.ai/resources/deprecated", "2026-11"),
        Document("Creates answer 422", "https://github.com/mistralai/client-python/issues/450", "2026-11"),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the `mistralai` client 2.4.13", _EMULATOR),
        Tested("Mistral's OpenAPI file, by schema", _EMULATOR),
    ),
    limits=(
        Limit("a data file", "512 MB"),
        Limit("validation data", "1 MB, and 5 % of the training data"),
        Limit("a suffix", "18 characters, 10 of which are the mark"),
    ),
    statuses=STATUSES,
    notes=(
        "Every create has answered 422 since 2026-03-27 at the latest.",
        "With `allow_closed: true` ftops sends a create all the same.",
        "`auto_start` is always sent true: without it a job waits for a second, paid request.",
        "The weights of training files are sent and not echoed.",
        "Nothing was tried on the live service.",
    ),
)
