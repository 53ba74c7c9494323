"""Jobs of `/fine_tuning/jobs`: their life, and what is refused."""

import json
import re
from typing import Any

import pytest

from tests.unit.emulator.client import CHAT, COMPLETION, LIFETIME, PREFERENCE, Client

JOBS = "/fine_tuning/jobs"


def status_of(provider: Client, job: dict[str, Any]) -> str:
    return str(provider.get(f"{JOBS}/{job['id']}")["status"])


def test_a_job_passes_through_its_statuses_as_emulated_time_passes(provider: Client) -> None:
    job = provider.job()
    assert job["status"] == "validating_files"
    provider.advance(30)
    assert status_of(provider, job) == "queued"
    provider.advance(60)
    assert status_of(provider, job) == "running"
    provider.advance(LIFETIME)
    assert status_of(provider, job) == "succeeded"


def test_sixty_examples_at_three_epochs_take_five_to_ten_minutes(provider: Client) -> None:
    job = provider.job(training_file=provider.upload_rows([CHAT] * 60))
    provider.advance(LIFETIME)
    done = provider.get(f"{JOBS}/{job['id']}")
    assert 300 <= done["finished_at"] - done["created_at"] <= 600
    assert done["method"]["supervised"]["hyperparameters"]["n_epochs"] == 3


def test_a_finished_job_names_its_model_its_tokens_and_its_result_file(provider: Client) -> None:
    job = provider.job(suffix="My Model!", hyperparameters={"n_epochs": 2})
    assert job["fine_tuned_model"] is None
    assert job["result_files"] == []
    provider.advance(LIFETIME)
    done = provider.get(f"{JOBS}/{job['id']}")
    owner = "emulator"
    assert done["fine_tuned_model"] == f"ft:gpt-4o-mini-2024-07-18:{owner}:my-model:{job['id'][-8:]}"
    assert done["trained_tokens"] > 0
    assert done["trained_tokens"] % 2 == 0
    assert len(done["result_files"]) == 1


def test_the_reply_names_the_snapshot_and_a_generated_seed(provider: Client) -> None:
    job = provider.job()
    assert job["model"] == "gpt-4o-mini-2024-07-18"
    assert 0 <= job["seed"] <= 2**31 - 1
    assert provider.get(f"{JOBS}/{job['id']}")["seed"] == job["seed"]
    assert provider.job(seed=42)["seed"] == 42


def test_auto_hyperparameters_become_numbers_once_the_job_runs(provider: Client) -> None:
    job = provider.job(method={"type": "supervised", "supervised": {"hyperparameters": {"batch_size": 4}}})
    assert job["hyperparameters"] == {"n_epochs": "auto", "batch_size": 4, "learning_rate_multiplier": "auto"}
    provider.advance(90)
    running = provider.get(f"{JOBS}/{job['id']}")["hyperparameters"]
    assert running == {"n_epochs": 8, "batch_size": 4, "learning_rate_multiplier": 2.0}


def test_a_healthy_job_has_a_strange_error_and_a_dpo_job_no_hyperparameters(provider: Client) -> None:
    job = provider.job(
        training_file=provider.upload_rows([PREFERENCE] * 10),
        method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1}}},
    )
    assert job["error"] == {"code": None, "message": None, "param": None}
    assert job["hyperparameters"] is None
    assert job["method"]["dpo"]["hyperparameters"]["beta"] == 0.1
    provider.advance(LIFETIME)
    assert provider.get(f"{JOBS}/{job['id']}")["error"] == {}


def test_estimated_finish_is_known_while_the_job_runs(provider: Client) -> None:
    job = provider.job()
    provider.advance(90)
    running = provider.get(f"{JOBS}/{job['id']}")
    provider.advance(LIFETIME)
    done = provider.get(f"{JOBS}/{job['id']}")
    assert running["estimated_finish"] == done["finished_at"]
    assert done["estimated_finish"] is None


