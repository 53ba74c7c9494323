"""`/_emulator`: arm faults, move the clock, seed jobs, look inside. No provider has these routes."""

from collections import defaultdict
from dataclasses import asdict

from flask import Blueprint, Response

from ftops.emulator.context import Emulator
from ftops.emulator.wires.refusals import missing
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.wire import Wire, spoken_with
from ftops.emulator.world.faults import ANY, Fault, parse_fault
from ftops.emulator.world.seeding import seed_jobs

WHAT = "the ftops emulator: it speaks the wire formats of fine-tuning providers and trains nothing"


class ControlRoutes:
    """The emulator's own routes; they need no key and no fault strikes them."""

    def __init__(self, emulator: Emulator, wire: Wire) -> None:
        self._emulator = emulator
        self._wire = wire

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
        blueprint.get("/info")(self.info)
        blueprint.get("/bill")(self.bill)
        blueprint.get("/faults")(self.faults)
        blueprint.post("/faults")(self.arm)
        blueprint.delete("/faults")(self.disarm)
        blueprint.post("/forget")(self.forget)
        blueprint.post("/time")(self.advance)
        blueprint.post("/jobs")(self.seed)
        self._wire.control(self._emulator, blueprint)
        return blueprint

    def info(self) -> Response:
        """Return what the emulator is, its time, its jobs, and the requests that have come in."""
        counts = self._wire.job_counts(self._emulator)
        requests: dict[str, int] = defaultdict(int)
        creates = dict.fromkeys(spoken_with(self._emulator.settings.dialect), 0)
        for operation, family, received in self._emulator.faults.requests_received():
            requests[operation] += received
            if operation == "create":
                creates[family] = received
        return json_reply(
            {
                "what": WHAT,
                "speed": self._emulator.clock.speed,
                "now": self._emulator.clock.now(),
                "jobs": {family: total for family, (total, _) in counts.items()},
                "active_jobs": {family: active for family, (_, active) in counts.items()},
                "requests": requests,
                "creates_received": creates,
                "faults": len(self._emulator.faults.armed()),
            }
        )

    def bill(self) -> Response:
        """Return what the jobs that have ended cost, in dollars, and each of them; decimals are texts."""
        rows = self._wire.bill(self._emulator)
        jobs = [{**asdict(row), "dollars": f"{row.dollars:f}"} for row in rows]
        return json_reply({"dollars": f"{sum(row.dollars for row in rows):f}", "jobs": jobs})

    def faults(self) -> Response:
        """Return the armed faults."""
        return json_reply({"faults": [fault.described() for fault in self._emulator.faults.armed()]})

    def arm(self) -> Response:
        """Arm a fault."""
        fault = self._emulator.faults.arm(parse_fault(read_json()))
        return json_reply({"armed": fault.described()})

    def disarm(self) -> Response:
        """Delete all faults."""
        self._emulator.faults.disarm_all()
        return json_reply({"faults": []})

    def forget(self) -> Response:
        """Arm a `forget` until it is deleted: `{"id": "ftjob-..."}`."""
        body = read_json()
        job_id = body.required_text("id")
        self._emulator.faults.arm(Fault("forget", ANY, None, parameters={"id": job_id}))
        return json_reply({"forgotten": job_id})

    def advance(self) -> Response:
        """Move the emulated clock forward: `{"advance": seconds}`."""
        seconds = read_json().number("advance", 0, 1e10)
        if seconds is None:
            raise missing("advance")
        return json_reply({"now": self._emulator.clock.advance(seconds)})

    def seed(self) -> Response:
        """Make many jobs at once."""
        return json_reply({"ids": seed_jobs(self._emulator, read_json())})
