"""What happens in the cluster as emulated time passes: jobs start, end, and outlive their head.

Everything that is due is made to happen, in its order, before a request is answered.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ftops.emulator.wires.ray.failures import (
    STALE_MESSAGE,
    START_ERROR,
    START_MESSAGE,
    exit_message,
)
from ftops.emulator.wires.ray.packages import name_of, named_in
from ftops.emulator.wires.ray.plans import Plan, Trouble
from ftops.emulator.wires.ray.records import Output, Package, Phase, RayJob, Records
from ftops.emulator.wires.ray.resources import START_SECONDS, admit_waiting
from ftops.emulator.wires.ray.runs import SAVE_SECONDS, Run, Way
from ftops.emulator.world.identifiers import derived_number
from ftops.emulator.world.job import NEVER

STALE_SECONDS = 45.0
"""How long a head that came back takes a job for running that died with it: seen 30 to 60."""
QUICK_STOP_SECONDS = 1.0
PINNED_SECONDS = 600.0
"""How long a package is kept for who has asked for it: RAY_RUNTIME_ENV_TEMPORARY_REFERENCE_EXPIRATION_S."""
GRACE_SECONDS = 3.0
"""Between SIGTERM and SIGKILL, unless the job says otherwise."""
GRACE = "RAY_JOB_STOP_WAIT_TIME_S"


def open_cluster(records: Records, now: float) -> None:
    """Start the head, where none was started before."""
    cluster = records.cluster()
    if not cluster.session:
        cluster.session = session_name(now, 0)
        records.keep_cluster(cluster)


def session_name(now: float, restarts: int) -> str:
    """Return a name such as `session_2026-11-27_00-24-24_439815_21711`, another for each start."""
    moment = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d_%H-%M-%S_%f}"
    return f"session_{moment}_{10_000 + restarts * 1000 + derived_number(moment) % 1000}"


def catch_up(records: Records, now: float) -> None:
    """Make happen what is due."""
    while (due := records.next_due(now)) is not None:
        kind, key = due
        if kind == "run":
            run = records.run(int(key))
            end_run(records, run, run.ends_at)
            continue
        if kind == "package":
            package = records.package(key)
            _release(records, key, package.until or now)
            continue
        job = records.job(key)
        if job is None or job.due is None:
            raise KeyError(key)
        time = job.due
        _happen(records, job, time)
        admit_waiting(records, time)


def _happen(records: Records, job: RayJob, time: float) -> None:
    if job.phase is Phase.STALE:
        _finish(records, job, time, "FAILED", "JOB_SUPERVISOR_ACTOR_START_FAILURE", STALE_MESSAGE)
    elif job.phase is Phase.RUNNING:
        _end_job(records, job, time)
    elif job.doom is not None:
        _finish(records, job, time, "FAILED", *job.doom)
    elif job.stopped_at is not None:
        job.began_at = time
        if records.cluster().stop_meets_start == "FAILED":
            _finish(records, job, time, "FAILED", START_ERROR, START_MESSAGE)
        else:
            _finish(records, job, time, "STOPPED")
    else:
        _begin(records, job, time)


def _begin(records: Records, job: RayJob, time: float) -> None:
    plan = job.plan
    number = records.number()
    run = Run(
        number=number,
        job_id=job.id,
        plan=plan,
        way=Way.COMMAND if plan.trouble is None else Way.REFUSE,
        started_at=time,
    )
    if plan.output:
        _enter(records, run)
    run.ends_at = run.natural_end()
    records.keep_run(run)
    job.phase, job.status, job.run, job.began_at, job.due = (
        Phase.RUNNING,
        "RUNNING",
        number,
        time,
        run.ends_at,
    )
    records.keep_job(job)


def _enter(records: Records, run: Run) -> None:
    """Look into the output folder: a result or a lock is reason enough to train nothing."""
    output = records.output(run.plan.output)
    output.jobs.append(run.job_id)
    run.first_event = output.events + 1
    if run.plan.continue_from is not None:
        run.plan = _continued(records, run.plan, run.plan.continue_from)
    output.document = output.document or run.plan.document
    trouble = run.plan.trouble
    if output.running is not None:
        run.way = Way.BUSY
    elif output.document != run.plan.document:
        run.way, run.plan = Way.REFUSE, replace(run.plan, trouble=_taken(output))
    elif output.result is not None:
        run.way, run.result = Way.DONE, output.result
    elif trouble is not None and not trouble.halfway:
        run.way = Way.REFUSE
    else:
        run.way, run.from_step = Way.TRAIN, min(output.checkpoint, run.plan.steps)
        output.trainings += 1
        output.base_model = run.plan.base_model
        output.running, output.total_steps = run.number, run.plan.steps
    records.keep_output(output)


def _taken(output: Output) -> Trouble:
    return Trouble("job_document", f"{output.path} is the folder of another job, with another document")


def _continued(records: Records, plan: Plan, continue_from: str) -> Plan:
    """Look for what a chain goes on from: its base model is in it, and without it nothing can be trained."""
    folder = continue_from.rstrip("/").rpartition("/")[0]
    output = records.output(folder)
    result = output.result or {}
    left = {str(made["path"]) for made in result.get("checkpoints", ())}
    left |= {str(result.get("fine_tuned_model")), f"{folder}/checkpoint-{output.checkpoint or None}"}
    if continue_from.rstrip("/") in left:
        return replace(plan, base_model=plan.base_model or output.base_model)
    return replace(plan, trouble=plan.trouble or Trouble("model_missing", f"{continue_from} is not there"))


def _end_job(records: Records, job: RayJob, time: float) -> None:
    run = records.run(job.run or 0)
    end_run(records, run, time)
    if job.stopped_at is not None:
        _finish(records, job, time, "STOPPED")
        return
    job.exit_code = run.exit_code
    if not run.exit_code:
        _finish(records, job, time, "SUCCEEDED")
        return
    message = exit_message(run.exit_code, log_of(records, job, time))
    _finish(records, job, time, "FAILED", "JOB_ENTRYPOINT_COMMAND_ERROR", message)


def end_run(records: Records, run: Run, time: float) -> None:
    """Write down what a process has left, and let go of its lock."""
    run.over = True
    records.keep_run(run)
    if not run.plan.output:
        return
    output = records.output(run.plan.output)
    events = run.events(time)
    output.events = max(output.events, run.first_event - 1 + len(events))
    if output.running == run.number:
        output.running = None
        output.steps += run.step_at(time) - run.from_step
        output.checkpoint = run.saved_step(time)
        if events and events[-1].type == "result":
            output.result = events[-1].data
            output.results += 1
    records.keep_output(output)


def _finish(
    records: Records,
    job: RayJob,
    time: float,
    status: str,
    error_type: str | None = None,
    message: str | None = None,
) -> None:
    job.phase, job.due, job.status, job.ended_at = Phase.OVER, None, status, time
    job.error_type, job.message = error_type, message
    records.keep_job(job)
    for uri in named_in(job.body):
        if (name := name_of(uri)) is not None:
            _release(records, name, time)


def _release(records: Records, name: str, time: float) -> None:
    """Drop a package that no job uses any more, and nobody has asked for of late."""
    package = records.package(name)
    if package.until is not None and package.until > time:
        return
    records.keep_package(Package(name=name, dropped=not records.is_used(name)))


def log_of(records: Records, job: RayJob, now: float) -> str:
    """Return a job's log: what Ray writes, and what its process has written."""
    if job.phase is Phase.STUCK:
        return ""
    moment = datetime.fromtimestamp(job.created_at, UTC)
    stamp = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03}"
    log = f"{stamp}\tINFO job_manager.py:581 -- Runtime env is setting up.\n"
    if job.began_at is not None:
        log += f"Running entrypoint for job {job.id}: {job.body['entrypoint']}\n"
    return log if job.run is None else log + records.run(job.run).log(now)


