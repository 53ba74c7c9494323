"""The routes of `/api/v1/fine-tunes`. Endpoints are named by the operation that faults match."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders
from ftops.emulator.wires.alibaba import shapes
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.refusals import Refusal, bad_value
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import check_files, read_json
from ftops.emulator.wires.stored_jobs import find_job, job_to_change
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.history import reached
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.job_table import PageRequest
from ftops.emulator.world.lifecycle import TERMINAL, status_at
from ftops.emulator.world.training import (
    Dataset,
    TrainingRun,
    automatic_batch_size,
    training_seconds,
)

FAMILY = Family.ALIBABA
MOST_PER_PAGE = 100
DEFAULT_PAGE = 10
MOST_LINES = 1000
DEFAULT_LINES = 100
VALIDATION_SECONDS = 20.0
QUEUE_SECONDS = 40.0
DEFAULT_EPOCHS = 1


class AlibabaRoutes:
    """Jobs, in an envelope."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(FAMILY, __name__, url_prefix="/api/v1/fine-tunes")
        routes: list[tuple[str, str, str, Callable[..., WerkzeugResponse]]] = [
            ("POST", "", "create", self.create),
            ("GET", "", "list", self.list_jobs),
            ("GET", "/<job_id>", "retrieve", self.retrieve),
            ("DELETE", "/<job_id>", "delete", self.delete),
            ("POST", "/<job_id>/cancel", "cancel", self.cancel),
            ("GET", "/<job_id>/logs", "events", self.logs),
        ]
        for method, path, operation, handler in routes:
            blueprint.add_url_rule(path, operation, handler, methods=[method])
        return blueprint

    def create(self) -> Response:
        """Take an order; bad data fails the job later."""
        order = self._order(read_json())
        form = Format.CHOSEN if order.method == "dpo" else Format.CHAT
        inspection = orders.inspect_files(self._emulator, order, form, 1, VALIDATION_SECONDS)
        run = _run(inspection.dataset, order.request["hyper_parameters"])
        made = shapes.job_id(self._emulator.clock.now())
        job = orders.new_job(self._emulator, made, order, run, inspection.failure)
        names = iter([shapes.model_name(job)])
        return self._reply(orders.store(self._emulator, job, names, "result.csv"))

    def _order(self, body: Fields) -> orders.Order:
        asked = body.required_text("model")
        training = body.strings("training_file_ids")
        if not training:
            raise Refusal(400, "Missing training files", param="training_file_ids")
        validation = body.strings("validation_file_ids") or []
        training_type = body.choice("training_type", shapes.TRAINING_TYPES) or "sft"
        hyperparameters = shapes.decode_hyperparameters(body)
        model = orders.resolve_model(self._emulator, FAMILY, asked)
        if model is None:
            raise Refusal(404, f"Model not exist: {asked[:200]}", param="model")
        files: list[tuple[str, str | None]] = [("training_file_ids", one) for one in training]
        files += [("validation_file_ids", one) for one in validation]
        check_files(self._emulator, files, "File not found: {id}")
        return orders.Order(
            family=FAMILY,
            model=model,
            training_file=training[0],
            validation_file=validation[0] if validation else None,
            suffix=body.text("finetuned_output_suffix"),
            method=shapes.TRAINING_TYPES[training_type],
            request={
                "hyper_parameters": hyperparameters,
                "training_type": training_type,
                "job_name": body.text("job_name"),
            },
        )

    def list_jobs(self) -> Response:
        """Newest first, by number of the page."""
        strike = current_strike()
        number, size = page_asked()
        wanted = PageRequest(
            family=FAMILY,
            created_real_before=listed_until(self._emulator),
            hidden=strike.forgotten,
        )
        model = request.args.get("model")
        jobs = [job for job in self._emulator.jobs.page(wanted) if model in (None, job.model)]
        start = 0 if strike.is_kind("repeat_page") else (number - 1) * size
        page = jobs[start : start + size]
        if strike.is_kind("truncate_list"):
            page = page[: len(page) // 2]
            break_next_page(self._emulator)
        now = self._emulator.clock.now()
        shown = [shapes.show_job(job, now) for job in page]
        counted = {"page_no": number, "page_size": size, "total": len(jobs), "jobs": shown}
        return json_reply(shapes.envelope(counted))

    def retrieve(self, job_id: str) -> Response:
        """Return one job."""
        return self._reply(self._find(job_id))

    def cancel(self, job_id: str) -> Response:
        """Begin to cancel; the reply has no job."""
        self._find(job_id)
        with job_to_change(self._emulator, job_id, FAMILY, _unknown()) as loan:
            now = self._emulator.clock.now()
            if status_at(loan.job, now) in TERMINAL:
                status = shapes.shown_status(loan.job, now).lower()
                message = f"The fine-tune job can not be canceled because it is {status}"
                raise Refusal(400, message, code=shapes.UNSUPPORTED)
            loan.job = replace(loan.job, cancelled_at=now)
        return json_reply(shapes.envelope({"status": "success"}))

    def delete(self, job_id: str) -> Response:
        """Refuse: the reference's example says that a job which is over cannot be deleted."""
        status = shapes.shown_status(self._find(job_id), self._emulator.clock.now()).lower()
        message = f"The fine-tune job can not be deleted because it is {status}"
        raise Refusal(400, message, code=shapes.UNSUPPORTED)

    def logs(self, job_id: str) -> Response:
        """Return lines of the job's log, from behind `offset`."""
        job = self._find(job_id)
        offset = whole_asked("offset", 0, 0, 10**9)
        count = whole_asked("line", DEFAULT_LINES, 1, MOST_LINES)
        lines = [one.message for one in reached(job, shapes.moments(job), self._emulator.clock.now())]
        return json_reply(shapes.envelope({"total": len(lines), "logs": lines[offset : offset + count]}))

    def _find(self, job_id: str) -> Job:
        return find_job(self._emulator, job_id, FAMILY, _unknown())

    def _reply(self, job: Job) -> Response:
        return json_reply(shapes.envelope(shapes.show_job(job, self._emulator.clock.now())))


def page_asked() -> tuple[int, int]:
    """Return number and size of the page that a query asks for."""
    return whole_asked("page_no", 1, 1, 10**6), whole_asked("page_size", DEFAULT_PAGE, 1, MOST_PER_PAGE)


def whole_asked(name: str, default: int, least: int, most: int) -> int:
    """Return a whole number of the query."""
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise bad_value(name, f"a whole number from {least} to {most} is expected")
    return int(text)


def _unknown() -> Refusal:
    return Refusal(404, "Not Found!")


def _run(dataset: Dataset, asked: dict[str, Any]) -> TrainingRun:
    epochs = asked.get("n_epochs") or DEFAULT_EPOCHS
    return TrainingRun(
        examples=dataset.examples,
        tokens=dataset.tokens,
        epochs=epochs,
        batch_size=asked.get("batch_size") or automatic_batch_size(dataset.examples),
        learning_rate_multiplier=1.0,
        validation_seconds=VALIDATION_SECONDS,
        queue_seconds=QUEUE_SECONDS,
        training_seconds=training_seconds(dataset.examples, epochs),
    )
