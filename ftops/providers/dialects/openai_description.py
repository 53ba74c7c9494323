"""What people should know of OpenAI's two formats."""

from __future__ import annotations

from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.dialects.openai_family import STATUSES

_EMULATOR = "`ftops emulator`, over HTTP"
_LIMITS = (
    Limit("a data file", "512 MB"),
    Limit("examples for supervised training", "at least 10"),
)

OPENAI = Description(
    title="OpenAI",
    summary="`/fine_tuning/jobs`, as spoken by OpenAI itself and by many proxies and clones of it.",
    home="https://platform.openai.com/docs/guides/model-optimization",
    service="openai",
    hosts=("api.openai.com", "*.api.openai.com"),
    since="0.1.0",
    mark="six keys of `metadata` (project, lineage, name, fingerprint, generation, nonce), which every list "
    "gives back",
    at_most_one="Sure: after a lost reply the job is found in the list by its nonce. A gateway that drops "
    "`metadata` is noticed in the reply; jobs are then recognised by what they train, and look-alikes are "
    "held for a person.",
    documents=(
        Document("OpenAPI file", "https://github.com/openai/openai-openapi", "2026-08"),
        Document("Deprecations", "https://developers.openai.com/api/docs/deprecations", "2026-11-05"),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the `openai` client 0.28.1, 1.3.9 and the newest", _EMULATOR),
        Tested("OpenAI's OpenAPI file, by schemathesis", _EMULATOR),
        Tested("ftops", "self-hosted servers that clone the format (`make conformance`)"),
    ),
    limits=(
        *_LIMITS,
        Limit("active jobs", "a number of the account's, by model; a create beyond it waits (429)"),
    ),
    statuses=STATUSES,
    notes=(
        "Organizations that never ran a job are refused since 2026-05-07, with 403.",
        "A fine-tuned model ends with its base model.",
    ),
)

OPENAI_LEGACY = Description(
    title="OpenAI, founding format",
    summary="`/fine-tunes` of 2021 to 2023. OpenAI itself has switched it off; self-hosted clones speak it.",
    since="0.1.0",
    mark="nothing: a job of this format shows neither suffix nor metadata",
    at_most_one="Recognised by what it trains: after a lost reply, the one job in the list on the same "
    "files, model and settings is adopted. Two that fit, or one that differs, are held for a person.",
    documents=(
        Document(
            "OpenAPI file at commit e6277ea",
            "https://github.com/openai/openai-openapi/tree/e6277ea",
            "2023-08",
        ),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the `openai` client 0.28.1 with its command, and 1.3.9", _EMULATOR),
        Tested("OpenAI's OpenAPI file of 2023, by schemathesis", _EMULATOR),
    ),
    limits=_LIMITS,
    statuses=STATUSES,
    notes=("The list comes whole, oldest first; a clone that cuts it is read page by page.",),
)
