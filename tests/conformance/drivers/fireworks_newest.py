"""Drive the newest `fireworks-ai` against Fireworks' server as it was: ids of the client's own."""

import json
from collections.abc import Callable
from typing import Any

import fireworks

from tests.conformance.drivers.recording import CHAT_FILE, LIFETIME, Checks, World

ACCOUNT = "acme"
MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct"
PAIR = {
    "input": {"messages": [{"role": "user", "content": "Hi"}]},
    "preferred_output": [{"role": "assistant", "content": "Hello"}],
    "non_preferred_output": [{"role": "assistant", "content": "No"}],
}
checks = Checks()


def connect(world: World, key: str | None = None) -> fireworks.Fireworks:
    """The client's own addresses begin with /v1; what it tries again is not the matter here."""
    return fireworks.Fireworks(
        api_key=key or world.key,
        account_id=ACCOUNT,
        base_url=world.base_url.removesuffix("/v1"),
        max_retries=0,
    )


def dataset(world: World, name: str, content: bytes = CHAT_FILE) -> str:
    """Make a dataset with rows, once; return its name."""
    datasets = connect(world).datasets
    try:
        datasets.create(dataset_id=name, dataset={"user_uploaded": {}, "example_count": "12"})
    except fireworks.ConflictError:
        return name
    datasets.upload(name, file=("train.jsonl", content))
    return name


def new_job(world: World, job_id: str, **asked: Any) -> Any:
    order = {"dataset": dataset(world, "chat"), "base_model": MODEL, "epochs": 2}
    jobs = connect(world).supervised_fine_tuning_jobs
    return jobs.create(supervised_fine_tuning_job_id=job_id, **{**order, **asked})


def get(world: World, job_id: str) -> Any:
    return connect(world).supervised_fine_tuning_jobs.get(job_id)


def refused(status: int, call: Callable[[], Any]) -> Any:
    """Return the body of a refusal with this status."""
    try:
        call()
    except fireworks.APIStatusError as error:
        if error.status_code == status:
            return error.body
        raise
    raise AssertionError(f"was not refused with {status}")


@checks.of("jobs create", "supervised_fine_tuning_jobs.create")
def create(world: World) -> None:
    job = new_job(world, "created", display_name="triage", lora_rank=16)
    assert job.name == f"accounts/{ACCOUNT}/supervisedFineTuningJobs/created", job
    assert (job.state, job.display_name, job.lora_rank) == ("JOB_STATE_CREATING", "triage", 16), job
    assert job.dataset == f"accounts/{ACCOUNT}/datasets/chat", "a short name comes back in whole"
    assert isinstance(job.estimated_cost.units, str), "a 64-bit number"
    unnamed = connect(world).supervised_fine_tuning_jobs.create(dataset="chat", base_model=MODEL)
    assert unnamed.name != job.name


@checks.of("jobs create (dpo)", "dpo_jobs.create", "dpo_jobs.get", "dpo_jobs.list", "dpo_jobs.cancel")
def create_dpo(world: World) -> None:
    rows = (json.dumps(PAIR) + "\n").encode() * 12
    jobs = connect(world).dpo_jobs
    made = jobs.create(
        dpo_job_id="preferred",
        dataset=dataset(world, "pairs", rows),
        training_config={"base_model": MODEL, "epochs": 2},
        loss_config={"method": "DPO", "dpo": {"beta": 0.2}},
    )
    assert (made.training_config.epochs, made.loss_config.dpo.beta) == (2, 0.2), made
    world.advance()
    assert jobs.get("preferred").state == "JOB_STATE_COMPLETED"
    assert "preferred" in [job.name.rpartition("/")[2] for job in jobs.list()]
    refused(400, lambda: jobs.cancel("preferred", body={}))


@checks.of("jobs of a taken id (refused)", "supervised_fine_tuning_jobs.create")
def taken(world: World) -> None:
    new_job(world, "taken")
    assert "already exists" in str(refused(409, lambda: new_job(world, "taken")))
    connect(world).supervised_fine_tuning_jobs.delete("taken")
    refused(409, lambda: new_job(world, "taken"))


@checks.of("jobs list", "supervised_fine_tuning_jobs.list")
def list_jobs(world: World) -> None:
    for name in ("listed-b", "listed-a"):
        new_job(world, name, display_name=name)
    jobs = connect(world).supervised_fine_tuning_jobs
    names = [job.name.rpartition("/")[2] for job in jobs.list().supervised_fine_tuning_jobs]
    assert names == sorted(names), names
    assert {"listed-a", "listed-b"} <= set(names)
    found = jobs.list(filter='displayName="listed-a"').supervised_fine_tuning_jobs
    assert [job.display_name for job in found] == ["listed-a"]


