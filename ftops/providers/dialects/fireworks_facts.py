"""What is known of Fireworks' managed fine-tuning, as data.

Facts: the client `fireworks-ai` 1.2.30 (generated from their OpenAPI file, which is in no public
repository), its hand-written trainer and upload helpers, and docs.fireworks.ai as of 2026-11. Nothing was
tried on the live service. Unknown: the rule for an id, what an unknown field answers, what cancelling a job
that is over answers, whether `exampleCount` must be there (it is not sent), and whether an id is free again
after a DELETE.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.job import TAG_LENGTH, FailureClass, FileState, JobStatus
from ftops.model.json_value import JSONObject
from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.failure_classes import FailureClasses
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

LONGEST_ID = 63
"""Characters of an id: lower-case letters, digits and hyphens, a letter first."""

STATUSES: Mapping[str, JobStatus] = {
    "JOB_STATE_UNSPECIFIED": JobStatus.PENDING,
    "JOB_STATE_CREATING": JobStatus.PENDING,
    "JOB_STATE_VALIDATING": JobStatus.PENDING,
    "JOB_STATE_PENDING": JobStatus.PENDING,
    "JOB_STATE_CREATING_INPUT_DATASET": JobStatus.PENDING,
    "JOB_STATE_RUNNING": JobStatus.RUNNING,
    "JOB_STATE_WRITING_RESULTS": JobStatus.RUNNING,
    "JOB_STATE_RE_QUEUEING": JobStatus.RUNNING,
    "JOB_STATE_IDLE": JobStatus.RUNNING,
    "JOB_STATE_PAUSED": JobStatus.PAUSED,
    "JOB_STATE_CANCELLING": JobStatus.CANCELLING,
    "JOB_STATE_COMPLETED": JobStatus.SUCCEEDED,
    "JOB_STATE_EARLY_STOPPED": JobStatus.SUCCEEDED,
    "JOB_STATE_FAILED": JobStatus.FAILED,
    "JOB_STATE_EXPIRED": JobStatus.FAILED,
    "JOB_STATE_CANCELLED": JobStatus.CANCELLED,
    "JOB_STATE_DELETING": JobStatus.CANCELLED,
    "JOB_STATE_DELETING_CLEANING_UP": JobStatus.CANCELLED,
    "JOB_STATE_DELETED": JobStatus.CANCELLED,
    "JOB_STATE_ARCHIVED": JobStatus.CANCELLED,
}
"""The 18 states of the client, and the two tombstones that its trainer knows beside them."""

FILE_STATES: Mapping[str, FileState] = {"UPLOADING": FileState.PROCESSING, "READY": FileState.READY}

_WHOLE: JSONObject = {"type": "integer", "minimum": 1}
_ANY: JSONObject = {"type": "integer", "minimum": 0}
SHARED: JSONObject = {
    "epochs": {**_WHOLE, "description": "Passes over the data."},
    "learningRate": {"type": "number", "exclusiveMinimum": 0, "description": "How far a step goes."},
    "learningRateWarmupSteps": {**_ANY, "description": "Steps in which the learning rate rises."},
    "loraRank": {**_ANY, "description": "Rank of the LoRA layers."},
    "maxContextLength": {**_WHOLE, "description": "Most tokens of an example."},
    "batchSize": {**_WHOLE, "description": "Tokens of a packed batch at most."},
    "batchSizeSamples": {**_WHOLE, "description": "Samples of a gradient batch."},
    "gradientAccumulationSteps": {**_WHOLE, "description": "Batches that make one step."},
    "optimizerWeightDecay": {
        "type": "number",
        "minimum": 0,
        "description": "Pull of the weights towards zero.",
    },
}
"""Hyperparameters of both methods; those of DPO stand under `trainingConfig`."""

SUPERVISED: JSONObject = {
    **SHARED,
    "earlyStop": {"type": "boolean", "description": "Stop when the evaluation loss rises."},
    "evalAutoCarveout": {"type": "boolean", "description": "Take a part of the data for evaluation."},
    "isTurbo": {"type": "boolean", "description": "Train in Fireworks' turbo mode."},
}

DPO: JSONObject = {
    **SHARED,
    "beta": {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 0.5,
        "description": "Temperature of the DPO loss.",
    },
    "lossMethod": {"enum": ["DPO", "ORPO"], "description": "DPO by default."},
}

_TEXT: JSONObject = {"type": "string", "minLength": 1}
TRAINING_OPTIONS: JSONObject = {
    "region": {**_TEXT, "pattern": "^[A-Z]+_[A-Z]+(_[A-Z]+)*_[0-9]+$", "description": "Such as US_IOWA_1."},
    "jinjaTemplate": {**_TEXT, "description": "The template that makes text of a conversation."},
    "samplerCheckpointSaveIntervalSteps": {**_ANY, "description": "Steps from one checkpoint to the next."},
}
"""Options that stand under `trainingConfig` for DPO."""

OPTIONS: JSONObject = {
    **TRAINING_OPTIONS,
    "rendererHuggingFaceRepoId": {**_TEXT, "description": "A Hub repository whose chat format is used."},
    "reservationTarget": {**_TEXT, "description": "The reservation of capacity to train in."},
    "useReservation": {"type": "boolean", "description": "Train in reserved capacity."},
    "awsS3Config": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"credentialsSecret": _TEXT, "iamRoleArn": _TEXT},
        "description": "Access to data in S3; the secret is the name of one at Fireworks.",
    },
    "azureBlobStorageConfig": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"credentialsSecret": _TEXT, "managedIdentityClientId": _TEXT, "tenantId": _TEXT},
        "description": "Access to data in Azure; the secret is the name of one at Fireworks.",
    },
}
"""Left out: deprecated ones (`nodes`, `mtp*`), `wandbConfig`, which wants a key in the body, and the purpose,
which the documents and the client call differently."""

CAPABILITIES = Capabilities(
    stamp=StampPlace.CLIENT_ID,
    methods={Method.SUPERVISED: SUPERVISED, Method.DPO: DPO},
    data_formats={
        Method.SUPERVISED: frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION}),
        Method.DPO: frozenset({DataFormat.PREFERENCE}),
    },
    options=OPTIONS,
    echoes=frozenset(
        {"model", "training_file", "validation_file", "suffix", "method"}
        | {f"hyperparameters.{name}" for name in {*SUPERVISED, *DPO}}
    ),
    suffix_length=LONGEST_ID - TAG_LENGTH - 1,
    unvalidated=frozenset({Method.DPO}),
)

BODY_FIELDS = frozenset(
    {
        "dataset",
        "datasetId",
        "baseModel",
        "warmStartFrom",
        "outputModel",
        "displayName",
        "evaluationDataset",
        "trainingConfig",
        "lossConfig",
        "wandbConfig",
        "file",
        *SUPERVISED,
        *OPTIONS,
    }
)
QUERY_FIELDS = frozenset(
    {
        "supervisedFineTuningJobId",
        "dpoJobId",
        "pageSize",
        "pageToken",
        "filter",
        "orderBy",
        "readMask",
    }
)

_GRPC = {
    "1": "cancelled",
    "2": "unknown",
    "3": "invalid_argument",
    "4": "deadline_exceeded",
    "5": "not_found",
    "6": "already_exists",
    "7": "permission_denied",
    "8": "resource_exhausted",
    "9": "failed_precondition",
    "10": "aborted",
    "11": "out_of_range",
    "12": "unimplemented",
    "13": "internal",
    "14": "unavailable",
    "15": "data_loss",
    "16": "unauthenticated",
}


def grpc_code(code: Any) -> str | None:
    """Return the name of a gRPC code, which is written as a number or as a name; None for neither."""
    if isinstance(code, bool) or not isinstance(code, int | str) or code == "":
        return None
    return _GRPC.get(str(code), str(code).lower())


def error_shape(body: Any) -> ErrorWords | None:
    """Read `{"code", "message", "details"}`, or the same under `error`; without a code it is a gateway's."""
    if not isinstance(body, Mapping):
        return None
    inner = body.get("error")
    said = inner if isinstance(inner, Mapping) else body
    message, code = said.get("message"), grpc_code(said.get("code"))
    if not isinstance(message, str) or not message or code is None:
        return None
    return ErrorWords(message, code)


