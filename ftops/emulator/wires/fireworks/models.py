"""Fireworks' models: those of the account, and the bases in the account `fireworks`."""

from typing import Any

from flask import Blueprint, Response

from ftops.emulator.wires.fireworks.errors import not_found
from ftops.emulator.wires.fireworks.resources import page_of, timestamp
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.lifecycle import planned_end
from ftops.emulator.world.models import BASE_MODELS, RELEASED_AT

TUNER = "fireworks"
BASES = frozenset(BASE_MODELS[Family.FIREWORKS].values())


class FireworksModels(ModelRoutes):
    """Models by resource name."""

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("models", __name__, url_prefix="/v1/accounts/<account>/models")
        blueprint.get("", endpoint="list_models")(self.list_account)
        blueprint.get("/<model>", endpoint="retrieve_model")(self.retrieve_one)
        blueprint.delete("/<model>", endpoint="delete_model")(self.delete_one)
        return blueprint

    def list_account(self, account: str) -> Response:
        """By name, in pages."""
        if account == TUNER:
            return json_reply(page_of("models", [_base(name) for name in BASES]))
        hidden = current_strike().forgotten
        jobs = self._emulator.jobs.with_finished_models(self._emulator.clock.now())
        return json_reply(page_of("models", [_tuned(job) for job in jobs if job.id not in hidden]))

    def retrieve_one(self, account: str, model: str) -> Response:
        """Return one model."""
        name = f"accounts/{account}/models/{model}"
        return json_reply(_base(name) if name in BASES else _tuned(self._tuned_job(name)))

    def delete_one(self, account: str, model: str) -> Response:
        """Delete a fine-tuned model; its job still names it."""
        name = f"accounts/{account}/models/{model}"
        if name in BASES:
            raise Refusal(403, "Base models cannot be deleted.")
        job = self._tuned_job(name)
        with self._emulator.jobs.change(job.id, job.family) as loan:
            if loan is not None:
                loan.delete_model()
        return json_reply({})

    def _tuned_job(self, name: str) -> Job:
        try:
            return self._job(name)
        except Refusal:
            raise not_found("model", name) from None


def _base(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "createTime": timestamp(RELEASED_AT),
        "state": "READY",
        "kind": "HF_BASE_MODEL",
        "public": True,
        "tunable": True,
        "status": {"code": "OK", "message": ""},
    }


def _tuned(job: Job) -> dict[str, Any]:
    return {
        "name": job.fine_tuned_model,
        "createTime": timestamp(planned_end(job)),
        "state": "READY",
        "kind": "HF_PEFT_ADDON",
        "public": False,
        "status": {"code": "OK", "message": ""},
        "peftDetails": {"baseModel": job.model, "r": job.request["loraRank"], "targetModules": ["q_proj"]},
    }
