"""The routes of Fireworks' jobs of both kinds. Endpoints are named by the operation that faults match."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, count
from typing import Any

import orjson
from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import orders
from ftops.emulator.wires.fireworks import requests as asked_for
from ftops.emulator.wires.fireworks import shapes
from ftops.emulator.wires.fireworks.errors import bad, closed, exists, not_found
from ftops.emulator.wires.fireworks.resources import check_id, page_of, short
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import check_files, read_json
from ftops.emulator.world.datasets import Format
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Family, Job, Pause
from ftops.emulator.world.job_table import PageRequest
from ftops.emulator.world.lifecycle import TERMINAL, Status, status_at
from ftops.emulator.world.training import Dataset, TrainingRun, training_seconds

FAMILY = Family.FIREWORKS
FEWEST_EXAMPLES = 3
VALIDATION_SECONDS = 15.0
QUEUE_SECONDS = 20.0
BATCH = 4
ID_FIELDS = {shapes.SUPERVISED: "supervisedFineTuningJobId", shapes.DPO: "dpoJobId"}
METHODS = {shapes.SUPERVISED: "supervised", shapes.DPO: "dpo"}


class FireworksRoutes:
    """Supervised and DPO jobs of an account, by an id that the client may choose."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        kinds = f"<any({', '.join(METHODS)}):kind>"
        blueprint = Blueprint(FAMILY, __name__, url_prefix=f"/v1/accounts/<account>/{kinds}")
        routes: list[tuple[str, str, str, Callable[..., Response]]] = [
            ("POST", "", "create", self.create),
            ("GET", "", "list", self.list_jobs),
            ("GET", "/<job_id>", "retrieve", self.retrieve),
            ("DELETE", "/<job_id>", "delete", self.delete),
            ("POST", "/<job_id>:cancel", "cancel", self.cancel),
            ("POST", "/<job_id>:resume", "resume", self.resume),
        ]
        for method, path, operation, handler in routes:
            blueprint.add_url_rule(path, operation, handler, methods=[method])
        return blueprint

    def create(self, account: str, kind: str) -> Response:
        """Take an order, under the client's id if there is one; an id is never free again."""
        body = read_json()
        training = asked_for.training_of(body, kind)
        job_id = check_id(request.args.get(ID_FIELDS[kind]) or f"j{uuid.uuid4()}", ID_FIELDS[kind])
        if not self._emulator.settings.open:
            raise closed("Creating a job")
        if self._emulator.jobs.find(_stored_id(kind, job_id), FAMILY) is not None:
            raise exists("job", job_id)
        order = self._order(body, training, kind)
        inspection = orders.inspect_files(
            self._emulator, order, self._format(order), FEWEST_EXAMPLES, VALIDATION_SECONDS - 1
        )
        run = _run(inspection.dataset, order.request)
        job = orders.new_job(self._emulator, _stored_id(kind, job_id), order, run, inspection.failure)
        wanted = short(training.text("outputModel") or job_id)
        name = f"accounts/{account}/models/{check_id(wanted, 'outputModel')}"
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        stored = orders.store(self._emulator, job, names, None)
        return self._reply(stored, account)

    def _order(self, body: Fields, training: Fields, kind: str) -> orders.Order:
        dataset = asked_for.dataset(body, "dataset")
        if dataset is None:
            raise bad("dataset is required")
        request_ = asked_for.decode(body, training, kind)
        asked = asked_for.base_model(training)
        model = orders.resolve_model(self._emulator, FAMILY, asked)
        if model is None:
            raise bad(f"model {asked[:200]} is not tunable or does not exist")
        evaluation = asked_for.dataset(body, "evaluationDataset")
        files = [("dataset", dataset), ("evaluationDataset", evaluation)]
        check_files(self._emulator, files, "dataset {id} was not found")
        for name in filter(None, (dataset, evaluation)):
            if not self._emulator.files.content_path(name).stat().st_size:
                raise Refusal(400, f"dataset {name} is not ready: UPLOADING", code="failed_precondition")
        return orders.Order(
            family=FAMILY,
            model=model,
            training_file=dataset,
            validation_file=evaluation,
            suffix=body.text("displayName"),
            method=METHODS[kind],
            request=request_,
        )

    def _format(self, order: orders.Order) -> Format:
        if order.method == "dpo":
            return Format.PREFERENCE
        with self._emulator.files.content_path(order.training_file).open("rb") as file:
            first = file.readline(2**20)
        try:
            row = orjson.loads(first)
        except orjson.JSONDecodeError:
            return Format.CHAT
        return Format.COMPLETION if isinstance(row, dict) and "prompt" in row else Format.CHAT

    def list_jobs(self, account: str, kind: str) -> Response:
        """By name, in pages by token."""
        strike = current_strike()
        now = self._emulator.clock.now()
        wanted = PageRequest(
            FAMILY, created_real_before=listed_until(self._emulator), hidden=strike.forgotten
        )
        jobs = [
            shapes.show_job(job, now, account)
            for job in self._emulator.jobs.page(wanted)
            if job.method == METHODS[kind] and not _deleted(job)
        ]
        page = page_of(kind, jobs, repeat=strike.is_kind("repeat_page"))
        if strike.is_kind("truncate_list"):
            shown = page.get(kind, [])
            page = page_of(kind, jobs, repeat=True)
            page[kind] = shown[: len(shown) // 2]
            page.setdefault("nextPageToken", "more")
            break_next_page(self._emulator)
        return json_reply(page)

    def retrieve(self, account: str, kind: str, job_id: str) -> Response:
        """Return one job."""
        job = self._emulator.jobs.find(_stored_id(kind, job_id), FAMILY)
        if job is None or _deleted(job) or job.id in current_strike().forgotten:
            raise not_found("job", job_id)
        return self._reply(job, account)

    def delete(self, account: str, kind: str, job_id: str) -> Response:
        """Hide a job for ever, stopping it; its id stays taken."""
        del account

        def change(job: Job, now: float) -> Job:
            stopped = now if status_at(job, now) not in TERMINAL else job.cancelled_at
            return replace(job, cancelled_at=stopped, request={**job.request, "deleted": True})

        self._change(kind, job_id, change)
        return json_reply({})

    def cancel(self, account: str, kind: str, job_id: str) -> Response:
        """Begin to cancel, and say nothing; what a job that is over answers is not documented."""
        del account

        def change(job: Job, now: float) -> Job:
            state = shapes.state_of(job, now)
            if state == "JOB_STATE_CANCELLING":
                return job
            if status_at(job, now) in TERMINAL:
                text = f"job {job_id} cannot be cancelled: it is {state}"
                raise Refusal(400, text, code="failed_precondition")
            return replace(job, cancelled_at=now)

        self._change(kind, job_id, change)
        return json_reply({})

    def resume(self, account: str, kind: str, job_id: str) -> Response:
        """Let a paused job go on."""

        def change(job: Job, now: float) -> Job:
            if status_at(job, now) is not Status.PAUSED:
                raise Refusal(400, f"job {job_id} is not paused", code="failed_precondition")
            return replace(job, pauses=(*job.pauses[:-1], Pause(job.pauses[-1].start, now)))

        return self._reply(self._change(kind, job_id, change), account)

    def _change(self, kind: str, job_id: str, change: Callable[[Job, float], Job]) -> Job:
        stored = _stored_id(kind, job_id)
        if stored in current_strike().forgotten:
            raise not_found("job", job_id)
        with self._emulator.jobs.change(stored, FAMILY) as loan:
            if loan is None or _deleted(loan.job):
                raise not_found("job", job_id)
            loan.job = change(loan.job, self._emulator.clock.now())
        return loan.job

    def _reply(self, job: Job, account: str) -> Response:
        return json_reply(shapes.show_job(job, self._emulator.clock.now(), account))


def _stored_id(kind: str, job_id: str) -> str:
    """Return the id in the store, where both kinds lie together: that of a DPO job says so."""
    return job_id if kind == shapes.SUPERVISED else f"{kind}/{job_id}"


def _deleted(job: Job) -> bool:
    return bool(job.request.get("deleted"))


def _run(dataset: Dataset, asked: dict[str, Any]) -> TrainingRun:
    epochs = min(100, asked["epochs"])
    return TrainingRun(
        examples=dataset.examples,
        tokens=dataset.tokens,
        epochs=epochs,
        batch_size=BATCH,
        learning_rate_multiplier=1.0,
        validation_seconds=VALIDATION_SECONDS,
        queue_seconds=QUEUE_SECONDS,
        training_seconds=training_seconds(dataset.examples, epochs),
    )