BAD_DATA = [
    ([CHAT] * 3 + ["{broken"], "Line 4: not valid JSON"),
    ([CHAT] * 9, r"9 example\(s\), but must have at least 10"),
    ([CHAT] * 11 + [{"messages": [{"role": "robot", "content": "x"}]}], 'Line 12: .*role\' is "robot"'),
    ([{"messages": [{"role": "user", "content": "x"}]}], "Line 1: there is no message from the assistant"),
    ([{"messages": [{"role": "assistant", "content": 7}]}], "Line 1: .*content' must be a string"),
    ([COMPLETION] * 12, "Line 1: the file is in the prompt-completion format"),
    ([[]], "Line 1: expected a JSON object"),
    ([{"messages": "x"}], "Line 1: 'messages' must be a list"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_DATA)
def test_bad_data_fails_the_job_while_it_validates_and_names_the_line(
    provider: Client, rows: list[Any], message: str
) -> None:
    file_id = provider.upload("".join(f"{as_line(row)}\n" for row in rows))
    job = provider.job(training_file=file_id)
    assert job["status"] == "validating_files"
    provider.advance(LIFETIME)
    failed = provider.get(f"{JOBS}/{job['id']}")
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "invalid_training_file"
    assert failed["error"]["param"] == "training_file"
    assert re.search(message, failed["error"]["message"])
    assert failed["finished_at"] == failed["created_at"] + 20
    assert failed["fine_tuned_model"] is None


def as_line(row: Any) -> str:
    return row if isinstance(row, str) else json.dumps(row)


def test_a_bad_validation_file_is_named_as_such(provider: Client) -> None:
    job = provider.job(validation_file=provider.upload("{}\n"))
    provider.advance(LIFETIME)
    error = provider.get(f"{JOBS}/{job['id']}")["error"]
    assert (error["code"], error["param"]) == ("invalid_validation_file", "validation_file")


def test_completion_models_want_prompts_and_dpo_wants_pairs(provider: Client) -> None:
    pairs = {"type": "dpo"}
    good = [
        provider.job(model="babbage-002", training_file=provider.upload_rows([COMPLETION] * 10)),
        provider.job(method=pairs, training_file=provider.upload_rows([PREFERENCE] * 10)),
    ]
    bad = [
        provider.job(model="davinci-002", training_file=provider.upload_rows([CHAT] * 10)),
        provider.job(method=pairs, training_file=provider.upload_rows([CHAT] * 10)),
    ]
    provider.advance(LIFETIME)
    assert [status_of(provider, job) for job in good] == ["succeeded", "succeeded"]
    assert [status_of(provider, job) for job in bad] == ["failed", "failed"]


def test_a_fine_tuned_model_and_its_checkpoint_are_base_models_once_they_exist(provider: Client) -> None:
    first = provider.job()
    suffix_free = f"ft:gpt-4o-mini-2024-07-18:emulator::{first['id'][-8:]}"
    body = {"model": suffix_free, "training_file": first["training_file"]}
    assert provider.error("POST", JOBS, 400, json=body)["code"] == "model_not_available"
    provider.advance(LIFETIME)
    assert provider.job(**body)["model"] == suffix_free
    checkpoint = provider.get(f"{JOBS}/{first['id']}/checkpoints")["data"][0]["fine_tuned_model_checkpoint"]
    second = provider.job(**body | {"model": checkpoint})
    provider.advance(LIFETIME)
    name = provider.get(f"{JOBS}/{second['id']}")["fine_tuned_model"]
    assert name == f"ft:gpt-4o-mini-2024-07-18:emulator::{second['id'][-8:]}"
    assert provider.error("POST", JOBS, 400, json=body | {"model": f"{suffix_free}:ckpt-step-1"})


def test_models_of_the_other_family_are_refused(provider: Client) -> None:
    file_id = provider.upload_rows([COMPLETION] * 12)
    error = provider.error("POST", JOBS, 400, json={"model": "curie", "training_file": file_id})
    assert error["message"] == "Model curie is not available for fine-tuning or does not exist."
    assert provider.error("POST", "/fine-tunes", 400, json={"model": "gpt-4o", "training_file": file_id})


WRONG_FIELDS = [
    ({"model": 3}, "model"),
    ({"model": None}, "model"),
    ({"training_file": ["file-1"]}, "training_file"),
    ({"training_file": "file-unknown"}, "training_file"),
    ({"validation_file": "file-unknown"}, "validation_file"),
    ({"suffix": ""}, "suffix"),
    ({"suffix": "x" * 65}, "suffix"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**31}, "seed"),
    ({"seed": True}, "seed"),
    ({"seed": "1"}, "seed"),
    ({"metadata": {"k": 1}}, "metadata.k"),
    ({"metadata": {f"k{n}": "v" for n in range(17)}}, "metadata"),
    ({"metadata": {"k" * 65: "v"}}, "metadata." + "k" * 64),
    ({"metadata": {"k": "v" * 513}}, "metadata.k"),
    ({"metadata": []}, "metadata"),
    ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"n_epochs": "many"}}, "hyperparameters.n_epochs"),
    ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size"),
    ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier"),
    ({"hyperparameters": []}, "hyperparameters"),
    ({"method": {}}, "method.type"),
    ({"method": {"type": "magic"}}, "method.type"),
    ({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 3}}}}, "method.dpo.hyperparameters.beta"),
    ({"method": {"type": "reinforcement"}}, "method.reinforcement.grader"),
    ({"integrations": [{"type": "wandb"}]}, "integrations[0].wandb"),
    ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations[0].wandb.project"),
    ({"integrations": [1]}, "integrations[0]"),
    ({"n_epochs": 3}, "n_epochs"),
]


