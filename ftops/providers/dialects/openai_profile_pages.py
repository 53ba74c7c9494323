"""What people should know of the servers that `openai_profiles.py` describes to the code."""

from __future__ import annotations

from ftops.providers.description import Description, Document, Limit, Tested
from ftops.providers.dialects.openai_family import STATUSES

READ = "2026-11-28"
"""When the documents below were read."""

_STATUSES = {
    word: STATUSES[word]
    for word in ("validating_files", "queued", "running", "succeeded", "failed", "cancelled")
}
"""What their documents name; all the words of the format are understood."""
_EMULATOR = "`ftops emulator`, over HTTP"
_SUITE = Tested("ftops's contract suite", _EMULATOR)
_NOTHING_LIVE = "Nothing was tried on a live service."
_BY_LIKENESS = (
    "By likeness: after a lost reply the job is recognised by our uploaded file, whose name carries the "
    "project, and by what it trains. Two that fit are held for a person."
)
_LITELLM_SOURCE = Document("source of litellm 1.110.2", "https://pypi.org/project/litellm/1.110.2/", READ)
_LITELLM_RETRIES = (
    "LiteLLM sends a create again by itself where its connection to the provider breaks. Set "
    "`max_retries: 0` in its configuration: else one order can become several jobs, of which ftops shows you "
    "those that it did not ask for."
)

NEBIUS = Description(
    title="Nebius Token Factory",
    summary="`/fine_tuning/jobs` of Nebius, for open-weight models with LoRA or all weights.",
    home="https://docs.tokenfactory.nebius.com/post-training/how-to-fine-tune",
    hosts=("api.tokenfactory.nebius.com", "api.studio.nebius.com"),
    since="0.2.0",
    mark="a tag of 9 characters at the end of `suffix`, which jobs give back",
    at_most_one="Likely: after a lost reply the job is found by its tag. Two with one tag are held for a "
    "person.",
    documents=(
        Document(
            "Create a fine-tuning job",
            "https://docs.tokenfactory.nebius.com/api-reference/fine-tuning/create-a-fine-tuning-job",
            READ,
        ),
        Document(
            "Get a job, with the OpenAPI file of version 20260506",
            "https://docs.tokenfactory.nebius.com/api-reference/fine-tuning/get-fine-tuning-job-info",
            READ,
        ),
    ),
    tested=(_SUITE,),
    statuses=_STATUSES,
    notes=(
        _NOTHING_LIVE,
        (
            "A job never names its model. Once it has succeeded, `ftops outputs` asks for its checkpoints "
            "and gives the name of the last. A model is deployed from it at Nebius, and cannot be trained on "
            "by name."
        ),
        (
            "Ranges of hyperparameters were not found: types and plain limits are checked, and Nebius "
            "refuses the rest."
        ),
        "The seed in a reply is not compared: the document shows 0 there, whatever was asked.",
        "`tags` and the W&B integration, which takes a key in the body, are not offered.",
        "The list takes a project, by a query parameter whose name was not found: write it under `query`.",
    ),
)

BEDROCK = Description(
    title="Amazon Bedrock, OpenAI-compatible",
    summary="`/fine_tuning/jobs` of Bedrock: reinforcement fine-tuning of open-weight models.",
    home="https://docs.aws.amazon.com/bedrock/latest/userguide/fine-tuning-openai-apis.html",
    hosts=("bedrock-mantle.*.api.aws",),
    since="0.2.0",
    mark="nothing: a suffix is not supported, and whether `metadata` is kept is not documented",
    at_most_one=_BY_LIKENESS,
    documents=(
        Document(
            "Create and manage fine-tuning jobs for open-weight models using OpenAI APIs",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/fine-tuning-openai-job-create.html",
            READ,
        ),
        Document(
            "Access and security for open-weight models",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/rft-open-weight-access-security.html",
            READ,
        ),
    ),
    tested=(_SUITE,),
    statuses=_STATUSES,
    notes=(
        _NOTHING_LIVE,
        "The address is `https://bedrock-mantle.REGION.api.aws/v1`, the key a Bedrock API key.",
        "The grader is a Lambda function: `{type: lambda, lambda: {function: ARN}}`.",
        "A cancel is asked for as at OpenAI; the guide names create, list, retrieve, events and checkpoints.",
        "Hyperparameters are those of the guide's examples; those of Bedrock's own API have other names.",
    ),
)

