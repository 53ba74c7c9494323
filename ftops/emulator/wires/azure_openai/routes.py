"""The routes of Azure's jobs. Endpoints are named by the operation that faults match."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders
from ftops.emulator.wires.azure_openai import refusals, shapes
from ftops.emulator.wires.azure_openai.files import check_files
from ftops.emulator.wires.azure_openai.versions import ROOTS, no_such_resource, spoken
from ftops.emulator.wires.cursor_pages import MOST_PER_PAGE, requested_page
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.openai.runs import VALIDATION_SECONDS, training_run
from ftops.emulator.wires.openai.shapes import checkpoint_id, show_checkpoint, show_metrics
from ftops.emulator.wires.paging import cut_page
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.stored_jobs import find_job, job_to_change
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.fields import Fields, query_limit
from ftops.emulator.world.history import Happening, checkpoints, reached
from ftops.emulator.world.identifiers import derived_id
from ftops.emulator.world.job import Family, Job, Pause
from ftops.emulator.world.lifecycle import TERMINAL, Status, status_at
from ftops.emulator.world.models import azure_name

FAMILY = Family.AZURE_OPENAI
FEWEST_EXAMPLES = 10
RATE_MULTIPLIER = 1.0
"""Of an order that names none, as in the documents' example."""
FORMATS = {"dpo": Format.PREFERENCE, "reinforcement": Format.REINFORCEMENT}


