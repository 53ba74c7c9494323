"""The routes of `/v1/fine_tuning/jobs`. Endpoints are named by the operation that faults match."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders, refusals
from ftops.emulator.wires.cursor_pages import MOST_PER_PAGE, requested_page
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.openai import shapes as wire_openai
from ftops.emulator.wires.openai.runs import VALIDATION_SECONDS, data_form, training_run
from ftops.emulator.wires.paging import cut_page
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import check_files, read_json
from ftops.emulator.wires.stored_jobs import find_job, job_to_change
from ftops.emulator.world.fields import Fields, query_limit
from ftops.emulator.world.history import Checkpoint, Happening, checkpoints, reached
from ftops.emulator.world.identifiers import derived_id, new_id
from ftops.emulator.world.job import Family, Job, Pause
from ftops.emulator.world.lifecycle import TERMINAL, Status, status_at
from ftops.emulator.world.models import modern_name

FEWEST_EXAMPLES = 10


class OpenAIRoutes:
    """Jobs of the modern family; the servers that differ override what they do otherwise."""

    family = Family.OPENAI
    prefix = "/v1/fine_tuning/jobs"
    absent: frozenset[str] = frozenset()
    """Operations without a route."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(self.family, __name__, url_prefix=self.prefix)
        routes: list[tuple[str, str, str, Callable[..., WerkzeugResponse]]] = [
            ("POST", "", "create", self.create),
            ("GET", "", "list", self.list_jobs),
            ("GET", "/", "list_redirect", self.redirect),
            ("GET", "/<job_id>", "retrieve", self.retrieve),
            ("POST", "/<job_id>/cancel", "cancel", self.cancel),
            ("POST", "/<job_id>/pause", "pause", self.pause),
            ("POST", "/<job_id>/resume", "resume", self.resume),
            ("GET", "/<job_id>/events", "events", self.events),
            ("GET", "/<job_id>/checkpoints", "checkpoints", self.checkpoints),
        ]
        for method, path, operation, handler in routes:
            if operation in self.absent:
                continue
            blueprint.add_url_rule(path, operation, handler, methods=[method])
        return blueprint

    def create(self) -> Response:
        """Take an order; bad data fails the job later, while it validates its files."""
        order = self._order(self.received())
        inspection = orders.inspect_files(
            self._emulator, order, data_form(order), FEWEST_EXAMPLES, VALIDATION_SECONDS
        )
        run = training_run(inspection.dataset, order.request["hyperparameters"])
        job = orders.new_job(self._emulator, new_id("ftjob-"), order, run, inspection.failure)
        organization = self._emulator.settings.organization
        names = iter([modern_name(job.model, organization, job.suffix, job.id)])
        return self._reply(orders.store(self._emulator, job, names, "step_metrics.csv"))

    def received(self) -> Fields:
        """Return the body of a create as it is understood."""
        body = read_json()
        if not self._emulator.settings.by_the_book:
            body.refuse_unknown(wire_openai.CREATE_PARAMETERS)
        return body

    def decoded(self, body: Fields) -> dict[str, Any]:
        """Return what only this format echoes."""
        return wire_openai.decode_request(body)

    def _order(self, body: Fields) -> orders.Order:
        asked = body.required_text("model")
        training_file = body.required_text("training_file")
        validation_file = body.text("validation_file")
        suffix = body.text("suffix", longest=wire_openai.LONGEST_SUFFIX)
        metadata = body.metadata()
        decoded = self.decoded(body)
        model = orders.resolve_model(self._emulator, self.family, asked)
        if model is None:
            raise refusals.Refusal(
                400,
                f"Model {asked[:200]} is not available for fine-tuning or does not exist.",
                param="model",
                code="model_not_available",
            )
        files = [("training_file", training_file), ("validation_file", validation_file)]
        check_files(self._emulator, files, "invalid {param}: {id}")
        return orders.Order(
            family=self.family,
            model=model,
            training_file=training_file,
            validation_file=validation_file,
            suffix=suffix,
            method=decoded.pop("method"),
            metadata=metadata,
            request=decoded,
        )

    def list_jobs(self) -> Response:
        """Newest first; past the end an empty page, on which older clients rely to stop."""
        wanted, without = _metadata_filter()
        page = requested_page(self._emulator, self.family, wanted, without_metadata=without)
        now = self._emulator.clock.now()
        data = [self.shown(job, now) for job in page.items]
        return json_reply({"object": "list", "data": data, "has_more": page.has_more})

    def redirect(self) -> WerkzeugResponse:
        """A trailing slash was recorded to be answered with 307."""
        return redirect(request.base_url.rstrip("/"), 307)

    def retrieve(self, job_id: str) -> Response:
        """Return one job."""
        return self._reply(self._find(job_id))

    def cancel(self, job_id: str) -> Response:
        """Cancel at once; what a terminal job is answered with is not known and taken from the legacy API."""
        return self._change(job_id, "cancel", lambda job, now: replace(job, cancelled_at=now))

    def pause(self, job_id: str) -> Response:
        """Stop the job's time."""
        return self._change(job_id, "pause", lambda job, now: replace(job, pauses=(*job.pauses, Pause(now))))

    def resume(self, job_id: str) -> Response:
        """Let the job's time continue."""
        return self._change(
            job_id,
            "resume",
            lambda job, now: replace(job, pauses=(*job.pauses[:-1], Pause(job.pauses[-1].start, now))),
        )

    def events(self, job_id: str) -> Response:
        """Newest first. There is no stream in this format."""
        job = self._find(job_id)
        repeated = current_strike().is_kind("repeat_page")
        limit = query_limit(request.args, 20, MOST_PER_PAGE)
        after = None if repeated else request.args.get("after")
        happenings = list(enumerate(_happenings(job, self._emulator.clock.now())))[::-1]
        page = cut_page(happenings, lambda item: _event_id(job, item[0]), after, limit)
        data = [self._event(job, index, happening) for index, happening in page.items]
        return json_reply({"object": "list", "data": data, "has_more": page.has_more or repeated})

    def checkpoints(self, job_id: str) -> Response:
        """Newest first, as they are made."""
        job = self._find(job_id)
        limit = query_limit(request.args, 10, MOST_PER_PAGE)
        made = checkpoints(job, self._emulator.clock.now())[::-1]
        after = request.args.get("after")
        page = cut_page(made, lambda item: wire_openai.checkpoint_id(job, item), after, limit)
        data = [self.shown_checkpoint(job, checkpoint) for checkpoint in page.items]
        return json_reply(
            {
                "object": "list",
                "data": data,
                "first_id": data[0]["id"] if data else None,
                "last_id": data[-1]["id"] if data else None,
                "has_more": page.has_more,
            }
        )

    def shown_checkpoint(self, job: Job, checkpoint: Checkpoint) -> dict[str, Any]:
        """Return a checkpoint as it is shown."""
        return wire_openai.show_checkpoint(job, checkpoint)

    def _change(self, job_id: str, verb: str, change: Callable[[Job, float], Job]) -> Response:
        with job_to_change(self._emulator, job_id, self.family, refusals.unknown_fine_tune(job_id)) as loan:
            now = self._emulator.clock.now()
            _refuse_change(loan.job, verb, status_at(loan.job, now))
            loan.job = change(loan.job, now)
        return self._reply(loan.job)

    def _find(self, job_id: str) -> Job:
        return find_job(self._emulator, job_id, self.family, refusals.unknown_fine_tune(job_id))

    def _reply(self, job: Job) -> Response:
        return json_reply(self.shown(job, self._emulator.clock.now()))

    def shown(self, job: Job, now: float) -> dict[str, Any]:
        """Return a job as it is shown."""
        settings = self._emulator.settings
        return wire_openai.show_job(job, now, settings.organization, by_the_book=settings.by_the_book)

    def _event(self, job: Job, index: int, happening: Happening) -> dict[str, Any]:
        """Messages were recorded with `data: null`, which the OpenAPI file forbids."""
        metrics = happening.metrics
        no_data: dict[str, Any] | None = {} if self._emulator.settings.by_the_book else None
        return {
            "object": "fine_tuning.job.event",
            "id": _event_id(job, index),
            "created_at": int(happening.at),
            "level": happening.level,
            "message": happening.message,
            "type": "message" if metrics is None else "metrics",
            "data": no_data if metrics is None else wire_openai.show_metrics(metrics, job.run.steps),
        }


