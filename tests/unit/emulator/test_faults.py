"""Faults on request."""

import time
from pathlib import Path

import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, LIFETIME, Client, Clock

JOBS = "/fine_tuning/jobs"


@pytest.fixture
def order(provider: Client) -> dict[str, str]:
    return {"model": "gpt-4o-mini", "training_file": provider.upload_rows([CHAT] * 12)}


def stored(provider: Client) -> int:
    count: int = provider.get("/_emulator/info")["jobs"].get("openai", 0)
    return count


def received(provider: Client) -> int:
    count: int = provider.get("/_emulator/info")["creates_received"]["openai"]
    return count


def test_status_comes_before_any_effect(provider: Client, order: dict[str, str]) -> None:
    provider.fault("status", "create", status=429, code="slow_down", message="Wait.", retry_after=7)
    response = provider.request("POST", JOBS, json=order)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    assert response.json()["error"]["code"] == "slow_down"
    assert (stored(provider), received(provider)) == (0, 1)
    provider.post(JOBS, order)


def test_status_after_hides_an_effect(provider: Client, order: dict[str, str]) -> None:
    provider.fault("status_after", "create", status=502)
    assert provider.error("POST", JOBS, 502, json=order)["type"] == "server_error"
    assert stored(provider) == 1


def test_a_reply_can_drip_and_be_whole_in_the_end(provider: Client, order: dict[str, str]) -> None:
    provider.fault("drip", "create", seconds=0.0001)
    job = provider.post(JOBS, order)
    assert job["id"] in provider.ids(JOBS)


def test_a_reply_can_be_anything(provider: Client, order: dict[str, str]) -> None:
    provider.fault("odd_reply", "create", text='{"error": "upstream is down"}')
    assert provider.post(JOBS, order) == {"error": "upstream is down"}
    assert stored(provider) == 1


@pytest.mark.parametrize(("kind", "jobs"), [("lost_reply", 1), ("drop", 0)])
def test_a_connection_is_closed_without_a_reply(
    provider: Client, order: dict[str, str], kind: str, jobs: int
) -> None:
    provider.fault(kind, "create")
    with pytest.raises(requests.ConnectionError):
        provider.request("POST", JOBS, json=order)
    assert (stored(provider), received(provider)) == (jobs, 1)


def test_a_large_upload_can_be_dropped(provider: Client) -> None:
    provider.fault("drop", "upload")
    with pytest.raises(requests.ConnectionError):
        provider.upload("x" * 5_000_000)
    assert provider.ids("/files") == []


def test_truncate_sends_half_under_the_full_length(provider: Client, order: dict[str, str]) -> None:
    provider.fault("truncate", "create")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        provider.request("POST", JOBS, json=order)
    assert stored(provider) == 1


def test_html_is_a_200_that_is_no_json(provider: Client) -> None:
    provider.fault("html", "list")
    response = provider.request("GET", JOBS)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")


def test_slow_has_its_effect_and_replies_late(provider: Client, order: dict[str, str]) -> None:
    provider.fault("slow", "create", seconds=5)
    with pytest.raises(requests.ReadTimeout):
        provider.request("POST", JOBS, json=order, timeout=0.3)
    assert stored(provider) == 1


def test_skip_and_times_say_which_requests_are_struck(provider: Client) -> None:
    provider.fault("status", "list", skip=1, times=2)
    statuses = [provider.request("GET", JOBS).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]


def test_faults_strike_in_the_order_of_arming_and_only_their_operation(provider: Client) -> None:
    provider.fault("status", "list", status=501)
    provider.fault("status", "any", status=502)
    assert provider.request("GET", "/models").status_code == 502
    assert [provider.request("GET", JOBS).status_code for _ in range(2)] == [501, 200]


def test_zero_times_is_until_deleted(provider: Client) -> None:
    provider.fault("status", "list_models", times=0)
    assert [provider.request("GET", "/models").status_code for _ in range(3)] == [500] * 3
    (fault,) = provider.get("/_emulator/faults")["faults"]
    assert (fault["kind"], fault["operation"], fault["times"]) == ("status", "list_models", 0)
    provider.delete("/_emulator/faults")
    assert provider.request("GET", "/models").status_code == 200


def test_a_lagging_list_leaves_young_jobs_out_by_real_time(provider: Client, clock: Clock) -> None:
    older = provider.job()
    clock.now += 100
    younger = provider.job()
    provider.fault("lagging_list", seconds=60, times=0)
    assert provider.ids() == [older["id"]]
    assert provider.get(f"{JOBS}/{younger['id']}")["id"] == younger["id"]
    clock.now += 61
    assert provider.ids() == [younger["id"], older["id"]]


def test_a_repeated_page_ignores_its_cursor(provider: Client) -> None:
    jobs = [provider.job()["id"] for _ in range(3)][::-1]
    provider.fault("repeat_page", skip=1)
    first = provider.get(JOBS, limit=2)
    second = provider.get(JOBS, limit=2, after=jobs[1])
    assert [job["id"] for job in second["data"]] == [job["id"] for job in first["data"]] == jobs[:2]
    assert second["has_more"] is True


def test_a_truncated_list_says_that_there_is_more_and_then_fails(provider: Client) -> None:
    jobs = [provider.job()["id"] for _ in range(2)][::-1]
    provider.fault("truncate_list", failures=2)
    page = provider.get(JOBS)
    assert ([job["id"] for job in page["data"]], page["has_more"]) == (jobs[:1], True)
    statuses = [provider.request("GET", JOBS, params={"after": jobs[0]}).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]


