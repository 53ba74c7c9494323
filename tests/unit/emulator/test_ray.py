"""Ray's head, emulated: its traps, its faults, and what becomes of jobs when it restarts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.unit.emulator.client import Clock
from tests.unit.emulator.ray_client import (
    ENDS_AFTER,
    RUNS_AFTER,
    STEPS,
    TRAINS_AFTER,
    Head,
    archive,
    head,
)

MANY = 12


@pytest.fixture
def ray(database: Path, clock: Clock) -> Iterator[Head]:
    with head(database, clock) as served:
        yield served


def test_the_list_is_whole_and_in_no_order_of_time(ray: Head) -> None:
    made = [f"job-{number}" for number in range(MANY)]
    for job_id in made:
        ray.submit(job_id)
    listed = [job["submission_id"] for job in ray.get("/api/jobs/", limit=2)]
    assert sorted(listed) == sorted(made)
    assert listed not in (made, made[::-1])


def test_a_row_of_a_driver_is_in_the_list_and_is_no_job(ray: Head) -> None:
    job_id = ray.post("/_emulator/ray/drivers", {})["job_id"]
    (row,) = ray.get("/api/jobs/")
    assert (row["type"], row["job_id"], row["submission_id"]) == ("DRIVER", job_id, None)
    assert ray.get("/_emulator/info")["jobs"] == {"ray": 0}


def test_jobs_wait_for_each_others_resources(ray: Head) -> None:
    ray.cluster(num_gpus=1, resources={"tpu": 1})
    ray.submit("a", "sleep 100", entrypoint_num_gpus=1)
    ray.submit("b", "sleep 100", entrypoint_num_gpus=1)
    ray.submit("c", "sleep 100", entrypoint_resources={"tpu": 2})
    ray.advance(RUNS_AFTER)
    assert [ray.status(name) for name in "abc"] == ["RUNNING", "PENDING", "PENDING"]
    ray.advance(102)
    assert [ray.status(name) for name in "abc"] == ["SUCCEEDED", "RUNNING", "PENDING"]
    ray.cluster(resources={"tpu": 2})
    ray.advance(RUNS_AFTER)
    assert ray.status("c") == "RUNNING"


def test_an_id_that_was_deleted_runs_again(ray: Head) -> None:
    ray.submit("a", "true")
    ray.advance(RUNS_AFTER)
    assert ray.submit("a", "true").status_code == 500
    assert ray.delete("/api/jobs/a") == {"deleted": True}
    assert ray.submit("a", "true").status_code == 200


def test_an_id_that_nobody_gave_is_another_each_time(ray: Head) -> None:
    first, second = (ray.submit("", "true").json()["submission_id"] for _ in range(2))
    assert first != second


def test_a_stuck_record_can_be_neither_stopped_nor_deleted(ray: Head) -> None:
    name = "z" * 300
    assert ray.submit(name).status_code == 500
    ray.advance(ENDS_AFTER)
    assert ray.status(name) == "PENDING"
    assert not ray.stop(name)
    assert ray.request("DELETE", f"/api/jobs/{name}").status_code == 500


def test_a_package_that_is_too_large_is_not_kept(ray: Head) -> None:
    path = "/api/packages/gcs/_ray_pkg_1.zip"
    refused = ray.request("PUT", path, data=b"x" * (100 * 2**20 + 1))
    assert refused.status_code == 413
    assert refused.text == "Maximum request body size 104857600 exceeded."
    assert ray.request("GET", path).status_code == 404


def test_a_package_goes_with_the_last_job_that_used_it_unless_it_was_asked_for(ray: Head) -> None:
    asked, unasked = (ray.put(f"_ray_pkg_{name}.zip", archive({name: b""})) for name in "xy")
    paths = [f"/api/packages/gcs/_ray_pkg_{name}.zip" for name in "xy"]
    assert ray.request("GET", paths[0]).ok
    for job_id, seconds in {"a": 10, "b": 100}.items():
        ray.submit(job_id, f"sleep {seconds}", runtime_env={"py_modules": [asked, unasked]})
    ray.advance(50)
    assert ray.submit("c", "sleep 1000", runtime_env={"py_modules": [unasked]}).ok
    ray.advance(100)
    assert ray.status("c") == "RUNNING"
    ray.stop("c")
    ray.advance(10)
    assert [ray.request("GET", path).status_code for path in paths] == [200, 404]
    ray.advance(601)
    assert ray.request("GET", paths[0]).status_code == 404
    ray.put("_ray_pkg_y.zip", archive({"y": b""}))
    assert ray.request("GET", paths[1]).status_code == 200


def test_a_package_that_is_none_fails_the_job_before_it_runs(ray: Head) -> None:
    folder = ray.put("_ray_pkg_1.zip", b"not an archive")
    ray.submit("a", "true", runtime_env={"working_dir": folder})
    ray.advance(2)
    assert ray.shown("a")["error_type"] == "RUNTIME_ENV_SETUP_FAILURE"


def test_an_empty_list_of_modules_fails_the_job_before_it_runs(ray: Head) -> None:
    ray.submit("a", "true", runtime_env={"py_modules": []})
    ray.submit("b", "true", runtime_env={})
    ray.advance(RUNS_AFTER)
    job = ray.shown("a")
    assert (job["status"], job["error_type"]) == ("FAILED", "RUNTIME_ENV_SETUP_FAILURE")
    assert "path_or_uri must be a string" in job["message"]
    assert ray.status("b") == "SUCCEEDED"


def test_a_log_is_followed_over_a_websocket_alone(ray: Head) -> None:
    ray.submit("a")
    refused = ray.request("GET", "/api/jobs/a/logs/tail")
    assert (refused.status_code, refused.text.split(":")[0]) == (400, "No WebSocket UPGRADE hdr")
    unknown = ray.request("GET", "/api/jobs/b/logs/tail")
    assert (unknown.status_code, unknown.text) == (404, "Job b does not exist")


def test_the_world_outlives_the_server(database: Path, clock: Clock) -> None:
    with head(database, clock) as ray:
        session = ray.session()
        ray.train("a")
    clock.now += ENDS_AFTER
    with head(database, clock) as ray:
        assert (ray.session(), ray.status("a")) == (session, "SUCCEEDED")
        assert ray.output("a")["results"] == 1


def test_a_head_without_memory_forgets_and_what_ran_trains_on(ray: Head) -> None:
    session = ray.session()
    ray.train("a")
    ray.advance(ENDS_AFTER)
    ray.train("b")
    ray.advance(150)
    package = ray.put("_ray_pkg_1.zip", archive({})).removeprefix("gcs://")
    ray.restart(memory=False)
    assert ray.session() != session
    assert ray.get("/api/jobs/") == []
    assert ray.request("GET", "/api/jobs/b").status_code == 404
    assert ray.request("GET", f"/api/packages/gcs/{package}").status_code == 404
    ray.train("b")
    ray.advance(TRAINS_AFTER)
    assert (ray.shown("b")["driver_exit_code"], ray.last("b")["data"]["code"]) == (75, "already_running")
    ray.advance(60)
    done = ray.output("b")
    assert (done["trainings"], done["steps"], done["results"]) == (1, STEPS, 1)
    assert ray.train("a").ok
    ray.advance(TRAINS_AFTER)
    assert (ray.status("a"), ray.last("a")["type"]) == ("SUCCEEDED", "result")
    assert ray.output("a")["trainings"] == 1


def test_an_orphan_that_would_take_longer_dies_and_another_start_goes_on(ray: Head) -> None:
    ray.train("a")
    ray.advance(TRAINS_AFTER + 10)
    ray.restart(memory=False, orphan_seconds=60)
    ray.advance(61)
    died = ray.output("a")
    assert (died["running"], died["results"], died["trainings"]) == (False, 0, 1)
    assert 0 < died["checkpoint"] <= died["steps"] < STEPS
    ray.train("a")
    ray.advance(ENDS_AFTER)
    done = ray.output("a")
    assert (done["trainings"], done["results"]) == (2, 1)
    assert done["steps"] == STEPS + died["steps"] - died["checkpoint"]


def test_a_head_with_memory_notices_late_that_a_job_is_gone(ray: Head) -> None:
    session = ray.session()
    ray.train("a")
    ray.advance(TRAINS_AFTER + 10)
    ray.restart(memory=True)
    assert (ray.session(), ray.status("a"), ray.stop("a")) == (session, "RUNNING", False)
    assert ray.train("a").status_code == 500
    ray.advance(60)
    job = ray.shown("a")
    assert (job["status"], job["error_type"]) == ("FAILED", "JOB_SUPERVISOR_ACTOR_START_FAILURE")
    assert "failed to get job supervisor" in job["message"]
    assert ray.output("a")["running"] is False


def test_a_restart_can_strike_just_before_a_request(ray: Head) -> None:
    ray.submit("a")
    session = ray.session()
    ray.fault("restart_head", "list", skip=1)
    assert len(ray.get("/api/jobs/")) == 1
    assert ray.get("/api/jobs/") == []
    assert ray.session() != session


def test_another_version_can_be_claimed(ray: Head) -> None:
    ray.cluster(ray_version="2.9.3")
    assert ray.get("/api/version")["ray_version"] == "2.9.3"


def test_a_create_with_a_lost_reply_is_there_and_sent_again_it_exists(ray: Head) -> None:
    ray.fault("lost_reply", "create")
    with pytest.raises(requests.ConnectionError):
        ray.submit("a")
    again = ray.submit("a")
    assert again.status_code == 500
    assert "Job with submission_id a already exists." in again.text
    assert ray.get("/_emulator/info")["jobs"] == {"ray": 1}


@pytest.mark.parametrize("kind", ["drop", "status"])
def test_a_create_that_is_struck_before_its_effect_made_nothing(ray: Head, kind: str) -> None:
    ray.fault(kind, "create")
    if kind == "drop":
        with pytest.raises(requests.ConnectionError):
            ray.submit("a")
    else:
        assert ray.submit("a").text == "500 Internal Server Error\n\nServer got itself in trouble"
    assert ray.get("/api/jobs/") == []


def test_an_error_after_the_effect_and_a_list_that_lags(ray: Head) -> None:
    ray.fault("status_after", "create", status=500)
    assert ray.submit("a").status_code == 500
    ray.fault("lagging_list", "list", seconds=60)
    assert ray.get("/api/jobs/") == []
    assert ray.status("a") == "PENDING"


def test_a_forgotten_job_is_in_no_list_and_cannot_be_found(ray: Head) -> None:
    ray.submit("a")
    ray.post("/_emulator/forget", {"id": "a"})
    assert ray.get("/api/jobs/") == []
    assert ray.request("GET", "/api/jobs/a").text == "Job a does not exist"


def test_a_proxy_may_limit_the_jobs(ray: Head) -> None:
    ray.fault("quota", "create", max=1, times=0)
    assert ray.submit("a").ok
    assert ray.submit("b").status_code == 429
    ray.advance(ENDS_AFTER)
    assert ray.submit("b").ok


@pytest.mark.parametrize("header", ["Authorization", "X-Ray-Authorization"])
def test_a_token_may_be_in_either_header(database: Path, clock: Clock, header: str) -> None:
    with head(database, clock, "token-1") as ray:
        assert ray.request("GET", "/api/version", headers={header: "Bearer token-1"}).ok
        assert ray.request("GET", "/api/version", headers={header: "Bearer token-2"}).status_code == 403
        assert ray.request("GET", "/_emulator/info", headers={}).ok


def test_no_folder_is_counted_where_no_trainer_came(ray: Head) -> None:
    ray.submit("a", "true")
    ray.advance(ENDS_AFTER)
    shown = ray.get("/_emulator/ray")
    assert (shown["outputs"], shown["cluster"]["num_cpus"]) == ([], 16)