_CREATE = frozenset({"create"})

FAILURES = FailureTable(
    error_shape,
    (
        FailureRule(
            RefusalKind.BILLING,
            About.ACCOUNT,
            statuses=frozenset({400, 402, 403, 412, 429}),
            words=r"billing (hard |soft )?limit|plan and billing details|exceeded your current quota"
            r"|insufficient (quota|credits?|balance|funds)|spending limit|account is suspended",
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
            statuses=frozenset({400, 404}),
            operations=_CREATE,
            words=r"(still|currently) being (processed|validated|uploaded)"
            r"|\bdataset\b.*\b(is not (yet )?ready|uploading)\b",
        ),
        FailureRule(
            RefusalKind.NOT_READY,
            About.MODEL,
            statuses=frozenset({400, 404}),
            operations=_CREATE,
            words=r"\bmodel\b.*\b(does not exist|not found|is not (yet )?ready)",
        ),
    ),
)

FAILURE_CLASSES = FailureClasses(
    codes={
        "invalid_argument": FailureClass.USER_ERROR,
        "failed_precondition": FailureClass.USER_ERROR,
        "out_of_range": FailureClass.USER_ERROR,
        "not_found": FailureClass.USER_ERROR,
        "resource_exhausted": FailureClass.QUOTA,
        "internal": FailureClass.PROVIDER_ERROR,
        "unavailable": FailureClass.PROVIDER_ERROR,
        "data_loss": FailureClass.PROVIDER_ERROR,
        "deadline_exceeded": FailureClass.PROVIDER_ERROR,
    },
    phrases={r"billing (hard |soft )?limit|insufficient (credits?|funds|balance)": FailureClass.BILLING},
)
"""Of `status.code`; PERMISSION_DENIED is seen for billing and for other things, so it says nothing."""

