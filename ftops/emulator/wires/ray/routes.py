"""The routes of Ray's dashboard for jobs. Endpoints are named by the operation that faults match."""

import hmac
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.ray import cluster, words
from ftops.emulator.wires.ray.bodies import read_submit
from ftops.emulator.wires.ray.failures import missing_package, no_modules, unschedulable
from ftops.emulator.wires.ray.packages import Packages, is_archive, named_in
from ftops.emulator.wires.ray.plans import Plan, plan_of
from ftops.emulator.wires.ray.records import Package, Phase, RayJob, Records, RecordTable
from ftops.emulator.wires.ray.resources import needs, waits
from ftops.emulator.wires.ray.restarts import restart_head
from ftops.emulator.wires.ray.shapes import RAY_COMMIT, show_job
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.identifiers import derived_number

FAMILY = "ray"
API_VERSION = "4"
INVENTED = 16
COOKIE = "ray-authentication-token"


class RayRoutes:
    """Version, jobs and packages."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._table = RecordTable(emulator.database)
        self._packages = Packages(emulator)
        with self._table.write() as records:
            cluster.open_cluster(records, emulator.clock.now())

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        blueprint = Blueprint(FAMILY, __name__, url_prefix="/api")
        blueprint.before_request(self._authenticate)
        blueprint.before_request(self._restart)
        routes: list[tuple[str, str, str, Callable[..., Response]]] = [
            ("GET", "/version", "version", self.version),
            ("POST", "/jobs/", "create", self.submit),
            ("GET", "/jobs/", "list", self.list_jobs),
            ("GET", "/jobs/<path:job_id>", "retrieve", self.retrieve),
            ("DELETE", "/jobs/<path:job_id>", "delete", self.delete),
            ("POST", "/jobs/<path:job_id>/stop", "cancel", self.stop),
            ("GET", "/jobs/<path:job_id>/logs", "events", self.logs),
            ("GET", "/jobs/<path:job_id>/logs/tail", "tail", self.tail),
            ("PUT", "/packages/gcs/<name>", "upload", self.put_package),
            ("GET", "/packages/gcs/<name>", "retrieve_file", self.find_package),
            ("GET", "/jobs", "no_slash", self.no_slash),
            ("POST", "/jobs", "no_slash", self.no_slash),
        ]
        for method, path, operation, handler in routes:
            blueprint.add_url_rule(path, operation, handler, methods=[method])
        return blueprint

    def _authenticate(self) -> None:
        """Insist on the token, where there is one: in a header of either name, or in a cookie."""
        if (expected := self._emulator.settings.api_key) is None:
            return
        headers = (request.headers.get(name) for name in ("Authorization", "X-Ray-Authorization"))
        told = next(filter(None, headers), None) or request.cookies.get(COOKIE)
        if not told:
            raise words.said(401, "Unauthorized: Missing authentication token")
        if not hmac.compare_digest(told.removeprefix("Bearer ").encode(), expected.encode()):
            raise words.said(403, "Forbidden: Invalid authentication token")

    def _restart(self) -> None:
        """Let the fault strike that has the head restart just before a request."""
        if current_strike().is_kind("restart_head") and (fault := current_strike().momentary):
            seconds = None if fault.parameters["memory"] else float(fault.parameters["seconds"])
            restart_head(self._emulator, self._table, self._packages, seconds)

    def no_slash(self) -> Response:
        """Refuse: the address of the list ends with a slash."""
        raise words.said(404, "404: Not Found")

    def version(self) -> Response:
        """Return the versions, and the session: another one means that the head has forgotten everything."""
        with self._now() as (records, _):
            head = records.cluster()
        return reply(
            {
                "version": API_VERSION,
                "ray_version": head.ray_version,
                "ray_commit": RAY_COMMIT,
                "session_name": head.session,
            }
        )

    def submit(self) -> Response:
        """Take a job, once for each id."""
        body = read_submit()
        job_id = body.get("submission_id") or body.get("job_id") or _invented()
        self._refuse_by_fault()
        with self._now():
            pass  # What is due comes first: packages are dropped with the job that used them last.
        plan = plan_of(body, self._packages, _wanted_failure())
        doom = _doom(body, self._packages)
        with self._now() as (records, now):
            if records.job(job_id) is not None:
                raise words.exists(job_id)
            self._check_quota(records)
            job = self._new_job(records, job_id, body, plan, now)
            if doom is not None and job.phase is not Phase.STUCK:
                job.doom, job.phase, job.due = doom, Phase.STARTING, now + 1
            records.keep_job(job)
            session = records.cluster().session
        if not words.has_log(job_id):
            raise words.unloggable(job_id, session)
        return reply({"job_id": job_id, "submission_id": job_id})

    def _new_job(self, records: Records, job_id: str, body: dict[str, Any], plan: Plan, now: float) -> RayJob:
        phase = Phase.WAITING if waits(records, body) else Phase.STARTING
        if not words.has_log(job_id):
            phase = Phase.STUCK
        return RayJob(
            id=job_id,
            number=records.number(),
            body=body,
            plan=plan,
            created_at=now,
            created_real=self._emulator.clock.real(),
            phase=phase,
            due=cluster.due_of(phase, now),
        )

    def _refuse_by_fault(self) -> None:
        refused = current_strike().standing_of("refuse")
        if refused is not None:
            raise refusals.worded(refused.parameters["as"], "")

    def _check_quota(self, records: Records) -> None:
        """Refuse as a proxy does that limits its callers; Ray itself does not."""
        quota = current_strike().standing_of("quota")
        if quota is None:
            return
        most, active = quota.parameters["max"], len(records.jobs(active=True))
        if most is None or active >= most:
            raise refusals.too_many_active(most or 3, active, 0, FAMILY)

    def list_jobs(self) -> Response:
        """Everything, in the order of a hash: whatever the query asks for."""
        strike, until = current_strike(), listed_until(self._emulator)
        with self._now() as (records, _):
            session = records.cluster().session
            jobs = [
                job
                for job in records.jobs()
                if job.id not in strike.forgotten and (until is None or job.created_real < until)
            ]
        jobs.sort(key=lambda job: derived_number(job.id))
        if strike.is_kind("repeat_page"):
            jobs = jobs + jobs
        if strike.is_kind("truncate_list"):
            jobs = jobs[: len(jobs) // 2]
            break_next_page(self._emulator)
        return reply([show_job(job, session) for job in jobs])

    def retrieve(self, job_id: str) -> Response:
        """Return one job."""
        with self._now() as (records, _):
            return reply(show_job(_find(records, job_id), records.cluster().session))

    def logs(self, job_id: str) -> Response:
        """Return the whole log so far."""
        with self._now() as (records, now):
            job = _find(records, job_id)
            if job.is_driver:
                raise words.wrong_kind("get logs of")
            return reply({"logs": cluster.log_of(records, job, now)})

    def tail(self, job_id: str) -> Response:
        """Refuse: a log is followed over a websocket, and the emulator speaks none."""
        with self._now() as (records, _):
            if _find(records, job_id).is_driver:
                raise words.wrong_kind("get logs of")
        raise words.no_websocket(request.headers.get("Upgrade"))

    def stop(self, job_id: str) -> Response:
        """Have a job stopped: at once, or when it starts."""
        with self._now() as (records, now):
            job = _find(records, job_id)
            if job.is_driver:
                raise words.wrong_kind("stop")
            if "/" in job_id:
                raise words.no_route("stop")
            return reply({"stopped": cluster.stop(records, job, now)})

    def delete(self, job_id: str) -> Response:
        """Forget a job that is over: its id is free again, and would run again."""
        with self._now() as (records, _):
            job = _find(records, job_id)
            if job.is_driver:
                raise words.wrong_kind("delete")
            if "/" in job_id:
                raise words.no_route("delete")
            if job.phase is not Phase.OVER:
                raise words.not_over(job_id, job.status)
            records.forget_job(job_id)
        return reply({"deleted": True})

    def put_package(self, name: str) -> Response:
        """Keep a package; the same name again is fine."""
        request.max_content_length = None
        with self._now():
            pass  # What is due comes first: it may be this package that is dropped.
        self._packages.take(name, request.stream)
        return nothing()

    def find_package(self, name: str) -> Response:
        """Say whether a package is there, and give none back; who asked can count on it for a while."""
        with self._now() as (records, now):
            if self._packages.find(name) is None:
                raise words.said(404, f"Package gcs://{name} does not exist")
            # The client's clock is the real one: however fast jobs go, it has its ten minutes.
            kept = cluster.PINNED_SECONDS * max(1.0, self._emulator.clock.speed)
            records.keep_package(Package(name=name, until=now + kept))
        return nothing()

    @contextmanager
    def _now(self) -> Iterator[tuple[Records, float]]:
        """Lend the records as they are now, and say when that is."""
        with self._table.write() as records:
            now = self._emulator.clock.now()
            cluster.catch_up(records, now)
            for name in records.take_dropped():
                self._packages.forget(name)
            yield records, now


def reply(document: Any) -> Response:
    """Return JSON as the head's web server does."""
    response = json_reply(document)
    response.content_type = "application/json; charset=utf-8"
    return response