def _metadata_filter() -> tuple[dict[str, str], bool]:
    """Return the pairs of `metadata[k]=v`, and whether `metadata=null` was asked for."""
    pairs = {}
    for name, value in request.args.items():
        if name.startswith("metadata[") and name.endswith("]"):
            pairs[name.removeprefix("metadata[").removesuffix("]")] = value
    bare = request.args.get("metadata")
    if bare not in (None, "null"):
        raise refusals.bad_value("metadata", "Expected metadata[k]=v, or metadata=null.")
    return pairs, bare == "null"


def _refuse_change(job: Job, verb: str, status: Status) -> None:
    if status in TERMINAL:
        raise refusals.already_terminal(verb, job.id, wire_openai.STATUSES[status])
    if verb == "pause" and status is Status.PAUSED:
        raise refusals.already_terminal(verb, job.id, wire_openai.STATUSES[status])
    if verb == "resume" and status is not Status.PAUSED:
        raise refusals.Refusal(400, f"Cannot resume a job {job.id} that is not paused.")


def _event_id(job: Job, index: int) -> str:
    """Events only ever grow at the end, so their index names them."""
    return derived_id("ftevent-", job.id, "event", index)


def _happenings(job: Job, now: float) -> list[Happening]:
    happenings = reached(job, wire_openai.moments(job), now)
    for pause in job.pauses:
        happenings.append(Happening(pause.start, "Fine-tuning job paused"))
        if pause.end is not None:
            happenings.append(Happening(pause.end, "Fine-tuning job resumed"))
    if job.cancelled_at is not None:
        happenings.append(Happening(job.cancelled_at, "The job was cancelled"))
    return sorted(happenings, key=lambda happening: happening.at)
