"""The models API."""

from tests.unit.emulator.client import LIFETIME, Client


def finished_model(provider: Client) -> str:
    job = provider.job()
    provider.advance(LIFETIME)
    return str(provider.get(f"/fine_tuning/jobs/{job['id']}")["fine_tuned_model"])


def test_base_models_of_both_families_are_listed_and_tuned_ones_join_them(provider: Client) -> None:
    before = set(provider.ids("/models"))
    assert {"curie", "gpt-4o-mini", "babbage-002"} <= before
    model = finished_model(provider)
    assert set(provider.ids("/models")) - before == {model}
    assert provider.get(f"/models/{model}")["owned_by"] == "org-emulator"
    assert provider.get("/models/curie")["owned_by"] == "openai"


def test_a_model_is_found_under_its_percent_encoded_name(provider: Client) -> None:
    model = finished_model(provider)
    assert provider.get(f"/models/{model.replace(':', '%3A')}")["id"] == model


def test_a_deleted_model_is_gone_and_its_job_stays(provider: Client) -> None:
    job = provider.job()
    provider.advance(LIFETIME)
    model = provider.get(f"/fine_tuning/jobs/{job['id']}")["fine_tuned_model"]
    assert provider.delete(f"/models/{model}") == {"id": model, "object": "model", "deleted": True}
    assert provider.error("DELETE", f"/models/{model}", 404)["code"] == "model_not_found"
    assert model not in provider.ids("/models")
    assert provider.get(f"/fine_tuning/jobs/{job['id']}")["fine_tuned_model"] == model
    body = {"model": model, "training_file": job["training_file"]}
    assert provider.error("POST", "/fine_tuning/jobs", 400, json=body)["code"] == "model_not_available"


def test_an_unknown_model_is_a_404_in_the_recorded_words(provider: Client) -> None:
    error = provider.error("DELETE", "/models/abc", 404)
    assert error["message"] == "The model 'abc' does not exist"
    assert (error["param"], error["code"]) == ("model", "model_not_found")
    provider.error("GET", "/models/a%2Fb", 404)


def test_a_base_model_cannot_be_deleted(provider: Client) -> None:
    provider.error("DELETE", "/models/curie", 403)


def test_a_model_of_a_running_job_does_not_exist_yet(provider: Client) -> None:
    job = provider.job(suffix="s")
    provider.error("GET", f"/models/ft:gpt-4o-mini-2024-07-18:emulator:s:{job['id'][-8:]}", 404)
