"""The routes of Together's `/v1/fine-tunes`. Endpoints are named by the operation that faults match."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, count
from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders, refusals
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.stored_jobs import find_job, job_to_change
from ftops.emulator.wires.together import events, shapes
from ftops.emulator.wires.together.catalog import BASES, DOLLARS_LIMIT, Base, dollars
from ftops.emulator.wires.together.shelf import COMPLETED, Shelf
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.history import checkpoints
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.job_table import PageRequest
from ftops.emulator.world.lifecycle import Status, status_at
from ftops.emulator.world.training import Dataset, TrainingRun, training_seconds

FAMILY = Family.TOGETHER
VALIDATION_SECONDS = 20.0
QUEUE_SECONDS = 40.0
CANCELLABLE = frozenset({"pending", "queued", "running", "compressing", "uploading"})
FEWEST_EXAMPLES = 1


class TogetherRoutes:
    """Jobs."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._shelf = Shelf(emulator)

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(FAMILY, __name__, url_prefix="/v1/fine-tunes")
        routes: list[tuple[str, str, str, Callable[..., Response]]] = [
            ("POST", "", "create", self.create),
            ("GET", "", "list", self.list_jobs),
            ("POST", "/estimate-price", "estimate_price", self.estimate),
            ("GET", "/<job_id>", "retrieve", self.retrieve),
            ("DELETE", "/<job_id>", "delete", self.delete),
            ("POST", "/<job_id>/cancel", "cancel", self.cancel),
            ("GET", "/<job_id>/events", "events", self.events),
            ("GET", "/<job_id>/checkpoints", "checkpoints", self.checkpoints),
            ("GET", "/<job_id>/metrics", "metrics", self.metrics),
        ]
        for method, path, operation, handler in routes:
            blueprint.add_url_rule(path, operation, handler, methods=[method])
        return blueprint

    def create(self) -> Response:
        """Take an order. Bad data fails the job later, while it validates its files."""
        body = shapes.without_empty(read_json())
        if not self._emulator.settings.by_the_book:
            body.refuse_unknown(shapes.CREATE_PARAMETERS)
        base = self._base(body)
        settings = shapes.decode_settings(body, base)
        order = orders.Order(
            family=FAMILY,
            model=base.name,
            training_file=body.required_text("training_file"),
            validation_file=body.text("validation_file"),
            suffix=body.text("suffix", longest=shapes.LONGEST_SUFFIX),
            method=settings["training_method"]["method"],
            request=settings,
        )
        self._check_files(order)
        found = orders.inspect_files(
            self._emulator, order, self._format(order), FEWEST_EXAMPLES, VALIDATION_SECONDS
        )
        job_id = f"ft-{uuid.uuid4()}"
        job = orders.new_job(self._emulator, job_id, order, _run(found.dataset, settings), found.failure)
        return self._truncated_reply(orders.store(self._emulator, job, self._names(job), None))

    def _names(self, job: Job) -> Iterator[str]:
        owner = self._emulator.settings.organization.removeprefix("org-")
        suffix = f"-{job.suffix}" if job.suffix else ""
        stem = f"{owner}/{job.model.rpartition('/')[2]}{suffix}-{job.id[-8:]}"
        return chain([stem], (f"{stem}-{number}" for number in count(2)))

    def _base(self, body: Fields) -> Base:
        """Find what is trained: a base model, or what a job has made of one; never both."""
        model, checkpoint = body.text("model"), body.text("from_checkpoint")
        if (model is None) == (checkpoint is None):
            raise refusals.Refusal(400, "Specify either a model or a checkpoint.", param="model")
        if model is not None:
            base = BASES.get(model)
            if base is None:
                text = f"Model {model[:200]} is not available for fine-tuning or does not exist."
                raise refusals.Refusal(400, text, param="model", code="model_not_available")
            return base
        return BASES[self._of_checkpoint(checkpoint or "").model]

    def _of_checkpoint(self, named: str) -> Job:
        """Find the job of `JOB_ID`, `OUTPUT_MODEL_NAME`, or one of these with `:STEP`."""
        name, _, step = named.partition(":")
        job = self._emulator.jobs.find(name, FAMILY) or self._emulator.jobs.with_model(name)
        now = self._emulator.clock.now()
        steps = {str(made.step) for made in checkpoints(job, now)} if job is not None else set()
        done = job is not None and status_at(job, now) is Status.SUCCEEDED
        if job is None or not (step in steps if step else done):
            text = f"Checkpoint {named[:200]} not found."
            raise refusals.Refusal(404, text, param="from_checkpoint", code="model_not_found")
        return job

    def _check_files(self, order: orders.Order) -> None:
        for param in ("training_file", "validation_file"):
            file_id = getattr(order, param)
            if file_id is None:
                continue
            file = self._shelf.find(file_id)
            if file is None:
                raise refusals.Refusal(400, f"File {file_id[:80]} does not exist.", param=param)
            status = self._shelf.status(file)
            if status not in (COMPLETED, "PENDING"):
                raise refusals.file_not_ready(file_id, {"FAILED": "failed"}.get(status, "processing"))

    def _format(self, order: orders.Order) -> Format:
        """Supervised training takes conversations and pairs: the first row decides."""
        if order.method == "dpo":
            return Format.PREFERENCE
        with self._emulator.files.content_path(order.training_file).open("rb") as content:
            return Format.COMPLETION if b'"prompt"' in content.readline(2**20) else Format.CHAT

    def list_jobs(self) -> Response:
        """Everything at once, in no order: here by id, which is random."""
        strike = current_strike()
        wanted = PageRequest(
            family=FAMILY, created_real_before=listed_until(self._emulator), hidden=strike.forgotten
        )
        jobs = sorted(self._emulator.jobs.page(wanted), key=lambda job: job.id)
        if strike.is_kind("repeat_page"):
            jobs = jobs + jobs
        if strike.is_kind("truncate_list"):
            jobs = jobs[: len(jobs) // 2]
            break_next_page(self._emulator)
        now = self._emulator.clock.now()
        return json_reply({"data": [self._truncated(job, now) for job in jobs]})

    def retrieve(self, job_id: str) -> Response:
        """Return one job, without its suffix."""
        job, now = self._find(job_id), self._emulator.clock.now()
        told = events.show_events(job, now)
        by_the_book = self._emulator.settings.by_the_book
        return json_reply(shapes.show_full(job, now, BASES[job.model], told, by_the_book=by_the_book))

    def delete(self, job_id: str) -> Response:
        """Forget a job."""
        self._find(job_id)
        self._emulator.jobs.delete(job_id, FAMILY)
        return json_reply({"message": f"Fine-tune job {job_id} deleted successfully"})

    def cancel(self, job_id: str) -> Response:
        """Take the request; the job ends a while later. One that is over is refused."""
        with job_to_change(self._emulator, job_id, FAMILY, refusals.unknown_fine_tune(job_id)) as loan:
            now = self._emulator.clock.now()
            status = shapes.shown_status(loan.job, now, by_the_book=True)
            if status not in CANCELLABLE:
                raise refusals.already_terminal("cancel", job_id, status)
            loan.job = replace(loan.job, cancelled_at=now)
        return self._truncated_reply(loan.job)

    def events(self, job_id: str) -> Response:
        """Return the events so far."""
        return json_reply({"data": events.show_events(self._find(job_id), self._emulator.clock.now())})

    def checkpoints(self, job_id: str) -> Response:
        """Return the checkpoints so far."""
        return json_reply({"data": events.show_checkpoints(self._find(job_id), self._emulator.clock.now())})

    def metrics(self, job_id: str) -> Response:
        """Return the metrics so far, or those between two steps.

        The document has these in a body, the SDK sends them in the query.
        """
        job = self._find(job_id)
        asked = read_json() if request.get_data() else Fields({})
        steps = {name: int(value) for name, value in request.args.items() if value.isdecimal()}
        asked = Fields({**asked.values, **steps})
        first = asked.integer("global_step_from", 0, 2**63 - 1) or 0
        last = asked.integer("global_step_to", 0, 2**63 - 1)
        shown = [
            figures
            for figures in events.show_metrics(job, self._emulator.clock.now())
            if first <= figures["train/global_step"] <= (float("inf") if last is None else last)
        ]
        return json_reply({"metrics": shown})

    def estimate(self) -> Response:
        """Say what a job would cost, in dollars; nothing of a file that was not looked at."""
        body = shapes.without_empty(read_json())
        base = self._base(body)
        settings = shapes.decode_settings(
            Fields({**body.values, "n_evals": body.values.get("n_evals")}), base
        )
        order = orders.Order(
            family=FAMILY,
            model=base.name,
            training_file=body.required_text("training_file"),
            validation_file=body.text("validation_file"),
            suffix=None,
            method=settings["training_method"]["method"],
        )
        if self._shelf.status(self._shelf.need(order.training_file)) != COMPLETED:
            reason = "train_file_not_validated"
            return json_reply({"estimation_available": False, "unavailable_reason": reason})
        found = orders.inspect_files(self._emulator, order, self._format(order), FEWEST_EXAMPLES, 0)
        tokens = found.dataset.tokens * settings["n_epochs"]
        price = dollars(base, tokens, full=settings["training_type"]["type"] == "Full")
        return json_reply(
            {
                "estimation_available": True,
                "estimated_total_price": price,
                "allowed_to_proceed": price <= DOLLARS_LIMIT,
                "user_limit": DOLLARS_LIMIT,
                "estimated_train_token_count": tokens,
                "estimated_eval_token_count": 0,
            }
        )

    def _find(self, job_id: str) -> Job:
        return find_job(self._emulator, job_id, FAMILY, refusals.unknown_fine_tune(job_id))

    def _truncated_reply(self, job: Job) -> Response:
        return json_reply(self._truncated(job, self._emulator.clock.now()))

    def _truncated(self, job: Job, now: float) -> dict[str, Any]:
        settings = self._emulator.settings
        return shapes.show_truncated(
            job, now, BASES[job.model], settings.organization, by_the_book=settings.by_the_book
        )


def _run(dataset: Dataset, settings: dict[str, Any]) -> TrainingRun:
    epochs = settings["n_epochs"]
    return TrainingRun(
        examples=dataset.examples,
        tokens=dataset.tokens,
        epochs=epochs,
        batch_size=settings["batch_size"],
        learning_rate_multiplier=1.0,
        validation_seconds=VALIDATION_SECONDS,
        queue_seconds=QUEUE_SECONDS,
        training_seconds=training_seconds(dataset.examples, epochs),
    )
