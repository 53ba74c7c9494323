"""Drive the newest `together`: jobs with price and limits, events, metrics; uploads by redirect, in parts."""

import hashlib
import json
from typing import Any

import together
from together.lib.resources import files as uploads

from tests.conformance.drivers.recording import (
    CHAT_FILE,
    COMPLETION_FILE,
    LIFETIME,
    Checks,
    World,
    check_falling,
)

MODEL = "Qwen/Qwen3-8B"
checks = Checks()


def connect(world: World, key: str | None = None) -> together.Together:
    """The client's own addresses begin with /v1."""
    return together.Together(
        api_key=key or world.key, base_url=world.base_url.removesuffix("/v1"), max_retries=0
    )


def upload(world: World, content: bytes = CHAT_FILE, name: str = "train.jsonl") -> Any:
    return connect(world).files.upload(file=world.file(name, content), purpose="fine-tune", check=False)


def new_job(world: World, **asked: Any) -> Any:
    wanted = {"training_file": upload(world).id, "model": MODEL, "n_epochs": 2, **asked}
    if wanted.get("from_checkpoint"):
        del wanted["model"]
    return connect(world).fine_tuning.create(**wanted)


def refused(status: int, call: Any) -> str:
    """Return the message of a refusal with this status."""
    try:
        call()
    except together.APIStatusError as error:
        if error.status_code == status:
            return str(error)
        raise
    raise AssertionError(f"was not refused with {status}")


@checks.of("fine-tunes create", "fine_tuning.create (limits, price, create)")
def create(world: World) -> None:
    before = world.requests("create")
    lora = new_job(world, lora=True, lora_r=16, suffix="triage-fabcdefgh", random_seed=7, batch_size=4)
    assert lora.id.startswith("ft-"), lora
    assert (lora.status, lora.model, lora.suffix) == ("pending", MODEL, "triage-fabcdefgh"), lora
    assert (lora.training_type.type, lora.training_type.lora_r, lora.training_type.lora_alpha) == (
        "Lora",
        16,
        32,
    ), lora
    plain = new_job(world)
    assert plain.training_type.type == "Lora", "absent comes back as LoRA"
    assert isinstance(plain.batch_size, int), "max comes back as a number"
    full = new_job(world, lora=False, validation_file=upload(world, COMPLETION_FILE).id, n_evals=2)
    assert full.training_type.type == "Full", full
    assert world.requests("create") - before == 3
    # The client asks for the price first, so that this is refused before the create.
    message = refused(404, lambda: new_job(world, training_file="file-none"))
    assert "file-none" in message


@checks.of("fine-tunes create (dpo)", "fine_tuning.create(training_method='dpo')")
def create_dpo(world: World) -> None:
    pair = {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello"}],
        "non_preferred_output": [{"role": "assistant", "content": "No"}],
    }
    file_id = upload(world, f"{json.dumps(pair)}\n".encode() * 12).id
    job = new_job(world, training_file=file_id, training_method="dpo", dpo_beta=0.2, lora=True)
    assert (job.training_method.method, job.training_method.dpo_beta) == ("dpo", 0.2), job
    world.advance()
    assert connect(world).fine_tuning.retrieve(job.id).status == "completed"


@checks.of("fine-tunes from a checkpoint", "fine_tuning.create(from_checkpoint=)")
def chain(world: World) -> None:
    base = new_job(world)
    world.advance()
    done = connect(world).fine_tuning.retrieve(base.id)
    for named in (base.id, done.x_model_output_name, f"{done.x_model_output_name}:2"):
        job = new_job(world, from_checkpoint=named)
        assert (job.model, job.from_checkpoint) == (MODEL, named), job


@checks.of("fine-tunes list", "fine_tuning.list")
def list_jobs(world: World) -> None:
    made = {new_job(world, suffix=f"s{number}").id: f"s{number}" for number in range(3)}
    shown = {job.id: job.suffix for job in connect(world).fine_tuning.list().data}
    assert made.items() <= shown.items()


@checks.of("fine-tunes retrieve", "fine_tuning.retrieve")
def retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(world, suffix="triage")
    statuses = [job.status]
    for seconds in (25, 40, LIFETIME):
        world.advance(seconds)
        statuses.append(client.fine_tuning.retrieve(job.id).status)
    assert statuses == ["pending", "queued", "running", "completed"], statuses
    done = client.fine_tuning.retrieve(job.id)
    assert done.x_model_output_name.startswith("emulator/Qwen3-8B-triage-"), done
    assert done.token_count > 0, done
    assert 0 < done.total_price / 1_000_000_000 < 1, "billionths of a dollar"
    assert not (done.to_dict().keys() & {"suffix", "packing", "max_seq_length", "random_seed"}), done


@checks.of("fine-tunes events", "fine_tuning.list_events")
def events(world: World) -> None:
    job = new_job(world)
    world.advance()
    types = [event.type for event in connect(world).fine_tuning.list_events(job.id).data]
    assert types[0] == "job_pending", types
    assert types[-1] == "job_complete", types
    assert types.count("epoch_complete") == 2, types
    bad = new_job(
        world, training_file=upload(world, COMPLETION_FILE + b'{"prompt": 1, "completion": "x"}\n').id
    )
    world.advance()
    assert connect(world).fine_tuning.retrieve(bad.id).status == "user_error"
    assert connect(world).fine_tuning.list_events(bad.id).data[-1].type == "job_error"


