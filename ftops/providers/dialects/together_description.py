"""What people should know of Together's format."""

from __future__ import annotations

from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.dialects.together_jobs import STATUSES

_EMULATOR = "`ftops emulator --dialect together`, over HTTP"

DESCRIPTION = Description(
    title="Together AI",
    summary="`/fine-tunes` as Together AI means it: LoRA and whole models, SFT and DPO.",
    home="https://docs.together.ai/docs/fine-tuning-data-preparation",
    service="together",
    hosts=("api.together.ai", "api.together.xyz"),
    since="0.2.0",
    mark="a tag of 9 characters behind the suffix, which a list gives back and a retrieve does not",
    at_most_one="Likely: after a lost reply the job is found in the list by its tag. A list that is short "
    "without saying so would hide it; the list has no pages, so nothing can tell.",
    documents=(
        Document("OpenAPI file", "https://github.com/togethercomputer/openapi", "2026-04-28"),
        Document("the SDK together 3.1.1", "https://github.com/togethercomputer/together-py", "2026-11-27"),
        Document("Pricing", "https://docs.together.ai/docs/fine-tuning/pricing", "2026-11-27"),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the newest `together` client", _EMULATOR),
        Tested("Together's OpenAPI file, by schemathesis", _EMULATOR),
    ),
    limits=(
        Limit("a data file", "50.1 GB; above 5 GiB it is sent in parts"),
        Limit("the suffix", "40 characters, 10 of them for the mark"),
        Limit("epochs, ranks, batch sizes", "each model's own; named when a create is refused"),
    ),
    statuses=STATUSES,
    notes=(
        "Nothing was tried on the live service.",
        "A cancel takes a while: the job is `cancelling` until then, and what it has done is billed.",
        "Why a job failed stands in its events alone.",
        "A file is put into a store that the API names: that host has to be reachable, and gets no key.",
        "Models are kept, and deleted, through another API of Together's.",
    ),
)