@pytest.mark.parametrize(("fields", "param"), WRONG_FIELDS)
def test_a_wrong_field_is_refused_by_name(provider: Client, fields: dict[str, Any], param: str) -> None:
    body = {"model": "gpt-4o-mini", "training_file": provider.upload_rows([CHAT] * 12), **fields}
    error = provider.error("POST", JOBS, 400, json=body)
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert provider.ids() == []


def test_a_file_for_another_purpose_is_refused(provider: Client) -> None:
    file_id = provider.upload_rows([CHAT] * 12, purpose="batch")
    body = {"model": "gpt-4o-mini", "training_file": file_id}
    assert "purpose 'batch'" in provider.error("POST", JOBS, 400, json=body)["message"]


def test_everything_a_create_may_carry_is_echoed(provider: Client) -> None:
    wandb = {"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}
    grader = {"type": "string_check", "name": "g", "input": "a", "reference": "b", "operation": "eq"}
    prompt = {"messages": [{"role": "user", "content": "prove it"}]}
    job = provider.job(
        model="o4-mini",
        training_file=provider.upload_rows([prompt] * 12),
        metadata={"team": "support"},
        integrations=[wandb],
        suffix="judge",
        method={
            "type": "reinforcement",
            "reinforcement": {"grader": grader, "hyperparameters": {"eval_interval": 5}},
        },
    )
    assert job["metadata"] == {"team": "support"}
    assert job["integrations"] == [wandb]
    assert job["user_provided_suffix"] == "judge"
    assert job["method"]["reinforcement"]["grader"] == grader
    assert job["method"]["reinforcement"]["hyperparameters"]["eval_interval"] == 5
    assert job["method"]["reinforcement"]["hyperparameters"]["reasoning_effort"] == "default"


def test_cancel_is_immediate_and_refused_on_a_job_that_is_over(provider: Client) -> None:
    job = provider.job()
    assert provider.post(f"{JOBS}/{job['id']}/cancel")["status"] == "cancelled"
    provider.advance(LIFETIME)
    cancelled = provider.get(f"{JOBS}/{job['id']}")
    assert cancelled["status"] == "cancelled"
    assert cancelled["finished_at"] == cancelled["created_at"]
    error = provider.error("POST", f"{JOBS}/{job['id']}/cancel", 400)
    assert error["message"] == f'Cannot cancel a job {job["id"]} that already has status "cancelled".'


@pytest.mark.parametrize(
    ("method", "tail"),
    [("GET", ""), ("GET", "/events"), ("GET", "/checkpoints"), ("POST", "/cancel"), ("POST", "/pause")],
)
def test_an_unknown_job_is_a_404_in_the_recorded_words(provider: Client, method: str, tail: str) -> None:
    error = provider.error(method, f"{JOBS}/123{tail}", 404)
    assert error["message"] == "Could not find fine tune: 123"
    assert (error["param"], error["code"]) == ("fine_tune_id", "fine_tune_not_found")


def test_a_legacy_job_is_unknown_here(provider: Client) -> None:
    job = provider.legacy_job()
    provider.error("GET", f"{JOBS}/{job['id']}", 404)
    assert provider.ids() == []


def test_a_pause_stops_the_jobs_time(provider: Client) -> None:
    job = provider.job()
    provider.advance(90)
    planned = provider.get(f"{JOBS}/{job['id']}")["estimated_finish"]
    assert provider.post(f"{JOBS}/{job['id']}/pause")["status"] == "paused"
    provider.advance(LIFETIME)
    assert status_of(provider, job) == "paused"
    assert provider.post(f"{JOBS}/{job['id']}/resume")["status"] == "running"
    provider.advance(LIFETIME)
    assert provider.get(f"{JOBS}/{job['id']}")["finished_at"] == planned + LIFETIME


def test_pause_and_resume_are_refused_where_they_make_no_sense(provider: Client) -> None:
    job = provider.job()
    provider.error("POST", f"{JOBS}/{job['id']}/resume", 400)
    provider.post(f"{JOBS}/{job['id']}/pause")
    provider.error("POST", f"{JOBS}/{job['id']}/pause", 400)
    assert provider.post(f"{JOBS}/{job['id']}/cancel")["status"] == "cancelled"
    provider.error("POST", f"{JOBS}/{job['id']}/pause", 400)
    provider.error("POST", f"{JOBS}/{job['id']}/resume", 400)