def test_a_quota_without_a_number_refuses_in_the_recorded_words(
    provider: Client, order: dict[str, str]
) -> None:
    provider.fault("quota")
    error = provider.error("POST", JOBS, 429, json=order)
    assert (error["type"], error["code"]) == ("invalid_request_error", "rate_limit_exceeded")
    assert "the maximum of 3 active requests (2 running, 1 pending) for the model" in error["message"]
    assert stored(provider) == 0


def test_a_quota_with_a_number_counts_active_jobs(provider: Client, order: dict[str, str]) -> None:
    provider.fault("quota", max=2, times=0)
    provider.post(JOBS, order)
    provider.advance(90)
    provider.post(JOBS, order)
    error = provider.error("POST", JOBS, 429, json=order)
    assert "maximum of 2 active requests (1 running, 1 pending)" in error["message"]
    provider.advance(LIFETIME)
    provider.post(JOBS, order)


def test_a_forgotten_job_is_neither_listed_nor_found(provider: Client) -> None:
    kept, lost, alone = (provider.job()["id"] for _ in range(3))
    provider.fault("forget", id=lost)
    provider.fault("forget", "list", id=alone)
    assert provider.ids() == [kept]
    for method, tail in (("GET", ""), ("POST", "/cancel"), ("GET", "/events")):
        provider.error(method, f"{JOBS}/{lost}{tail}", 404)
    assert provider.get(f"{JOBS}/{alone}")["id"] == alone
    assert provider.ids(after=alone) == [kept]


def test_a_job_can_be_made_to_fail_in_training(provider: Client) -> None:
    provider.fault("fail_job", code="server_error", message="The cluster burned down.")
    job = provider.job()
    provider.advance(90)
    assert provider.get(f"{JOBS}/{job['id']}")["status"] == "running"
    provider.advance(LIFETIME)
    failed = provider.get(f"{JOBS}/{job['id']}")
    assert failed["status"] == "failed"
    assert failed["error"] == {"code": "server_error", "message": "The cluster burned down.", "param": None}
    assert failed["result_files"] == []


def test_legacy_jobs_are_struck_too(provider: Client) -> None:
    file_id = provider.upload('{"prompt": "a", "completion": "b"}\n')
    provider.fault("lost_reply", "create")
    with pytest.raises(requests.ConnectionError):
        provider.request("POST", "/fine-tunes", json={"training_file": file_id})
    (lost,) = provider.ids("/fine-tunes")
    provider.post("/_emulator/forget", {"id": lost})
    assert provider.ids("/fine-tunes") == []


def test_faults_armed_in_one_process_strike_in_the_next(tmp_path: Path, clock: Clock) -> None:
    settings = EmulatorSettings(tmp_path / "e.db")
    with EmulatorServer(settings, clock=clock) as server:
        Client(server.base_url).fault("status", "list", status=503)
    with EmulatorServer(settings, clock=clock) as server:
        assert Client(server.base_url).request("GET", JOBS).status_code == 503


def test_the_controls_are_never_struck(provider: Client) -> None:
    provider.fault("drop", "any", times=0)
    assert provider.get("/_emulator/info")["faults"] == 1


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "kind"),
        ({"kind": "earthquake"}, "kind"),
        ({"kind": "status", "operation": "dance"}, "operation"),
        ({"kind": "status", "status": 100}, "status"),
        ({"kind": "status", "times": -1}, "times"),
        ({"kind": "status", "tiems": 1}, "tiems"),
        ({"kind": "forget"}, "id"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    provider: Client, body: dict[str, object], param: str
) -> None:
    assert provider.error("POST", "/_emulator/faults", 400, json=body)["param"] == param


def test_stop_does_not_wait_for_a_slow_reply(tmp_path: Path, clock: Clock) -> None:
    with EmulatorServer(EmulatorSettings(tmp_path / "e.db"), clock=clock) as server:
        provider = Client(server.base_url)
        provider.fault("slow", "list", seconds=3600)
        with pytest.raises(requests.ReadTimeout):
            provider.request("GET", JOBS, timeout=0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 4


def test_a_refusal_has_the_words_of_its_kind_and_can_be_for_one_model(
    provider: Client, order: dict[str, str]
) -> None:
    provider.fault("refuse", times=0, **{"as": "billing", "model": "some-other-model"})
    provider.post(JOBS, order)
    provider.delete("/_emulator/faults")
    provider.fault("refuse", times=0, **{"as": "billing"})
    error = provider.error("POST", JOBS, 400, json=order)
    assert (error["code"], error["message"]) == (
        "billing_hard_limit_reached",
        "Billing hard limit has been reached",
    )
    assert stored(provider) == 1


def test_a_file_can_be_under_way_and_no_job_is_made_from_it(
    provider: Client, order: dict[str, str], clock: Clock
) -> None:
    provider.fault("file_status", seconds=60, **{"as": "processing"})
    file_id = order["training_file"]
    assert provider.get(f"/files/{file_id}")["status"] == "processing"
    assert [file["status"] for file in provider.get("/files")["data"]] == ["processing"]
    assert "still being processed" in provider.error("POST", JOBS, 400, json=order)["message"]
    clock.now += 61
    assert provider.get(f"/files/{file_id}")["status"] == "processed"
    provider.post(JOBS, order)


def test_one_file_can_have_failed_for_good(provider: Client, order: dict[str, str], clock: Clock) -> None:
    provider.fault("file_status", id=order["training_file"], **{"as": "failed"})
    clock.now += 10_000
    assert "in state failed" in provider.error("POST", JOBS, 400, json=order)["message"]
    assert provider.get(f"/files/{provider.upload('{}')}")["status"] == "processed"
