"""What a cluster remembers when its head is ended and begun again. Ray 2.60.0."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.ray.cluster import ENDLESS, MISSING, Cluster, new_id, package
from tests.ray.head import Head

pytestmark = pytest.mark.slow


def test_a_head_without_redis_forgets_all_and_an_old_id_runs_again(forgetful: Head) -> None:
    cluster = Cluster(forgetful.url)
    content = package(x=new_id())
    cluster.put(content)
    job_id, session = cluster.submit(ENDLESS), cluster.session()
    forgetful.end()
    with pytest.raises(requests.ConnectionError):
        cluster.jobs()
    forgetful.begin()
    assert cluster.session() != session
    assert cluster.jobs() == []
    assert not cluster.has(content)
    assert cluster.post(job_id).status_code == 200
    assert cluster.over(job_id)["status"] == "SUCCEEDED"


def test_a_head_with_redis_remembers_and_takes_an_old_id_once(remembering: Head) -> None:
    cluster = Cluster(remembering.url, token=remembering.token)
    content = package(x=new_id())
    cluster.put(content)
    over = cluster.submit()
    cluster.over(over)
    running, waiting = cluster.submit(ENDLESS), cluster.submit(entrypoint_resources=MISSING)
    cluster.until(lambda: cluster.job(running)["status"] == "RUNNING", "it does not run")
    session = cluster.session()
    restarts: tuple[Callable[[], None], ...] = (remembering.kill, remembering.end)
    for stop in restarts:
        stop()
        remembering.begin()
        assert cluster.session() == session
        assert cluster.has(content)
        for job_id in (over, running, waiting):
            assert "already exists" in cluster.post(job_id).text
        job = cluster.over(running)
        assert (job["status"], job["error_type"]) == ("FAILED", "JOB_SUPERVISOR_ACTOR_START_FAILURE")
        assert cluster.job(over)["status"] == "SUCCEEDED"
        assert cluster.job(waiting)["status"] == "PENDING"
    _a_token_is_asked_for(remembering.url)


def _a_token_is_asked_for(url: str) -> None:
    for path in ("/api/version", "/api/jobs/"):
        none = Cluster(url).ask("GET", path)
        assert (none.status_code, none.text) == (401, "Unauthorized: Missing authentication token")
        wrong = Cluster(url, token="wrong").ask("GET", path)
        assert (wrong.status_code, wrong.text) == (403, "Forbidden: Invalid authentication token")
