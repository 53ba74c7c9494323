"""What the nodes have, and which of the jobs that ask for a share may start."""

from collections.abc import Iterable, Mapping
from typing import Any

from ftops.emulator.wires.ray.records import Cluster, Phase, RayJob, Records
from ftops.emulator.world.job import NEVER

START_SECONDS = 3.0
"""From the POST to RUNNING, on a cluster with nothing else to do."""


def admit_waiting(records: Records, time: float) -> None:
    """Start the jobs that have waited for resources which are free now."""
    if not records.has_due(NEVER):
        return
    active = records.jobs(active=True)
    waiting = [job for job in active if job.phase is Phase.WAITING]
    free = free_resources(records.cluster(), active)
    for job in waiting:
        wanted = needs(job.body)
        if fits(wanted, free):
            free = {name: amount - wanted.get(name, 0) for name, amount in free.items()}
            job.phase, job.due = Phase.STARTING, time + START_SECONDS
            records.keep_job(job)


def waits(records: Records, body: Mapping[str, Any]) -> bool:
    """Say whether a new job has to wait for resources."""
    wanted = needs(body)
    return bool(wanted) and not fits(wanted, free_resources(records.cluster(), records.jobs(active=True)))


def free_resources(cluster: Cluster, active: Iterable[RayJob]) -> dict[str, float]:
    """Return what the nodes have and no job has taken."""
    free = {
        "CPU": cluster.num_cpus,
        "GPU": cluster.num_gpus,
        "memory": cluster.memory,
        **{f"custom {name}": amount for name, amount in cluster.resources.items()},
    }
    for job in active:
        if job.phase in (Phase.STARTING, Phase.RUNNING):
            for name, amount in needs(job.body).items():
                free[name] = free.get(name, 0) - amount
    return free


def needs(body: Mapping[str, Any]) -> dict[str, float]:
    """Return the resources that a job asks for."""
    plain = {"CPU": "entrypoint_num_cpus", "GPU": "entrypoint_num_gpus", "memory": "entrypoint_memory"}
    wanted = {name: float(body.get(key) or 0) for name, key in plain.items()}
    custom = body.get("entrypoint_resources") or {}
    wanted |= {f"custom {name}": float(amount) for name, amount in custom.items()}
    return {name: amount for name, amount in wanted.items() if amount}


def fits(wanted: Mapping[str, float], free: Mapping[str, float]) -> bool:
    """Say whether so much is free."""
    return all(amount <= free.get(name, 0) for name, amount in wanted.items())
