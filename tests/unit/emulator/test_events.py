"""Events, checkpoints and result files of both formats; the stream of the legacy one."""

import json
import threading
import time
from typing import Any

from tests.unit.emulator.client import CHAT, COMPLETION, LIFETIME, Client, data_lines, stream

JOBS = "/fine_tuning/jobs"


def all_events(provider: Client, job_id: str, limit: int = 100) -> list[dict[str, Any]]:
    """Return every event of a modern job, oldest first, by paging."""
    events: list[dict[str, Any]] = []
    page = provider.get(f"{JOBS}/{job_id}/events", limit=limit)
    events += page["data"]
    while page["has_more"]:
        page = provider.get(f"{JOBS}/{job_id}/events", limit=limit, after=events[-1]["id"])
        events += page["data"]
    return events[::-1]


def test_modern_events_are_paged_newest_first_without_gap_or_repeat(provider: Client) -> None:
    job = provider.job()
    provider.advance(LIFETIME)
    newest = provider.get(f"{JOBS}/{job['id']}/events")
    assert len(newest["data"]) == 20
    assert newest["data"][0]["message"] == "The job has successfully completed"
    events = all_events(provider, job["id"], limit=7)
    assert events[0]["message"] == f"Created fine-tuning job: {job['id']}"
    assert len({event["id"] for event in events}) == len(events)
    assert [event["created_at"] for event in events] == sorted(event["created_at"] for event in events)


def test_events_keep_their_ids_as_time_passes(provider: Client) -> None:
    job = provider.job()
    seen: list[str] = []
    for _ in range(10):
        ids = [event["id"] for event in all_events(provider, job["id"])]
        assert ids[: len(seen)] == seen
        seen = ids
        provider.advance(60)
    assert len(seen) > 20


def test_losses_fall_and_are_the_same_at_every_look(provider: Client) -> None:
    file_id = provider.upload_rows([CHAT] * 60)
    job = provider.job(training_file=file_id, validation_file=file_id)
    provider.advance(LIFETIME)
    metrics = [event["data"] for event in all_events(provider, job["id"]) if event["type"] == "metrics"]
    assert metrics == [e["data"] for e in all_events(provider, job["id"]) if e["type"] == "metrics"]
    for name in ("train_loss", "valid_loss"):
        losses = [point[name] for point in metrics]
        fifth = len(losses) // 5
        means = [sum(losses[start : start + fifth]) / fifth for start in range(0, 5 * fifth, fifth)]
        assert means == sorted(means, reverse=True)
        assert 0 < losses[-1] < losses[0] / 2
    assert metrics[-1]["step"] == metrics[-1]["total_steps"] == 180


def test_there_is_no_valid_loss_without_a_validation_file_and_no_data_in_messages(provider: Client) -> None:
    job = provider.job()
    provider.advance(LIFETIME)
    events = all_events(provider, job["id"])
    assert all("valid_loss" not in event["data"] for event in events if event["type"] == "metrics")
    assert {event["data"] for event in events if event["type"] == "message"} == {None}


def test_a_long_training_has_a_bounded_number_of_events(provider: Client) -> None:
    job = provider.job(training_file=provider.upload_rows([CHAT] * 300), hyperparameters={"n_epochs": 50})
    provider.advance(LIFETIME)
    assert 50 < len(all_events(provider, job["id"])) < 120


def test_a_pause_a_cancel_and_a_failure_are_events(provider: Client) -> None:
    job = provider.job()
    for verb in ("pause", "resume", "cancel"):
        provider.advance(5)
        provider.post(f"{JOBS}/{job['id']}/{verb}")
    messages = [event["message"] for event in all_events(provider, job["id"])][-3:]
    assert messages == ["Fine-tuning job paused", "Fine-tuning job resumed", "The job was cancelled"]
    bad = provider.job(training_file=provider.upload("{}\n"))
    provider.advance(LIFETIME)
    last = all_events(provider, bad["id"])[-1]
    assert last["level"] == "error"
    assert "Line 1" in last["message"]


