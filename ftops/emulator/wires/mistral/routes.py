"""The routes of Mistral's `/v1/fine_tuning/jobs`. Endpoints are named by the operation that faults match."""

import math
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.mistral import requests as asked_for
from ftops.emulator.wires.mistral import shapes
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import check_files, read_json
from ftops.emulator.wires.stored_jobs import job_to_change
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Family, Job, Pause
from ftops.emulator.world.job_table import PageRequest
from ftops.emulator.world.lifecycle import TERMINAL, Status, status_at
from ftops.emulator.world.training import Dataset, TrainingRun, automatic_batch_size, training_seconds

FAMILY = Family.MISTRAL
PAGE_SIZE = 100
ENDED = ("SUCCESS", "FAILED", "FAILED_VALIDATION", "CANCELLED")


class MistralRoutes:
    """Jobs, by UUID. There is no DELETE and no route of events."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(FAMILY, __name__, url_prefix="/v1/fine_tuning/jobs")
        blueprint.post("", endpoint="create")(self.create)
        blueprint.get("", endpoint="list")(self.list_jobs)
        blueprint.get("/<job_id>", endpoint="retrieve")(self.retrieve)
        blueprint.post("/<job_id>/cancel", endpoint="cancel")(self.cancel)
        blueprint.post("/<job_id>/start", endpoint="resume")(self.start)
        return blueprint

    def create(self) -> Response:
        """Take an order: refused today whatever it says; before, 409 while a similar job is under way."""
        with asked_for.as_a_model():
            body = read_json()
            order = self._order(body)
        if not self._emulator.settings.open or order.request["job_type"] != "completion":
            text = asked_for.CLOSED.format(kind=order.request["job_type"])
            raise Refusal(asked_for.UNPROCESSABLE, text)
        inspection = orders.inspect_files(
            self._emulator, order, Format.CHAT, 1, shapes.VALIDATION_SECONDS - 0.5
        )
        run = _run(inspection.dataset, order.request["hyperparameters"])
        if request.args.get("dry_run", "").lower() in ("true", "1"):
            return json_reply(shapes.show_dry_run(run, order.request["hyperparameters"]))
        self._refuse_similar(order)
        job = orders.new_job(self._emulator, str(uuid.uuid4()), order, run, inspection.failure)
        if not order.request["auto_start"]:
            job = replace(job, pauses=(Pause(job.created_at + run.validation_seconds),))
        names = iter([_model_name(job, self._emulator.settings.organization)])
        stored = orders.store(self._emulator, job, names, None)
        return json_reply(shapes.show_job(stored, self._emulator.clock.now()))

    def _order(self, body: Fields) -> orders.Order:
        asked = body.required_text("model")
        decoded = asked_for.decode(body)
        suffix = body.text("suffix", longest=asked_for.LONGEST_SUFFIX)
        model = orders.resolve_model(self._emulator, FAMILY, asked)
        if model is None or not self._emulator.settings.open:
            text = asked_for.CLOSED.format(kind=decoded["job_type"])
            raise Refusal(asked_for.UNPROCESSABLE, text)
        validation = asked_for.validation_file(body)
        files = [("training_files", file_id) for file_id in decoded["training_files"]]
        check_files(self._emulator, [*files, ("validation_files", validation)], "File {id} not found")
        return orders.Order(
            family=FAMILY,
            model=model,
            training_file=decoded["training_files"][0],
            validation_file=validation,
            suffix=suffix,
            request=decoded,
        )

    def _refuse_similar(self, order: orders.Order) -> None:
        """What makes jobs similar is not documented: here all that a create says, the suffix too."""
        now = self._emulator.clock.now()
        for job in self._emulator.jobs.page(PageRequest(FAMILY)):
            same = (job.model, job.suffix, job.validation_file) == (
                order.model,
                order.suffix,
                order.validation_file,
            )
            if same and job.request == order.request and status_at(job, now) not in TERMINAL:
                text = "A similar job is already queued, being validated or running."
                raise Refusal(409, text)

    def list_jobs(self) -> Response:
        """Newest first, by page from 0, with a total; the order is not documented."""
        strike = current_strike()
        now = self._emulator.clock.now()
        wanted = PageRequest(
            FAMILY, created_real_before=listed_until(self._emulator), hidden=strike.forgotten
        )
        shown = [shapes.show_job(job, now) for job in self._emulator.jobs.page(wanted)]
        with asked_for.as_a_model():
            size, page = _whole("page_size", PAGE_SIZE), _whole("page", 0)
            kept = list(filter(_filters(), shown))
        if strike.is_kind("repeat_page"):
            page = 0
        data = kept[page * size : (page + 1) * size]
        total = len(kept)
        if strike.is_kind("repeat_page"):
            total += size
        if strike.is_kind("truncate_list"):
            data = data[: len(data) // 2]
            total += 1
            break_next_page(self._emulator)
        return json_reply({"object": "list", "total": total, "data": data})

    def retrieve(self, job_id: str) -> Response:
        """Return one job with events and checkpoints."""
        job = self._emulator.jobs.find(job_id, FAMILY)
        if job is None or job_id in current_strike().forgotten:
            raise _unknown(job_id)
        return self._detailed(job)

    def cancel(self, job_id: str) -> Response:
        """Request the cancellation; what a job that is over answers is not documented."""

        def change(job: Job, now: float) -> Job:
            status = shapes.shown_status(job, now)
            if status in ENDED:
                raise Refusal(400, f"Job {job_id} cannot be cancelled: its status is {status}.")
            return job if job.cancelled_at is not None else replace(job, cancelled_at=now)

        return self._change(job_id, change)

    def start(self, job_id: str) -> Response:
        """Let a validated job train; this is where one made without `auto_start` begins to cost."""

        def change(job: Job, now: float) -> Job:
            if status_at(job, now) is not Status.PAUSED or now < job.pauses[0].start:
                raise Refusal(400, f"Job {job_id} is {shapes.shown_status(job, now)} and cannot be started.")
            return replace(job, pauses=(Pause(job.pauses[0].start, now),))

        return self._change(job_id, change)

    def _change(self, job_id: str, change: Callable[[Job, float], Job]) -> Response:
        with job_to_change(self._emulator, job_id, FAMILY, _unknown(job_id)) as loan:
            loan.job = change(loan.job, self._emulator.clock.now())
        return self._detailed(loan.job)

    def _detailed(self, job: Job) -> Response:
        return json_reply(shapes.show_detailed(job, self._emulator.clock.now()))


def _unknown(job_id: str) -> Refusal:
    return Refusal(404, f"Job {job_id[:80]} not found")


def _whole(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise Refusal(asked_for.UNPROCESSABLE, "Input should be a valid integer", param=name)
    return int(text[:9])


def _filters() -> Callable[[dict[str, Any]], bool]:
    """Return what the query asks of a job. No job here reports to Weights & Biases."""
    query = request.args
    wanted = {key: query[key] for key in ("model", "status", "suffix") if key in query}
    after = _instant("created_after", 0)
    before = _instant("created_before", math.inf)
    reporting = query.get("wandb_project") or query.get("wandb_name")

    def fits(job: dict[str, Any]) -> bool:
        same = all(job[key] == value for key, value in wanted.items())
        return same and after <= job["created_at"] < before and not reporting

    return fits


def _instant(name: str, default: float) -> float:
    if name not in request.args:
        return default
    try:
        moment = datetime.fromisoformat(request.args[name])
    except ValueError:
        raise Refusal(asked_for.UNPROCESSABLE, "Input should be a valid datetime", param=name) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _run(dataset: Dataset, asked: dict[str, Any]) -> TrainingRun:
    batch = automatic_batch_size(dataset.examples)
    steps_per_epoch = max(1, math.ceil(dataset.examples / batch))
    by_steps = math.ceil((asked["training_steps"] or 0) / steps_per_epoch)
    epochs = max(1, min(100, math.ceil(asked["epochs"] or by_steps or 1)))
    return TrainingRun(
        examples=dataset.examples,
        tokens=dataset.tokens,
        epochs=epochs,
        batch_size=batch,
        learning_rate_multiplier=1.0,
        validation_seconds=shapes.VALIDATION_SECONDS,
        queue_seconds=shapes.START_SECONDS,
        training_seconds=training_seconds(dataset.examples, epochs),
    )


def _model_name(job: Job, organization: str) -> str:
    """`ft:open-mistral-7b:SUFFIX or organization:20240514:7e773925`, the example of the OpenAPI file."""
    parts = job.model.split(":")
    base = parts[1] if parts[0] == "ft" and len(parts) > 1 else job.model
    day = f"{datetime.fromtimestamp(job.created_at, UTC):%Y%m%d}"
    return f"ft:{base}:{job.suffix or organization.removeprefix('org-')}:{day}:{job.id[:8]}"