_EMULATOR = "`ftops emulator --dialect fireworks --open`, over HTTP"

DESCRIPTION = Description(
    title="Fireworks AI",
    summary="`supervisedFineTuningJobs` and `dpoJobs` of Fireworks AI, which takes no new jobs: list, "
    "retrieve, cancel and import work, a create is refused before anything is sent.",
    home="https://docs.fireworks.ai/fine-tuning/migrate-from-managed-training",
    service="fireworks",
    hosts=("api.fireworks.ai",),
    since="0.2.0",
    mark="an id that ftops chooses, the fine-tune's name with a tag of 9 characters behind it",
    at_most_one="Certain: a second create under the same id makes nothing and says that the job is there. "
    "It is then read and taken over.",
    documents=(
        Document("The client fireworks-ai 1.2.30", "https://pypi.org/project/fireworks-ai/", "2026-11-27"),
        Document(
            "Migrate from managed training",
            "https://docs.fireworks.ai/fine-tuning/migrate-from-managed-training",
            "2026-11",
        ),
        Document("Changelog", "https://docs.fireworks.ai/changelog", "2026-11-15"),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the `fireworks-ai` client, newest", _EMULATOR),
        Tested("a schema of the client's types", _EMULATOR),
    ),
    limits=(
        Limit("a data file", "150 MB; larger ones would go to a signed URL, which ftops does not use"),
        Limit("examples", "3 to 3,000,000"),
        Limit("a job's id", "63 characters, 10 of which are the mark"),
    ),
    statuses=STATUSES,
    notes=(
        "Supervised and DPO jobs have not been taken since 2026-11-15 at the latest, and no dataset either.",
        "A DPO job's id is written `dpoJobs/ID`; reinforcement jobs are neither listed nor made.",
        "There is no route of events: what is shown is made of the job's state and progress.",
        "A suffix becomes the display name, and with the tag the name of the model.",
        "Nothing was tried on the live service.",
    ),
)