def test_checkpoints_appear_epoch_by_epoch_and_are_paged(provider: Client) -> None:
    job = provider.job(hyperparameters={"n_epochs": 5})
    path = f"{JOBS}/{job['id']}/checkpoints"
    assert provider.get(path) == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
    provider.advance(60 + 210 * 0.7)
    assert [point["step_number"] for point in provider.get(path)["data"]] == [36]
    provider.advance(LIFETIME)
    page = provider.get(path, limit=2)
    assert [point["step_number"] for point in page["data"]] == [60, 48]
    assert page["has_more"] is True
    assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][1]["id"])
    rest = provider.get(path, after=page["last_id"])["data"]
    assert [point["step_number"] for point in rest] == [36]
    assert rest[0]["fine_tuned_model_checkpoint"].endswith(":ckpt-step-36")
    assert rest[0]["metrics"]["train_loss"] > page["data"][0]["metrics"]["train_loss"]


def test_the_result_file_of_a_job_can_be_downloaded_and_agrees_with_its_events(provider: Client) -> None:
    file_id = provider.upload_rows([CHAT] * 12)
    job = provider.job(training_file=file_id, validation_file=file_id)
    provider.advance(LIFETIME)
    (result_id,) = provider.get(f"{JOBS}/{job['id']}")["result_files"]
    described = provider.get(f"/files/{result_id}")
    content = provider.request("GET", f"/files/{result_id}/content").content
    assert described["filename"] == "step_metrics.csv"
    assert described["bytes"] == len(content)
    header, *rows = content.decode().splitlines()
    assert header == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    losses = [e["data"]["train_loss"] for e in all_events(provider, job["id"]) if e["type"] == "metrics"]
    assert [float(row.split(",")[1]) for row in rows] == losses


def test_legacy_events_tell_the_story_in_the_recorded_order(provider: Client) -> None:
    job = provider.legacy_job(n_epochs=2)
    assert [event["message"] for event in job["events"]] == [f"Created fine-tune: {job['id']}"]
    provider.advance(LIFETIME)
    events = provider.get(f"/fine-tunes/{job['id']}/events")["data"]
    assert {tuple(event) for event in events} == {("object", "created_at", "level", "message")}
    heads = [event["message"].split(":")[0].split("$")[0] for event in events]
    assert heads == [
        "Created fine-tune",
        "Fine-tune costs ",
        "Fine-tune enqueued. Queue number",
        "Fine-tune started",
        "Completed epoch 1/2",
        "Completed epoch 2/2",
        "Uploaded model",
        "Uploaded result file",
        "Fine-tune succeeded",
    ]


def test_a_stream_of_a_finished_job_gives_all_events_then_done_and_closes(provider: Client) -> None:
    job = provider.legacy_job()
    provider.advance(LIFETIME)
    with stream(provider, job["id"]) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        *events, last = list(data_lines(response))
    assert last == "[DONE]"
    assert [json.loads(event) for event in events] == provider.get(f"/fine-tunes/{job['id']}/events")["data"]


def test_a_stream_goes_on_as_time_passes_and_ends_with_a_cancel(provider: Client) -> None:
    job = provider.legacy_job()
    with stream(provider, job["id"]) as response:
        lines = data_lines(response)
        assert json.loads(next(lines))["message"].startswith("Created")
        provider.advance(30)
        assert json.loads(next(lines))["message"].startswith("Fine-tune costs")
        assert json.loads(next(lines))["message"].startswith("Fine-tune enqueued")
        provider.post(f"/fine-tunes/{job['id']}/cancel")
        assert json.loads(next(lines))["message"] == "Fine-tune cancelled"
        assert list(lines) == ["[DONE]"]


def test_streams_of_unknown_jobs_are_refused_as_json(provider: Client) -> None:
    assert provider.error("GET", "/fine-tunes/ft-x/events?stream=true", 404)["code"] == "fine_tune_not_found"


def test_many_streams_are_served_at_once(provider: Client) -> None:
    file_id = provider.upload_rows([COMPLETION])
    job = provider.legacy_job(training_file=file_id)
    ends: list[str] = []

    def follow() -> None:
        with stream(provider, job["id"]) as response:
            ends.append(list(data_lines(response))[-1])

    threads = [threading.Thread(target=follow) for _ in range(8)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while provider.get("/_emulator/info")["requests"].get("events", 0) < 8 and time.monotonic() < deadline:
        pass
    provider.advance(LIFETIME)
    for thread in threads:
        thread.join(10)
    assert ends == ["[DONE]"] * 8
