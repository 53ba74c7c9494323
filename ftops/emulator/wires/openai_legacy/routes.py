"""The routes of `/v1/fine-tunes`. Endpoints are named by the operation that faults match."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders, refusals
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.openai_legacy import shapes as wire_legacy
from ftops.emulator.wires.openai_legacy.event_stream import stream_events
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import check_files, read_json
from ftops.emulator.wires.stored_jobs import find_job, job_to_change
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.identifiers import new_id
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.job_table import PageRequest
from ftops.emulator.world.lifecycle import TERMINAL, planned_end, status_at
from ftops.emulator.world.models import legacy_name
from ftops.emulator.world.training import Dataset, TrainingRun, automatic_batch_size, training_seconds

FAMILY = Family.OPENAI_LEGACY
QUEUE_SECONDS = 60.0


class LegacyRoutes:
    """Jobs of the founding family."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint(FAMILY, __name__, url_prefix="/v1/fine-tunes")
        blueprint.post("", endpoint="create")(self.create)
        blueprint.get("", endpoint="list")(self.list_jobs)
        blueprint.get("/<job_id>", endpoint="retrieve")(self.retrieve)
        blueprint.post("/<job_id>/cancel", endpoint="cancel")(self.cancel)
        blueprint.get("/<job_id>/events", endpoint="events")(self.events)
        return blueprint

    def create(self) -> Response:
        """Take an order; bad data is refused at once."""
        body = read_json()
        if not self._emulator.settings.by_the_book:
            body.refuse_unknown(wire_legacy.CREATE_PARAMETERS)
        order = self._order(body)
        inspection = orders.inspect_files(self._emulator, order, Format.COMPLETION, 1, 0)
        if inspection.failure is not None:
            raise refusals.Refusal(400, inspection.failure.message, param=inspection.failure.param)
        job = orders.new_job(
            self._emulator, new_id("ft-"), order, _run(inspection.dataset, order.request), None
        )
        return self._full_reply(orders.store(self._emulator, job, self._names(job), "compiled_results.csv"))

    def _order(self, body: Fields) -> orders.Order:
        training_file = body.required_text("training_file")
        validation_file = body.text("validation_file")
        suffix = body.text("suffix", longest=wire_legacy.LONGEST_SUFFIX)
        asked = body.text("model") or wire_legacy.DEFAULT_MODEL
        decoded = wire_legacy.decode_request(body)
        check_files(
            self._emulator, [("file", training_file), ("file", validation_file)], "No file with ID: {id}"
        )
        model = orders.resolve_model(self._emulator, FAMILY, asked)
        if model is None:
            raise refusals.Refusal(
                400,
                f"Invalid base model: {asked[:200]} (we don't support fine-tuning from this model)",
                param="model",
            )
        return orders.Order(
            family=FAMILY,
            model=model,
            training_file=training_file,
            validation_file=validation_file,
            suffix=suffix,
            request=decoded,
        )

    def _names(self, job: Job) -> Iterator[str]:
        """Names hold the second of the planned end; later ones are for a job that finds it taken."""
        organization = self._emulator.settings.organization
        end = int(planned_end(job))
        return (legacy_name(job.model, organization, job.suffix, second) for second in count(end))

    def list_jobs(self) -> Response:
        """Everything at once, oldest first; the format knows no pages."""
        strike = current_strike()
        jobs = self._emulator.jobs.page(
            PageRequest(
                family=FAMILY,
                created_real_before=listed_until(self._emulator),
                hidden=strike.forgotten,
            )
        )[::-1]
        if strike.is_kind("repeat_page"):
            jobs = jobs + jobs
        if strike.is_kind("truncate_list"):
            jobs = jobs[: len(jobs) // 2]
            break_next_page(self._emulator)
        return json_reply({"object": "list", "data": self._shown(jobs)})

    def retrieve(self, job_id: str) -> Response:
        """Return one job, with its events."""
        return self._full_reply(self._find(job_id))

    def cancel(self, job_id: str) -> Response:
        """Cancel at once; a job that is over is refused (recorded)."""
        with job_to_change(self._emulator, job_id, FAMILY, refusals.unknown_fine_tune(job_id)) as loan:
            now = self._emulator.clock.now()
            status = status_at(loan.job, now)
            if status in TERMINAL:
                raise refusals.already_terminal("cancel", job_id, wire_legacy.STATUSES[status])
            loan.job = replace(loan.job, cancelled_at=now)
        return self._full_reply(loan.job)

    def events(self, job_id: str) -> Response:
        """Return the events so far, or stream them until the job is over."""
        job = self._find(job_id)
        if request.args.get("stream", "false").lower() in ("true", "1"):
            stream = stream_events(self._emulator, job, wire_legacy.show_events)
            return Response(stream_with_context(stream), mimetype="text/event-stream")
        return json_reply(
            {"object": "list", "data": wire_legacy.show_events(job, self._emulator.clock.now())}
        )

    def _find(self, job_id: str) -> Job:
        return find_job(self._emulator, job_id, FAMILY, refusals.unknown_fine_tune(job_id))

    def _full_reply(self, job: Job) -> Response:
        events = wire_legacy.show_events(job, self._emulator.clock.now())
        return json_reply(self._shown([job])[0] | {"events": events})

    def _shown(self, jobs: list[Job]) -> list[dict[str, Any]]:
        settings, now = self._emulator.settings, self._emulator.clock.now()
        wanted = {job.training_file for job in jobs} | {
            job.validation_file for job in jobs if job.validation_file is not None
        }
        results = {orders.result_file_id(job) for job in jobs}
        files = self._emulator.files.find_many(wanted | results)
        return [
            wire_legacy.show_job(job, now, settings.organization, files, by_the_book=settings.by_the_book)
            for job in jobs
        ]


def _run(dataset: Dataset, asked: dict[str, Any]) -> TrainingRun:
    epochs = asked["n_epochs"] or wire_legacy.DEFAULT_EPOCHS
    batch_size = asked["batch_size"] or automatic_batch_size(dataset.examples)
    rate = asked["learning_rate_multiplier"] or wire_legacy.automatic_learning_rate(batch_size)
    return TrainingRun(
        examples=dataset.examples,
        tokens=dataset.tokens,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate_multiplier=rate,
        validation_seconds=0,
        queue_seconds=QUEUE_SECONDS,
        training_seconds=training_seconds(dataset.examples, epochs),
    )
