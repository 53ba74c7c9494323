"""`/_emulator`: what tests and curious people do to the emulator; no provider has these."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Response, request

from ftops.emulator import faults
from ftops.emulator.lifecycle import QUEUED_SECONDS, VALIDATING_SECONDS, training_seconds
from ftops.emulator.routes import json_reply
from ftops.emulator.store import Store


def add_controls(app: Flask, store: Store, speed: float) -> None:
    """Add faults, time, seeding and information."""

    @app.get("/_emulator/info")
    def info() -> Response:
        return json_reply(
            {
                "what": "the ftops emulator: it speaks the wire formats and trains nothing",
                "speed": speed,
                "now": store.now(),
                "jobs": store.count_jobs(),
                "requests": faults.counted(store),
            }
        )

    @app.post("/_emulator/faults")
    def arm() -> Response:
        faults.arm(store, request.get_json())
        return json_reply({"armed": True})

    @app.delete("/_emulator/faults")
    def disarm() -> Response:
        faults.disarm(store)
        return json_reply({"armed": False})

    @app.post("/_emulator/time")
    def advance() -> Response:
        store.advance(float(request.get_json()["advance"]))
        return json_reply({"now": store.now()})

    @app.post("/_emulator/forget")
    def forget() -> Response:
        store.update_job(str(request.get_json()["id"]), "hidden", 1)
        return json_reply({"forgotten": True})

    @app.post("/_emulator/jobs")
    def seed() -> Response:
        ids = _seed(store, request.get_json())
        return json_reply({"ids": ids})


def _seed(store: Store, body: dict[str, Any]) -> list[str]:
    """Store many jobs at once, finished `age` seconds ago: for benchmarks."""
    family = body.get("family", "openai")
    now = store.now() - float(body.get("age", 86_400))
    prefix = "ftjob-" if family == "openai" else "ft-"
    jobs = [
        {
            "id": prefix + secrets.token_hex(12),
            "family": family,
            "request": {"method_type": "supervised", "hyperparameters": {}, **job},
            "created_at": now,
            "waits": VALIDATING_SECONDS,
            "queues": QUEUED_SECONDS,
            "trains": training_seconds(60, 3),
            "examples": 60,
            "epochs": 3,
            "tokens": 9000,
            "problem": None,
        }
        for job in body["jobs"]
    ]
    with store.writing() as db:
        store.add_jobs(db, jobs)
    return [str(job["id"]) for job in jobs]
