"""What people should know of Azure OpenAI."""

from __future__ import annotations

from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.dialects.openai_family import STATUSES

_SPECS = "https://github.com/Azure/azure-rest-api-specs/tree/main/specification"
_EMULATOR = "`ftops emulator`, over HTTP"

DESCRIPTION = Description(
    title="Azure OpenAI",
    summary="`/openai/fine_tuning/jobs` of Azure OpenAI (Microsoft Foundry), under dated versions of its API "
    "and under v1.",
    home="https://learn.microsoft.com/azure/ai-foundry/openai/how-to/fine-tuning",
    service="azure_openai",
    hosts=("*.openai.azure.com", "*.services.ai.azure.com", "*.cognitiveservices.azure.com"),
    since="0.2.0",
    mark="v1: six keys of `metadata`, as at OpenAI. A dated version has no metadata: a tag of 9 characters "
    "at the end of `suffix`, which every reply shows.",
    at_most_one="Sure with v1: after a lost reply the job is found by its nonce. Under a dated version it is "
    "found by its tag, as long as the state is there that knows it. Azure itself makes a second job of a "
    "create that is sent twice; ftops sends none twice.",
    documents=(
        Document("2024-10-21 and 2025-04-01-preview", f"{_SPECS}/cognitiveservices/data-plane", "2026-11-27"),
        Document("v1", f"{_SPECS}/ai/data-plane/OpenAI.v1", "2026-11-27"),
        Document(
            "`trainingType`, as a real endpoint takes it",
            "https://github.com/BerriAI/litellm/pull/24687",
            "2026-11-27",
        ),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the newest `openai` client, as `AzureOpenAI` and as `OpenAI` with v1", _EMULATOR),
    ),
    limits=(
        Limit("a data file", "512 MB, JSON Lines in UTF-8"),
        Limit("examples", "at least 10"),
    ),
    statuses=STATUSES,
    notes=(
        "Nothing was tried on the live service.",
        "`provider_options.trainingType` must be there: it decides the price, and whether a create is taken.",
        "2024-10-21 trains `Standard` alone, and supervised alone.",
        "The fields shown here are v1's; 2025-04-01-preview has no reinforcement.",
        "A file is `pending` after its upload; a job is made once it is `processed`.",
        "A paused job goes on by itself when there is room again (`developerTier`), so it counts as active.",
        "A model is used by deploying it, which ftops does not do; a deployment idle for 15 days is deleted.",
        "Only a dated version can delete a job, and none can delete a model.",
    ),
)