LITELLM = Description(
    title="LiteLLM proxy, own routes",
    summary="`/fine_tuning/jobs` of LiteLLM's proxy (Enterprise) in front of OpenAI, Azure or Vertex AI.",
    home="https://docs.litellm.ai/docs/fine_tuning",
    since="0.2.0",
    mark="nothing: the proxy passes on seven fields of a create, and `metadata` is not one",
    at_most_one=_BY_LIKENESS,
    documents=(_LITELLM_SOURCE, Document("/fine_tuning", "https://docs.litellm.ai/docs/fine_tuning", READ)),
    tested=(_SUITE,),
    statuses=_STATUSES,
    notes=(
        _NOTHING_LIVE,
        _LITELLM_RETRIES,
        "`method` and integrations are not passed on, so only supervised training is offered.",
        (
            "It has no routes for events and checkpoints, and lists the models of its configuration: `ftops "
            "events` says so, and a fine-tuned model is deleted at the provider."
        ),
        "`upstream` says which provider is meant: `openai` (where it is not given), `azure` or `vertex_ai`.",
    ),
)

LITELLM_PASSTHROUGH = Description(
    title="LiteLLM proxy, pass-through",
    summary="OpenAI's own routes behind `/openai_passthrough/v1` of LiteLLM's proxy.",
    home="https://docs.litellm.ai/docs/pass_through/openai_passthrough",
    since="0.2.0",
    mark="nothing: the proxy takes `metadata` out of a create",
    at_most_one=_BY_LIKENESS,
    documents=(_LITELLM_SOURCE,),
    tested=(_SUITE, Tested("ftops, from upload to model", "LiteLLM 1.108.7 in front of `ftops emulator`")),
    statuses=_STATUSES,
    notes=(
        _NOTHING_LIVE,
        (
            "`base_url` ends with `/openai_passthrough/v1`: below `/openai/v1` LiteLLM answers the requests "
            "for files by its own routes."
        ),
    ),
)

PORTKEY = Description(
    title="Portkey",
    summary="Portkey's gateway in front of OpenAI, hosted or open source.",
    home="https://portkey.ai/docs/product/ai-gateway/fine-tuning",
    hosts=("api.portkey.ai",),
    since="0.2.0",
    mark="nothing: the gateway drops `metadata` from a create",
    at_most_one=_BY_LIKENESS,
    documents=(
        Document("Headers", "https://portkey.ai/docs/api-reference/inference-api/headers", READ),
        Document("Fine-tuning", "https://portkey.ai/docs/product/ai-gateway/fine-tuning", READ),
    ),
    tested=(_SUITE, Tested("a create", "Portkey's open-source gateway 1.15.2 in front of `ftops emulator`")),
    limits=(Limit("retries", "leave `retry` out of the config that the key uses: it would repeat a create"),),
    statuses=_STATUSES,
    notes=(
        _NOTHING_LIVE,
        "`upstream` is sent as `x-portkey-provider`: `openai`, or the slug of a provider (`@openai-prod`).",
        (
            "The key goes into `x-portkey-api-key`. The open-source gateway needs none: write the provider's "
            "own key as `headers: {Authorization: {env: NAME}}`, its value beginning with `Bearer`."
        ),
        (
            "The open-source gateway 1.15.2 answered 500 to every list of jobs when it was run on Node 20: "
            "there ftops creates nothing."
        ),
    ),
)