def nothing() -> Response:
    """Return a reply of no bytes, and of no type."""
    response = Response(status=200)
    del response.headers["Content-Type"]
    return response


def _find(records: Records, job_id: str) -> RayJob:
    job = records.job(job_id)
    if job is None or job_id in current_strike().forgotten:
        raise words.unknown_job(job_id)
    return job


def _invented() -> str:
    """Return the id that a job gets whose client gave none: nobody can ask for it again."""
    letters = string.ascii_letters + string.digits
    return "raysubmit_" + "".join(secrets.choice(letters) for _ in range(INVENTED))


def _wanted_failure() -> tuple[str, str] | None:
    fault = current_strike().momentary
    if fault is None or fault.kind != "fail_job":
        return None
    code = fault.parameters["code"] or "trainer_failed"
    return code, fault.parameters["message"] or "The training failed."


def _doom(body: dict[str, Any], packages: Packages) -> tuple[str, str] | None:
    """Say why a job will not start, whatever its command: a package that is not there, or is none."""
    negative = [amount for amount in needs(body).values() if amount < 0]
    if negative:
        return unschedulable(negative[0])
    if (body.get("runtime_env") or {}).get("py_modules") == []:
        return no_modules()
    for uri in named_in(body):
        package = packages.of_uri(uri)
        if package is None or not is_archive(package):
            return missing_package(uri)
    return None
