"""What is known of Ray Jobs, as data.

Facts: Ray 2.60.0 as it was run, every reply read (2026-11-27), and its source where nothing is said. Errors
are plain text, mostly Python tracebacks, and a status means little: that an id is taken is a 500.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.job import FailureClass, JobStatus
from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.failure_classes import FailureClasses
from ftops.providers.trainer_package import hyperparameters, resources_schema
from ftops.transport.error_words import last_words
from ftops.transport.failure_table import ErrorWords, FailureRule, FailureTable

TESTED = (2, 60)
"""The version of Ray that the contract was run against; older ones are refused.

Of those before, some started nothing, or twice, when a request was repeated quickly.
"""

SHORTEST_SETTLE = 120.0
"""Seconds: a job on a node whose head was lost was seen to go on for 62."""

STATUSES: Mapping[str, JobStatus] = {
    "PENDING": JobStatus.PENDING,
    "RUNNING": JobStatus.RUNNING,
    "SUCCEEDED": JobStatus.SUCCEEDED,
    "STOPPED": JobStatus.CANCELLED,
    "FAILED": JobStatus.FAILED,
}

BODY_FIELDS = frozenset(
    (
        "entrypoint",
        "submission_id",
        "runtime_env",
        "metadata",
        "entrypoint_num_cpus",
        "entrypoint_num_gpus",
        "entrypoint_memory",
        "entrypoint_resources",
        "entrypoint_label_selector",
    )
)

_CHAT_OR_PAIRS = frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION})


def capabilities() -> Capabilities:
    """Return what Ray carries with the reference trainer, whose schema declares the hyperparameters."""
    methods = {method: hyperparameters(method) for method in (Method.SUPERVISED, Method.DPO)}
    return Capabilities(
        stamp=StampPlace.METADATA,
        methods=methods,
        data_formats={
            Method.SUPERVISED: _CHAT_OR_PAIRS,
            Method.DPO: frozenset({DataFormat.PREFERENCE}),
        },
        options={"resources": resources_schema()},
        echoes=frozenset(
            {"model", "training_file", "validation_file", "method", "seed", "suffix"}
            | {f"hyperparameters.{name}" for name in methods[Method.DPO]}
        ),
        suffix_length=64,
        seed=True,
        checkpoints="{model}#step:{step}",
        outcome_listed=False,
        sizes=frozenset({"resources"}),
        repeats=True,
    )


_ERROR_LINE = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception): ")


def error_shape(body: Any) -> ErrorWords | None:
    """Read a refusal in Ray's own words: a traceback's last line, or one of its few sentences."""
    if not isinstance(body, str):
        return None
    words = last_words(body)
    if _ERROR_LINE.match(words) and "Traceback" in body:
        return ErrorWords(words)
    return ErrorWords(words) if _SENTENCES.match(body) else None


_SENTENCES = re.compile(
    r"(Job|Package) \S+ does not exist|Can only stop submission type jobs|"
    r"Unauthorized: |Forbidden: Invalid authentication token|"
    # The head's web server itself, before any code of Ray's: nothing was done.
    r"4\d\d: [^\n]+\Z"
)

FAILURES = FailureTable(
    error_shape,
    (
        FailureRule(RefusalKind.UNAUTHORIZED, statuses=frozenset({401})),
        FailureRule(
            RefusalKind.UNAUTHORIZED, statuses=frozenset({403}), words="invalid authentication token"
        ),
        FailureRule(RefusalKind.FORBIDDEN, statuses=frozenset({403})),
        FailureRule(RefusalKind.LIMIT, About.ACCOUNT, statuses=frozenset({429})),
    ),
    "the address of the cluster's dashboard, such as http://HEAD:8265",
)

FAILURE_CLASSES = FailureClasses(
    codes={
        "data_refused": FailureClass.USER_ERROR,
        "digest_mismatch": FailureClass.USER_ERROR,
        "job_document": FailureClass.USER_ERROR,
        "model_missing": FailureClass.PROVIDER_ERROR,
        "library_missing": FailureClass.PROVIDER_ERROR,
        "output_not_writable": FailureClass.PROVIDER_ERROR,
        "out_of_memory": FailureClass.USER_ERROR,
        "already_running": FailureClass.USER_ERROR,
        "no_such_command": FailureClass.USER_ERROR,
        "no_result": FailureClass.UNKNOWN,
        "killed": FailureClass.UNKNOWN,
        "trainer_failed": FailureClass.UNKNOWN,
        "runtime_env_setup_failure": FailureClass.PROVIDER_ERROR,
        "terminated": FailureClass.PROVIDER_ERROR,
    },
    parts={"job_supervisor": FailureClass.PROVIDER_ERROR, "start_error": FailureClass.PROVIDER_ERROR},
)
"""What is wrong with the machines is the provider's fault: they are it. `already_running` is never tried
again: another try would train a second time beside the first."""

EXIT_CODES: Mapping[int, tuple[str, str]] = {
    65: ("data_refused", "the trainer refused the data or the job document"),
    69: ("model_missing", "the model, or a library of the trainer, is not on the node"),
    71: ("out_of_memory", "the training ran out of memory; lower batch_size or max_length"),
    73: ("output_not_writable", "the node cannot write trainer.output"),
    75: ("already_running", "another run of this job is training into the same folder"),
    127: ("no_such_command", "the node has no such command as trainer.entrypoint begins with"),
    137: ("killed", "it was killed, mostly for memory; lower batch_size or max_length, or give it more"),
    -9: ("killed", "it was killed, mostly for memory; lower batch_size or max_length, or give it more"),
    143: ("terminated", "it was stopped on its node, and not through Ray; its checkpoint is kept"),
    -15: ("terminated", "it was stopped on its node, and not through Ray"),
}
"""What a trainer's exit code means where its log has no error event: a code, and a sentence."""

DESCRIPTION = Description(
    title="Ray Jobs",
    summary="Machines of your own: a Ray cluster that runs the reference trainer, or one of yours.",
    mark=(
        "`metadata`, and an id of ours: `ftops-NAME-GENERATION-ATTEMPT-DIGEST`. Both come back in every list."
    ),
    at_most_one=(
        "Certain for as long as the cluster remembers: a second job of the same id is refused, so a create "
        "whose reply was lost is sent again and finds the first. A head that restarts without Redis "
        "forgets; then what was running counts as vanished, and the trainer's lock and result in the output "
        "folder of the job are what keeps a second start from training."
    ),
    since="0.2.0",
    home="https://docs.ray.io/en/latest/cluster/running-applications/job-submission/index.html",
    documents=(
        Document("Ray Jobs REST API", "https://docs.ray.io/en/latest/cluster/running-applications/", None),
    ),
    tested=(
        Tested("the dialect", "the emulator, and a real head of Ray 2.60"),
        Tested("the reference trainer", "transformers, peft and trl on a CPU"),
    ),
    limits=(
        Limit("a package", "100 MiB with its frame; above `trainer.package_limit` nodes read `data`"),
        Limit("ids", "100 characters of ours; Ray breaks on `/` and on 300"),
        Limit("version", "Ray 2.60 or newer"),
    ),
    statuses=STATUSES,
    notes=(
        "ftops never deletes a job: a deleted id would run again.",
        "Whoever reaches a head without a token [runs code on the cluster](../../how-to/train-on-ray.md).",
        "Environment variables of a job are shown to everybody who can list jobs: never put a secret there.",
    ),
)
