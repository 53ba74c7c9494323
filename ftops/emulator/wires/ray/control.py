"""`/_emulator/ray`: restart the head, say what nodes have, and count what was trained into which folder."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response

from ftops.emulator.context import Emulator
from ftops.emulator.wires.ray.cluster import catch_up, live_steps
from ftops.emulator.wires.ray.packages import Packages
from ftops.emulator.wires.ray.plans import Plan
from ftops.emulator.wires.ray.records import Output, Phase, RayJob, Records, RecordTable
from ftops.emulator.wires.ray.resources import admit_waiting
from ftops.emulator.wires.ray.restarts import restart_head
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.world.fields import Fields

ORPHAN_SECONDS = 60.0
"""How long a process lived on whose head was gone: seen 62 and 63."""
AMOUNTS = ("num_cpus", "num_gpus", "memory")
ENDS = ("STOPPED", "FAILED")
DRIVER_STATUSES = ("RUNNING", "SUCCEEDED", "FAILED")


def job_counts(emulator: Emulator) -> Mapping[str, tuple[int, int]]:
    """Return how many jobs there are, and how many of them are active."""
    table = RecordTable(emulator.database)
    with table.write() as records:
        catch_up(records, emulator.clock.now())
        jobs = [job for job in records.jobs() if not job.is_driver]
    active = sum(1 for job in jobs if job.phase is not Phase.OVER)
    return {"ray": (len(jobs), active)}


def add_control(emulator: Emulator, blueprint: Blueprint) -> None:
    """Add the routes."""
    control = RayControl(emulator)
    blueprint.get("/ray")(control.show)
    blueprint.post("/ray/cluster")(control.change)
    blueprint.post("/ray/restart")(control.restart)
    blueprint.post("/ray/drivers")(control.drive)


class RayControl:
    """What no dashboard can do or tell."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._table = RecordTable(emulator.database)

    def show(self) -> Response:
        """Return the cluster, and for each output folder what was trained into it."""
        with self._table.write() as records:
            now = self._emulator.clock.now()
            catch_up(records, now)
            outputs = [_shown(records, output, now) for output in records.outputs()]
            head = asdict(records.cluster())
        return json_reply({"cluster": head, "outputs": outputs})

    def change(self) -> Response:
        """Change what the nodes have, the version, or how a stop ends that meets a start."""
        body = read_json()
        body.refuse_unknown((*AMOUNTS, "resources", "ray_version", "stop_meets_start"))
        with self._table.write() as records:
            now = self._emulator.clock.now()
            catch_up(records, now)
            head = records.cluster()
            for name in AMOUNTS:
                if (amount := body.number(name, 0, 1e18)) is not None:
                    setattr(head, name, amount)
            head.ray_version = body.text("ray_version") or head.ray_version
            head.stop_meets_start = body.choice("stop_meets_start", ENDS) or head.stop_meets_start
            if (own := body.child("resources")) is not None:
                head.resources = {name: own.number(name, 0, 1e18) or 0 for name in own.values}
            records.keep_cluster(head)
            admit_waiting(records, now)
        return json_reply(asdict(head))

    def restart(self) -> Response:
        """Restart the head: `{"memory": false, "orphan_seconds": 60}`."""
        body = read_json()
        body.refuse_unknown(("memory", "orphan_seconds"))
        seconds = body.number("orphan_seconds", 0, 1e10)
        lives = ORPHAN_SECONDS if seconds is None else seconds
        packages = Packages(self._emulator)
        restart_head(self._emulator, self._table, packages, None if body.flag("memory") else lives)
        return self.show()

    def drive(self) -> Response:
        """Add the row of a driver that somebody has run: `{"entrypoint": ..., "status": ...}`."""
        body = read_json()
        body.refuse_unknown(("entrypoint", "status"))
        with self._table.write() as records:
            job = self._driver(records, body)
            records.keep_job(job)
        return json_reply({"job_id": job.id})

    def _driver(self, records: Records, body: Fields) -> RayJob:
        now, number = self._emulator.clock.now(), records.number()
        job_id = f"{number:02x}000000"
        status = body.choice("status", DRIVER_STATUSES) or "RUNNING"
        told: dict[str, Any] = {
            "type": "DRIVER",
            "job_id": job_id,
            "submission_id": None,
            "driver_info": {"id": job_id, "node_ip_address": "127.0.0.1", "pid": str(6000 + number)},
            "status": status,
            "entrypoint": body.text("entrypoint") or "python drv.py",
            "message": None,
            "error_type": None,
            "start_time": None,
            "end_time": None,
            "metadata": {},
            "runtime_env": {},
            "driver_agent_http_address": None,
            "driver_node_id": None,
            "driver_exit_code": None,
        }
        return RayJob(
            id=job_id,
            number=number,
            body=told,
            plan=Plan(),
            created_at=now,
            created_real=self._emulator.clock.real(),
            phase=Phase.OVER,
            due=None,
            status=status,
            ended_at=None if status == "RUNNING" else now,
        )


def _shown(records: Records, output: Output, now: float) -> dict[str, Any]:
    """Return what was done in a folder; `steps` are all that were ever made, by now."""
    shown = asdict(output)
    del shown["document"]
    return {**shown, "steps": live_steps(records, output, now), "running": output.running is not None}
