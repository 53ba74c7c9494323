"""What the dialect leans on of Ray's wire, and the emulator has to do too. Ray 2.60.0."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from tests.ray.cluster import ENDLESS, MISSING, OVER, Cluster, new_id, package, package_path

LARGEST = 100 * 1024 * 1024


def test_a_post_answers_with_our_id(cluster: Cluster) -> None:
    job_id = new_id()
    assert cluster.post(job_id).json() == {"job_id": job_id, "submission_id": job_id}
    assert cluster.job(job_id)["submission_id"] == job_id


def test_a_second_post_of_an_id_is_a_500_that_says_it_exists(cluster: Cluster) -> None:
    job_id = cluster.submit(ENDLESS)
    for metadata in (None, {"other": "body"}):
        reply = cluster.post(job_id, metadata=metadata)
        assert reply.status_code == 500
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert f"Job with submission_id {job_id} already exists" in reply.text.strip().splitlines()[-2]
    assert cluster.job(job_id)["metadata"] is None
    cluster.stop(job_id)


def test_an_id_stays_taken_when_its_job_is_over(cluster: Cluster) -> None:
    job_id = cluster.submit()
    assert cluster.over(job_id)["status"] == "SUCCEEDED"
    assert "already exists" in cluster.post(job_id).text
    assert cluster.job(job_id)["status"] == "SUCCEEDED"


def test_of_posts_at_once_of_one_id_exactly_one_is_taken(cluster: Cluster) -> None:
    for _ in range(4):
        job_id = new_id()
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _, job_id=job_id: cluster.post(job_id), range(4)))
        assert sorted(reply.status_code for reply in replies) == [200, 500, 500, 500]
        assert all("already exists" in reply.text for reply in replies if reply.status_code == 500)
        assert [row["submission_id"] for row in cluster.jobs()].count(job_id) == 1


def test_an_unknown_job_is_a_404_in_plain_text_everywhere(cluster: Cluster) -> None:
    for method, path in (("GET", ""), ("GET", "/logs"), ("POST", "/stop"), ("DELETE", "")):
        reply = cluster.ask(method, f"/api/jobs/nobody{path}")
        assert (reply.status_code, reply.text) == (404, "Job nobody does not exist")


def test_the_list_is_a_bare_array_of_everything(cluster: Cluster) -> None:
    sent = {cluster.submit() for _ in range(3)}
    reply = cluster.ask("GET", "/api/jobs/", params={"limit": 1})
    assert sent <= {row["submission_id"] for row in reply.json()}


def test_routes_of_jobs_have_a_slash_at_their_end(cluster: Cluster) -> None:
    assert cluster.ask("GET", "/api/jobs").status_code == 404
    body = {"submission_id": new_id(), "entrypoint": "exit 0"}
    assert cluster.ask("POST", "/api/jobs", json=body).status_code == 404


def test_metadata_comes_back_as_it_was_sent(cluster: Cluster) -> None:
    metadata = {"ftops_project": 'Zürich "\\{}$HOME\n', "document": "d" * 64 * 1024}
    assert cluster.job(cluster.submit(metadata=metadata))["metadata"] == metadata


def test_metadata_that_is_no_string_and_unknown_fields_are_refused(cluster: Cluster) -> None:
    for more in ({"metadata": {"n": 1}}, {"unheard_of": True}):
        reply = cluster.post(new_id(), **more)
        assert reply.status_code == 400
        assert "TypeError" in reply.text


def test_a_running_job_can_be_stopped_once(cluster: Cluster) -> None:
    job_id = cluster.submit(ENDLESS)
    cluster.until(lambda: cluster.job(job_id)["status"] == "RUNNING", "it does not run")
    assert cluster.stop(job_id) is True
    job = cluster.over(job_id)
    assert (job["status"], job["driver_exit_code"]) == ("STOPPED", None)
    assert cluster.stop(job_id) is False


def test_a_job_that_is_over_cannot_be_stopped(cluster: Cluster) -> None:
    job_id = cluster.submit()
    cluster.over(job_id)
    assert cluster.stop(job_id) is False
    assert cluster.job(job_id)["status"] == "SUCCEEDED"


def test_a_job_waits_for_resources_that_no_node_has(cluster: Cluster) -> None:
    for wanted in ({"entrypoint_resources": MISSING}, {"entrypoint_num_gpus": 1}):
        job = cluster.job(cluster.submit(**wanted))
        assert (job["status"], job["error_type"]) == ("PENDING", None)
        assert "waiting for resources" in job["message"]


def test_a_stop_of_a_job_that_waits_is_accepted_and_not_done(cluster: Cluster) -> None:
    job_id = cluster.submit(entrypoint_resources=MISSING)
    assert cluster.stop(job_id) is True
    assert cluster.job(job_id)["status"] == "PENDING"
    refused = cluster.ask("DELETE", f"/api/jobs/{job_id}")
    assert (refused.status_code, "non-terminal state PENDING" in refused.text) == (500, True)


def test_a_job_has_these_fields(cluster: Cluster) -> None:
    job = cluster.over(cluster.submit())
    assert sorted(job) == [
        *("driver_agent_http_address", "driver_exit_code", "driver_info", "driver_node_id", "end_time"),
        *("entrypoint", "error_type", "job_id", "message", "metadata", "runtime_env", "start_time"),
        *("status", "submission_id", "type"),
    ]
    assert (job["type"], job["driver_exit_code"], job["status"] in OVER) == ("SUBMISSION", 0, True)
    assert job["start_time"] <= job["end_time"]


def test_a_package_is_there_once_it_was_put(cluster: Cluster) -> None:
    content = package(ftops_data__x=new_id())
    assert not cluster.has(content)
    for _ in range(2):
        assert cluster.ask("PUT", package_path(content), data=content).content == b""
        assert cluster.has(content)


def test_a_package_is_never_given_back(cluster: Cluster) -> None:
    content = package(ftops_data__x=new_id())
    cluster.put(content)
    assert cluster.ask("GET", package_path(content)).content == b""


def test_the_largest_package_is_100_mib_and_more_is_a_413(cluster: Cluster) -> None:
    too_large = bytes(LARGEST + 1)
    reply = cluster.ask("PUT", package_path(too_large), data=too_large)
    assert reply.status_code == 413
    # The web server's newer versions go on with the size that it got.
    assert reply.text.startswith(f"Maximum request body size {LARGEST} exceeded")
    assert not cluster.has(too_large)
    cluster.put(too_large[:-1])
    assert cluster.has(too_large[:-1])


def test_a_job_document_of_64_kib_is_taken(cluster: Cluster) -> None:
    content = package(**{"job.json": json.dumps({"filler": "x" * 64 * 1024})})
    job = cluster.over(cluster.submit("exit 0", runtime_env={"working_dir": cluster.put(content)}))
    assert job["status"] == "SUCCEEDED"