@checks.of("fine-tunes metrics", "fine_tuning.list_metrics")
def metrics(world: World) -> None:
    job = new_job(world, n_epochs=6, batch_size=1)
    world.advance()
    told = connect(world).fine_tuning.list_metrics(job.id).metrics
    check_falling([figures["train/loss"] for figures in told])
    some = connect(world).fine_tuning.list_metrics(job.id, global_step_from=2, global_step_to=3).metrics
    assert [figures["train/global_step"] for figures in some] == [2, 3], some


@checks.of("fine-tunes checkpoints", "fine_tuning.list_checkpoints")
def checkpoints(world: World) -> None:
    job = new_job(world, n_epochs=3)
    world.advance()
    told = connect(world).fine_tuning.list_checkpoints(job.id).data
    assert [made.step for made in told] == [2, 4, 6], told


@checks.of("fine-tunes cancel", "fine_tuning.cancel")
def cancel(world: World) -> None:
    client = connect(world)
    job = new_job(world)
    assert client.fine_tuning.cancel(job.id).status == "cancel_requested"
    refused(400, lambda: client.fine_tuning.cancel(job.id))
    world.advance()
    assert client.fine_tuning.retrieve(job.id).status == "cancelled"
    refused(404, lambda: client.fine_tuning.cancel("ft-none"))


@checks.of("fine-tunes delete", "fine_tuning.delete")
def delete(world: World) -> None:
    client = connect(world)
    job = new_job(world)
    assert client.fine_tuning.delete(job.id).message
    refused(404, lambda: client.fine_tuning.retrieve(job.id))


@checks.of("fine-tunes price", "fine_tuning.estimate_price")
def price(world: World) -> None:
    asked = {"model": MODEL, "n_epochs": 2, "training_method": {"method": "sft", "train_on_inputs": "auto"}}
    told = connect(world).fine_tuning.estimate_price(training_file=upload(world).id, **asked)
    assert told.allowed_to_proceed, told
    assert 0 < told.estimated_total_price < 1, "dollars"


@checks.of("fine-tunes limits", "fine_tuning.model_limits")
def limits(world: World) -> None:
    told = connect(world).fine_tuning.model_limits(model_name=MODEL)
    assert told.lora_training.max_rank == told.lora_training.default_rank == 64, told
    refused(404, lambda: connect(world).fine_tuning.model_limits(model_name="no/model"))


@checks.of("files create", "files.upload (redirect to the store)")
def upload_file(world: World) -> None:
    content = CHAT_FILE + b'{"messages": [{"role": "user", "content": "x"}]}\n'
    before = world.requests("put_file")
    file = upload(world, content)
    assert (file.filename, file.bytes, file.purpose) == ("train.jsonl", len(content), "fine-tune"), file
    assert file.processing_status == "COMPLETED", file
    assert world.requests("put_file") - before == 1
    bad = upload(world, b'{"something": "else"}\n')
    assert bad.processing_status == "INVALID_FORMAT", bad
    told = connect(world).files.retrieve(bad.id).validation_report
    assert "line 1" in told.error, told


@checks.of("files there already", "files.upload (409)")
def upload_again(world: World) -> None:
    first = upload(world, CHAT_FILE * 3)
    before = world.requests("put_file")
    assert upload(world, CHAT_FILE * 3, "another.jsonl").id == first.id
    assert world.requests("put_file") == before, "what is there is not sent again"


@checks.of("files in parts", "lib.resources.files.MultipartUploadManager.upload")
def upload_in_parts(world: World) -> None:
    """The client does so above 5 GiB; here its own manager is asked for parts of 5 MiB."""
    content = b"".join(CHAT_FILE + b'{"messages": []}\n' * number for number in range(1, 800))
    path = world.file("large.jsonl", content)
    uploads.TARGET_PART_SIZE_MB = 5
    checksum = hashlib.sha256(content).hexdigest()
    manager = uploads.MultipartUploadManager(connect(world))
    before = world.requests("put_file")
    file = manager.upload("/v1/files", path, checksum, "fine-tune")
    assert file.bytes == len(content), file
    assert world.requests("put_file") - before == -(-len(content) // (5 * 2**20)) > 1
    assert connect(world).files.content(file.id).read() == content


@checks.of("files list", "files.list")
def list_files(world: World) -> None:
    file = upload(world, CHAT_FILE * 4)
    assert file.id in [one.id for one in connect(world).files.list().data]


@checks.of("files retrieve", "files.retrieve")
def retrieve_file(world: World) -> None:
    file = upload(world, CHAT_FILE * 5)
    assert connect(world).files.retrieve(file.id).filename == "train.jsonl"
    refused(404, lambda: connect(world).files.retrieve("file-none"))


@checks.of("files content", "files.content")
def content(world: World) -> None:
    file = upload(world, CHAT_FILE * 6)
    assert connect(world).files.content(file.id).read() == CHAT_FILE * 6


@checks.of("files delete", "files.delete")
def delete_file(world: World) -> None:
    client = connect(world)
    file = upload(world, CHAT_FILE * 7)
    assert client.files.delete(file.id).deleted
    refused(404, lambda: client.files.retrieve(file.id))
    assert upload(world, CHAT_FILE * 7).id != file.id, "what was deleted is not there"


@checks.of("errors 401", "with a wrong key")
def wrong_key(world: World) -> None:
    refused(401, connect(world, "wrong").fine_tuning.list)


@checks.of("errors 404", "fine_tuning.retrieve of no job")
def not_found(world: World) -> None:
    refused(404, lambda: connect(world).fine_tuning.retrieve("ft-none"))


@checks.of("errors 429", "fine_tuning.create beyond a quota")
def too_many(world: World) -> None:
    file = upload(world).id
    world.fault("quota", "create")
    refused(429, lambda: new_job(world, training_file=file))


if __name__ == "__main__":
    checks.run("together")