@checks.of("jobs all pages", "supervised_fine_tuning_jobs.list(page_size=)")
def all_pages(world: World) -> None:
    made = {f"paged-{number}" for number in range(5)}
    for name in made:
        new_job(world, name)
    listed = connect(world).supervised_fine_tuning_jobs.list(page_size=2)
    names = [job.name.rpartition("/")[2] for job in listed]
    assert made <= set(names)
    assert len(names) == len(set(names))


@checks.of("jobs retrieve", "supervised_fine_tuning_jobs.get")
def retrieve(world: World) -> None:
    seen = [new_job(world, "seen").state]
    for seconds in (5, 15, 30, LIFETIME):
        world.advance(seconds)
        seen.append(get(world, "seen").state)
    states = ("CREATING", "VALIDATING", "PENDING", "RUNNING", "COMPLETED")
    assert seen == [f"JOB_STATE_{state}" for state in states], seen
    done = get(world, "seen")
    assert done.output_model == f"accounts/{ACCOUNT}/models/seen", done
    assert done.job_progress.percent == 100


@checks.of("jobs cancel", "supervised_fine_tuning_jobs.cancel")
def cancel(world: World) -> None:
    new_job(world, "stopped")
    jobs = connect(world).supervised_fine_tuning_jobs
    assert jobs.cancel("stopped", body={}) == {}
    assert get(world, "stopped").state == "JOB_STATE_CANCELLING"
    world.advance()
    assert get(world, "stopped").state == "JOB_STATE_CANCELLED"
    refused(400, lambda: jobs.cancel("stopped", body={}))
    refused(400, lambda: jobs.resume("stopped", body={}))


@checks.of("jobs delete", "supervised_fine_tuning_jobs.delete")
def delete(world: World) -> None:
    new_job(world, "gone")
    assert connect(world).supervised_fine_tuning_jobs.delete("gone") == {}
    refused(404, lambda: get(world, "gone"))


@checks.of("files create", "datasets.create", "datasets.upload")
def files_create(world: World) -> None:
    datasets = connect(world).datasets
    made = datasets.create(dataset_id="new", dataset={"user_uploaded": {}, "display_name": "New"})
    assert (made.state, made.display_name) == ("UPLOADING", "New"), made
    sent = datasets.upload("new", file=("train.jsonl", CHAT_FILE))
    assert sent.bytes == len(CHAT_FILE), sent
    refused(400, lambda: datasets.upload("new", file=("train.jsonl", b"")))


@checks.of("files list", "datasets.list")
def files_list(world: World) -> None:
    made = {dataset(world, f"listed-{number}") for number in range(3)}
    names = {each.name.rpartition("/")[2] for each in connect(world).datasets.list(page_size=2)}
    assert made <= names


@checks.of("files retrieve", "datasets.get")
def files_retrieve(world: World) -> None:
    shown = connect(world).datasets.get(dataset(world, "shown"))
    assert (shown.state, shown.example_count) == ("READY", "12"), shown


@checks.of("files delete", "datasets.delete")
def files_delete(world: World) -> None:
    name, datasets = dataset(world, "dropped"), connect(world).datasets
    assert datasets.delete(name) == {}
    refused(404, lambda: datasets.get(name))


@checks.of("models list", "models.list")
def models_list(world: World) -> None:
    new_job(world, "modelled")
    world.advance()
    models = connect(world).models
    assert f"accounts/{ACCOUNT}/models/modelled" in {model.name for model in models.list()}
    assert MODEL in {model.name for model in models.list(account_id="fireworks") if model.tunable}


@checks.of("models retrieve", "models.get")
def models_retrieve(world: World) -> None:
    new_job(world, "kept")
    world.advance()
    model = connect(world).models.get("kept")
    assert (model.state, model.peft_details.base_model) == ("READY", MODEL), model


@checks.of("models delete", "models.delete")
def models_delete(world: World) -> None:
    new_job(world, "unwanted")
    world.advance()
    models = connect(world).models
    assert models.delete("unwanted") == {}
    refused(404, lambda: models.get("unwanted"))


@checks.of("errors 400", "supervised_fine_tuning_jobs.create")
def unfit(world: World) -> None:
    assert refused(400, lambda: new_job(world, "unfit", base_model="unknown"))["code"] == 3
    refused(400, lambda: new_job(world, "Not_An_Id"))


@checks.of("errors 401", "supervised_fine_tuning_jobs.list")
def wrong_key(world: World) -> None:
    refused(401, connect(world, "wrong").supervised_fine_tuning_jobs.list)


@checks.of("errors 404", "supervised_fine_tuning_jobs.get")
def unknown(world: World) -> None:
    assert refused(404, lambda: get(world, "none"))["code"] == 5


@checks.of("errors 429", "supervised_fine_tuning_jobs.create")
def busy(world: World) -> None:
    world.fault("quota", "create")
    assert refused(429, lambda: new_job(world, "busy"))["code"] == 8


if __name__ == "__main__":
    checks.run("fireworks-ai")