def stop(records: Records, job: RayJob, now: float) -> bool:
    """Stop a job, or say that there is nothing to stop; one that waits goes on waiting."""
    if job.phase in (Phase.OVER, Phase.STALE, Phase.STUCK):
        return False
    if job.stopped_at is None:
        job.stopped_at = now
        if job.phase is Phase.RUNNING:
            job.due = _cut(records, records.run(job.run or 0), now, _grace(job.body))
        records.keep_job(job)
    return True


def _cut(records: Records, run: Run, now: float, grace: float) -> float:
    """Tell a process to end, which takes as long as it takes to save, or as it is given."""
    wanted = SAVE_SECONDS if run.way is Way.TRAIN else QUICK_STOP_SECONDS
    end = now + min(wanted, grace)
    if run.ends_at > end:
        run.cut_at, run.ends_at, run.saves = now, end, grace >= wanted
        records.keep_run(run)
    return run.ends_at


def _grace(body: Mapping[str, Any]) -> float:
    variables: Any = (body.get("runtime_env") or {}).get("env_vars")
    try:
        return max(0.0, float(variables[GRACE]))
    except (TypeError, ValueError, KeyError):
        return GRACE_SECONDS


def restart(records: Records, now: float, orphan_seconds: float | None) -> None:
    """Kill the head and start another. `orphan_seconds` of None: its memory was kept outside it.

    Without memory the processes live on for so long, unless they end before, and no record tells of them.
    """
    for job in records.jobs(active=True):
        run = None if job.run is None or job.phase is not Phase.RUNNING else records.run(job.run)
        if orphan_seconds is not None:
            if run is not None:
                _orphan(records, run, now + orphan_seconds)
        elif job.phase in (Phase.STARTING, Phase.RUNNING):
            if run is not None:
                run.cut_at, run.ends_at, run.saves = now, now, False
                end_run(records, run, now)
            job.phase, job.due = Phase.STALE, now + STALE_SECONDS
            records.keep_job(job)
    if orphan_seconds is not None:
        records.forget_jobs()
        cluster = records.cluster()
        cluster.restarts += 1
        cluster.session = session_name(now, cluster.restarts)
        records.keep_cluster(cluster)


def _orphan(records: Records, run: Run, until: float) -> None:
    if run.ends_at > until:
        run.cut_at, run.ends_at, run.saves = until, until, False
    records.keep_run(run, orphan=True)


def due_of(phase: Phase, now: float) -> float | None:
    """Return when something happens to a job that was just submitted."""
    if phase is Phase.WAITING:
        return NEVER
    return now + START_SECONDS if phase is Phase.STARTING else None


def live_steps(records: Records, output: Output, now: float) -> int:
    """Return the optimiser steps that were ever made into a folder, up to now."""
    if output.running is None:
        return output.steps
    run = records.run(output.running)
    return output.steps + run.step_at(now) - run.from_step
