"""`/fine_tuning/jobs` as a server speaks it that is not OpenAI's: the `openai` dialect with a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from ftops.errors import Failure, ProviderError, Rejected
from ftops.model.capabilities import StampPlace
from ftops.model.job import Job, JobEvent, JobStatus
from ftops.model.request import JobRequest
from ftops.model.value import replace
from ftops.providers.decoding import optional_count, optional_text, require_mapping
from ftops.providers.dialects.openai import BODY_FIELDS, QUERY_FIELDS, OpenAIDialect
from ftops.providers.dialects.openai_modern import PAGE_SIZE
from ftops.providers.dialects.openai_profiles import PROFILES
from ftops.providers.flow import Flow
from ftops.providers.identity import split_tag, tagged
from ftops.providers.paging import every_item
from ftops.transport.exchange import Attached, Request

UPSTREAM = "upstream"
"""The key of ftops.yaml that says what is behind a gateway."""


class ProfiledDialect(OpenAIDialect):
    """The modern format, with what one server takes, drops and lacks."""

    def __init__(self, profile: str, upstream: str | None = None) -> None:
        self._profile = found = PROFILES[profile]
        self._upstream = upstream or found.upstream
        self.name = found.name
        self.default_base_url = found.default_base_url
        self.capabilities = found.capabilities
        self.description = found.description
        self.settings = found.settings
        told = {found.upstream_field} if found.upstream_field else set()
        self.body_fields = BODY_FIELDS | found.capabilities.options.keys() | told
        self.query_fields = QUERY_FIELDS | told

    def bound(self, settings: Mapping[str, str]) -> Self:
        """Return the dialect as it speaks through a gateway to what is behind it."""
        return type(self)(self.name, settings.get(UPSTREAM))

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """None: these servers go by the key."""
        return {}

    @property
    def attached(self) -> Attached:
        """Tell a gateway what is behind it, in every query and body or by a header."""
        field, header = self._profile.upstream_field, self._profile.upstream_header
        told = {field: self._upstream} if field and self._upstream else {}
        return Attached({header: self._upstream} if header and self._upstream else {}, told, told)

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Bearer, unless the server takes the key bare in a header of its own."""
        header = self._profile.key_header
        return {header: key} if header else super().auth_headers(key)

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Write what the server takes: no mark where it would be dropped."""
        body = super().encode_create(request)
        place = self.capabilities.stamp
        if place is not StampPlace.METADATA:
            body.pop("metadata", None)
        if place is StampPlace.SUFFIX:
            body["suffix"] = tagged(request.suffix, request.stamp)
        if self._profile.flat_hyperparameters:
            method = body.pop("method")
            body |= method[method["type"]]
        body |= request.provider_options
        return {key: value for key, value in body.items() if value is not None}

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job, its suffix under either name; a seed that says nothing is left out."""
        job = super().decode_job(body, provider)
        suffix, tag = job.suffix or optional_text(body.get("suffix")), None
        if self.capabilities.stamp is StampPlace.SUFFIX:
            suffix, tag = split_tag(suffix)
        settings = dict(job.settings)
        if "seed" not in self.capabilities.echoes:
            settings.pop("seed", None)
        return replace(job, suffix=suffix, tag=tag, settings=settings)

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        """GET the job; where it never names its model, GET its checkpoints too once it has succeeded."""
        job = yield from super().retrieve(job_id, provider)
        unnamed = job.status is JobStatus.SUCCEEDED and job.fine_tuned_model is None
        if not (self._profile.model_in_checkpoints and unnamed):
            return job
        try:
            return replace(job, fine_tuned_model=(yield from self._last_model(job_id)))
        except ProviderError:
            return job  # What is asked for is the job; whoever wants the model asks again.

    def _last_model(self, job_id: str) -> Flow[str | None]:
        first = Request("checkpoints", "GET", f"{self.jobs_path}/{job_id}/checkpoints", {"limit": PAGE_SIZE})
        made = yield from every_item(self._pages(first), _checkpoint)
        named = [one for one in made if one[1] is not None]
        return max(named, default=(0, None), key=lambda one: one[0])[1]

    def events(self, job_id: str, *, stream: bool, since: str | None) -> Flow[Iterator[JobEvent]]:
        """List the events. Raises Rejected where the server has no route for them."""
        self._refuse_absent("events")
        return (yield from super().events(job_id, stream=stream, since=since))

    def delete_model(self, model: str) -> Flow[None]:
        """DELETE the model. Raises Rejected where the server has no route for it."""
        self._refuse_absent("delete model")
        yield from super().delete_model(model)

    def _refuse_absent(self, operation: str) -> None:
        if operation in self._profile.absent:
            failure = Failure(self.name, operation)
            message = f"dialect {self.name} has no route for this: {operation}"
            raise Rejected(message, failure=failure, hint="ask the provider behind it")


def _checkpoint(body: Any) -> tuple[int, str | None]:
    """Read the step of a checkpoint, and the name of its model."""
    checkpoint = require_mapping(body, "a checkpoint")
    step = optional_count(checkpoint.get("step_number")) or 0
    return step, optional_text(checkpoint.get("fine_tuned_model_checkpoint"))