class AzureRoutes:
    """Jobs under both kinds of path: all versions see the same jobs."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(FAMILY, __name__)
        routes: list[tuple[str, str, str, Callable[..., Response]]] = [
            ("POST", "", "create", self.create),
            ("GET", "", "list", self.list_jobs),
            ("GET", "/<job_id>", "retrieve", self.retrieve),
            ("POST", "/<job_id>/cancel", "cancel", self.cancel),
            ("POST", "/<job_id>/pause", "pause", self.pause),
            ("POST", "/<job_id>/resume", "resume", self.resume),
            ("GET", "/<job_id>/events", "events", self.events),
            ("GET", "/<job_id>/checkpoints", "checkpoints", self.checkpoints),
        ]
        for root in ROOTS:
            for method, path, operation, handler in routes:
                blueprint.add_url_rule(f"{root}/fine_tuning/jobs{path}", operation, handler, methods=[method])
        dated = f"{ROOTS[0]}/fine_tuning/jobs/<job_id>"
        blueprint.add_url_rule(dated, "delete", self.delete, methods=["DELETE"])
        return blueprint

    def create(self) -> Response:
        """Take an order; bad data fails the job later. A dated version answers 201 and where the job is."""
        version = spoken()
        order = self._order(read_json())
        expected = FORMATS.get(order.method, Format.CHAT)
        inspection = orders.inspect_files(
            self._emulator, order, expected, FEWEST_EXAMPLES, VALIDATION_SECONDS
        )
        run = training_run(inspection.dataset, order.request["hyperparameters"], RATE_MULTIPLIER)
        job_id = f"ftjob-{uuid.uuid4().hex}"
        job = orders.new_job(self._emulator, job_id, order, run, inspection.failure)
        names = iter([azure_name(job.model, job.suffix, job.id)])
        reply = self._reply(orders.store(self._emulator, job, names, "results.csv"))
        if version.dated:
            reply.status_code = 201
            reply.headers["Location"] = f"{request.base_url}/{job_id}"
        return reply

    def _order(self, body: Fields) -> orders.Order:
        version = spoken()
        asked = body.required_text("model")
        files = {"training_file": body.required_text("training_file")}
        validation_file = body.text("validation_file")
        suffix = shapes.decode_suffix(body, version)
        metadata = None if version.dated else body.metadata()
        decoded = shapes.decode_request(body, version)
        model = orders.resolve_model(self._emulator, FAMILY, asked)
        if model is None:
            raise Refusal(400, f"The specified base model '{asked[:200]}' does not exist.", param="model")
        check_files(self._emulator, {**files, "validation_file": validation_file})
        return orders.Order(
            family=FAMILY,
            model=model,
            training_file=files["training_file"],
            validation_file=validation_file,
            suffix=suffix,
            method=decoded.pop("method"),
            metadata=metadata,
            request=decoded,
        )

    def list_jobs(self) -> Response:
        """Newest first; no version has a filter."""
        version = spoken()
        page = requested_page(self._emulator, FAMILY)
        now, book = self._emulator.clock.now(), self._emulator.settings.by_the_book
        data = [shapes.show_job(job, now, version, by_the_book=book) for job in page.items]
        return json_reply({"object": "list", "data": data, "has_more": page.has_more})

    def retrieve(self, job_id: str) -> Response:
        """Return one job."""
        return self._reply(self._find(job_id))

    def cancel(self, job_id: str) -> Response:
        """Cancel at once."""
        return self._change(job_id, "cancelled", lambda job, now: replace(job, cancelled_at=now))

    def pause(self, job_id: str) -> Response:
        """Stop the job's time; 2024-10-21 does not have it."""
        return self._turn(job_id, "paused", lambda job, now: (*job.pauses, Pause(now)))

    def resume(self, job_id: str) -> Response:
        """Let the job's time continue."""
        return self._turn(
            job_id, "resumed", lambda job, now: (*job.pauses[:-1], Pause(job.pauses[-1].start, now))
        )

    def delete(self, job_id: str) -> Response:
        """Forget a job that is over, and its model with it. Only the dated documents have this."""
        spoken()
        job = self._find(job_id)
        status = status_at(job, self._emulator.clock.now())
        if status not in TERMINAL:
            raise refusals.wrong_state("deleted", job_id, shapes.STATUSES[status])
        self._emulator.jobs.delete(job_id, FAMILY)
        return Response(status=204)

    def events(self, job_id: str) -> Response:
        """Oldest first, as in the documents' example."""
        spoken()
        job = self._find(job_id)
        repeated = current_strike().is_kind("repeat_page")
        limit = query_limit(request.args, 20, MOST_PER_PAGE)
        after = None if repeated else request.args.get("after")
        happenings = list(enumerate(_happenings(job, self._emulator.clock.now())))
        page = cut_page(happenings, lambda item: _event_id(job, item[0]), after, limit)
        data = [_event(job, index, happening) for index, happening in page.items]
        return json_reply({"object": "list", "data": data, "has_more": page.has_more or repeated})

    def checkpoints(self, job_id: str) -> Response:
        """Oldest first, as in the documents' example."""
        spoken()
        job = self._find(job_id)
        limit = query_limit(request.args, 10, MOST_PER_PAGE)
        made = checkpoints(job, self._emulator.clock.now())
        page = cut_page(made, lambda item: checkpoint_id(job, item), request.args.get("after"), limit)
        data = [show_checkpoint(job, checkpoint) for checkpoint in page.items]
        return json_reply({"object": "list", "data": data, "has_more": page.has_more})

    def _turn(self, job_id: str, done: str, pauses: Callable[[Job, float], tuple[Pause, ...]]) -> Response:
        if not spoken().methods:
            raise no_such_resource()
        return self._change(job_id, done, lambda job, now: replace(job, pauses=pauses(job, now)))

    def _change(self, job_id: str, done: str, change: Callable[[Job, float], Job]) -> Response:
        spoken()
        with job_to_change(self._emulator, job_id, FAMILY, refusals.unknown_job(job_id)) as loan:
            now = self._emulator.clock.now()
            status = status_at(loan.job, now)
            paused = status is Status.PAUSED
            if status in TERMINAL or (done == "paused" and paused) or (done == "resumed" and not paused):
                raise refusals.wrong_state(done, job_id, shapes.STATUSES[status])
            loan.job = change(loan.job, now)
        return self._reply(loan.job)

    def _find(self, job_id: str) -> Job:
        return find_job(self._emulator, job_id, FAMILY, refusals.unknown_job(job_id))

    def _reply(self, job: Job) -> Response:
        now, book = self._emulator.clock.now(), self._emulator.settings.by_the_book
        return json_reply(shapes.show_job(job, now, spoken(), by_the_book=book))


def _event_id(job: Job, index: int) -> str:
    return derived_id("ftevent-", job.id, "event", index)


def _event(job: Job, index: int, happening: Happening) -> dict[str, Any]:
    event: dict[str, Any] = {
        "object": "fine_tuning.job.event",
        "id": _event_id(job, index),
        "created_at": int(happening.at),
        "level": happening.level,
        "message": happening.message,
        "type": "message" if happening.metrics is None else "metrics",
    }
    if happening.metrics is not None:
        event["data"] = show_metrics(happening.metrics, job.run.steps)
    return event


def _happenings(job: Job, now: float) -> list[Happening]:
    happenings = reached(job, shapes.moments(job), now)
    for pause in job.pauses:
        happenings.append(Happening(pause.start, "Job paused."))
        if pause.end is not None:
            happenings.append(Happening(pause.end, "Job resumed."))
    if job.cancelled_at is not None:
        happenings.append(Happening(job.cancelled_at, "Job cancelled."))
    return sorted(happenings, key=lambda happening: happening.at)
