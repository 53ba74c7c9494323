"""Jobs of the founding `/fine-tunes`."""

import re
from typing import Any

import pytest

from tests.unit.emulator.client import CHAT, COMPLETION, LIFETIME, Client


def test_a_pending_job_has_null_hyperparams_which_become_numbers(provider: Client) -> None:
    job = provider.legacy_job()
    assert job["status"] == "pending"
    assert job["hyperparams"] == {
        "n_epochs": 4,
        "batch_size": None,
        "prompt_loss_weight": 0.01,
        "learning_rate_multiplier": None,
    }
    provider.advance(70)
    running = provider.get(f"/fine-tunes/{job['id']}")
    assert running["status"] == "running"
    assert running["hyperparams"]["batch_size"] == 1
    assert running["hyperparams"]["learning_rate_multiplier"] == 0.05
    assert running["updated_at"] == job["created_at"] + 60


def test_a_finished_job_embeds_files_and_names_its_model_by_date(provider: Client) -> None:
    job = provider.legacy_job(model="ada", suffix="My Bot", n_epochs=2, batch_size=3)
    provider.advance(LIFETIME)
    done = provider.get(f"/fine-tunes/{job['id']}")
    assert done["status"] == "succeeded"
    assert re.fullmatch(r"ada:ft-emulator:my-bot-\d{4}(-\d\d){5}", done["fine_tuned_model"])
    assert [file["filename"] for file in done["result_files"]] == ["compiled_results.csv"]
    assert done["result_files"][0]["purpose"] == "fine-tune-results"
    assert done["training_files"][0]["status"] == "processed"
    assert done["hyperparams"]["batch_size"] == 3
    assert "suffix" not in done


def test_the_model_is_curie_unless_asked_otherwise(provider: Client) -> None:
    assert provider.legacy_job()["model"] == "curie"
    assert provider.legacy_job(model=None)["model"] == "curie"


def test_two_jobs_that_end_in_one_second_make_two_models(provider: Client) -> None:
    file_id = provider.upload_rows([COMPLETION] * 12)
    jobs = [provider.legacy_job(training_file=file_id) for _ in range(3)]
    provider.advance(LIFETIME)
    names = {provider.get(f"/fine-tunes/{job['id']}")["fine_tuned_model"] for job in jobs}
    assert len(names) == 3


def test_a_cancel_is_answered_with_the_cancelled_job(provider: Client) -> None:
    job = provider.legacy_job()
    cancelled = provider.post(f"/fine-tunes/{job['id']}/cancel")
    assert cancelled["status"] == "cancelled"
    assert cancelled["events"][-1]["message"] == "Fine-tune cancelled"
    provider.advance(LIFETIME)
    assert provider.get(f"/fine-tunes/{job['id']}")["fine_tuned_model"] is None


def test_a_cancel_of_a_finished_job_is_refused_in_the_recorded_words(provider: Client) -> None:
    job = provider.legacy_job()
    provider.advance(LIFETIME)
    assert provider.error("POST", f"/fine-tunes/{job['id']}/cancel", 400) == {
        "message": f'Cannot cancel a job {job["id"]} that already has status "succeeded".',
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/events"), ("POST", "/cancel")])
def test_an_unknown_job_is_a_404(provider: Client, method: str, tail: str) -> None:
    error = provider.error(method, f"/fine-tunes/ft-x{tail}", 404)
    assert error["message"] == "Could not find fine tune: ft-x"


def test_bad_data_is_refused_at_once(provider: Client) -> None:
    broken = provider.upload('{"prompt": "a", "completion": "b"}\n{"prompt": "a"}\n')
    error = provider.error("POST", "/fine-tunes", 400, json={"training_file": broken})
    assert error["message"] == "Invalid file format. Line 2: missing 'completion' key"
    chat = provider.upload_rows([CHAT])
    assert (
        "chat format" in provider.error("POST", "/fine-tunes", 400, json={"training_file": chat})["message"]
    )
    assert provider.ids("/fine-tunes") == []


def test_an_unknown_file_is_refused_in_the_recorded_words(provider: Client) -> None:
    error = provider.error("POST", "/fine-tunes", 400, json={"training_file": "file-x"})
    assert (error["message"], error["param"]) == ("No file with ID: file-x", "file")


def test_an_unknown_base_model_is_refused_in_the_recorded_words(provider: Client) -> None:
    body = {"training_file": provider.upload_rows([COMPLETION]), "model": "ada:ft-x"}
    error = provider.error("POST", "/fine-tunes", 400, json=body)
    assert error["message"].startswith("Invalid base model: ada:ft-x (we don't support")


def test_a_fine_tuned_model_can_be_tuned_again(provider: Client) -> None:
    job = provider.legacy_job(model="ada")
    provider.advance(LIFETIME)
    model = provider.get(f"/fine-tunes/{job['id']}")["fine_tuned_model"]
    again = provider.legacy_job(model=model)
    assert again["model"] == model
    provider.advance(LIFETIME)
    assert provider.get(f"/fine-tunes/{again['id']}")["fine_tuned_model"].startswith("ada:ft-emulator-")


def test_the_later_form_of_epochs_is_understood(provider: Client) -> None:
    assert provider.legacy_job(hyperparameters={"n_epochs": 7})["hyperparams"]["n_epochs"] == 7
    assert provider.legacy_job(hyperparameters={"n_epochs": "auto"})["hyperparams"]["n_epochs"] == 4


WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"training_file": None}, "training_file"),
    ({"suffix": "x" * 41}, "suffix"),
    ({"n_epochs": "three"}, "n_epochs"),
    ({"batch_size": 0}, "batch_size"),
    ({"classification_betas": [1, "x"]}, "classification_betas"),
    ({"compute_classification_metrics": "yes"}, "compute_classification_metrics"),
    ({"compute_classification_metrics": True}, "validation_file"),
    ({"metadata": {"a": "b"}}, "metadata"),
]


@pytest.mark.parametrize(("fields", "param"), WRONG_FIELDS)
def test_a_wrong_field_is_refused_by_name(provider: Client, fields: dict[str, Any], param: str) -> None:
    body = {"training_file": provider.upload_rows([COMPLETION]), **fields}
    assert provider.error("POST", "/fine-tunes", 400, json=body)["param"] == param


def test_classification_options_are_echoed(provider: Client) -> None:
    file_id = provider.upload_rows([COMPLETION])
    job = provider.legacy_job(
        training_file=file_id,
        validation_file=file_id,
        compute_classification_metrics=True,
        classification_positive_class=" 4",
    )
    assert job["hyperparams"]["compute_classification_metrics"] is True
    assert job["hyperparams"]["classification_positive_class"] == " 4"


def test_a_deleted_training_file_stays_embedded_as_deleted(provider: Client) -> None:
    job = provider.legacy_job()
    provider.delete(f"/files/{job['training_files'][0]['id']}")
    embedded = provider.get("/fine-tunes")["data"][0]["training_files"]
    assert [file["status"] for file in embedded] == ["deleted"]
