"""Drive the newest `dashscope`: its `Client` and the older classes, for jobs and files of Model Studio."""

from typing import Any

import dashscope

from tests.conformance.drivers.recording import CHAT_FILE, COMPLETION_FILE, LIFETIME, Checks, World

MODEL = "qwen3-14b"
NEEDED = {"n_epochs": 2, "batch_size": 16, "max_length": 8192}
checks = Checks()


def connect(world: World, key: str | None = None) -> Any:
    return dashscope.Client(api_key=key or world.key, base_url=world.base_url, max_retries=0)


def older(world: World) -> None:
    dashscope.base_http_api_url = world.base_url
    dashscope.api_key = world.key


def upload(world: World, content: bytes = CHAT_FILE) -> str:
    file_id: str = connect(world).files.upload(file_path=str(world.file("train.jsonl", content))).file_id
    return file_id


def new_job(world: World, **asked: Any) -> Any:
    wanted = {"hyper_parameters": NEEDED, "training_file_ids": upload(world), **asked}
    return connect(world).fine_tunes.create(model=MODEL, **wanted)


def refused(status: int, call: Any) -> Any:
    """Return the error with which a call is refused."""
    try:
        call()
    except dashscope.v2.errors.DashScopeError as error:
        if error.status_code == status:
            return error
        raise
    raise AssertionError(f"was not refused with {status}")


@checks.of("fine-tunes create", "fine_tunes.create", "FineTunes.call")
def create(world: World) -> None:
    job = new_job(world, mode="efficient_sft", hyper_parameters={**NEEDED, "learning_rate": "1.6e-5"})
    assert job.job_id.startswith("ft-"), job
    assert (job.status, job.model, job.training_type) == ("PENDING", MODEL, "efficient_sft"), job
    assert job.hyper_parameters == {**NEEDED, "learning_rate": "1.6e-5"}, job
    older(world)
    made = dashscope.FineTunes.call(
        model=MODEL, training_file_ids=[upload(world)], mode="sft", hyper_parameters={**NEEDED, "n_epochs": 1}
    )
    assert (made.status_code, made.output.status) == (200, "PENDING"), made


@checks.of("fine-tunes list", "fine_tunes.list", "FineTunes.list")
def list_jobs(world: World) -> None:
    made = [new_job(world).job_id for _ in range(3)][::-1]
    page = connect(world).fine_tunes.list(page_no=1, page_size=2)
    assert [job.job_id for job in page.jobs] == made[:2], page
    assert page.total_count >= 3, page
    older(world)
    assert dashscope.FineTunes.list(page_no=2, page_size=2).output.jobs[0].job_id == made[2]


@checks.of("fine-tunes retrieve", "fine_tunes.get", "fine_tunes.wait", "FineTunes.get")
def retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(world)
    statuses = [job.status]
    for seconds in (25, 40, LIFETIME):
        world.advance(seconds)
        statuses.append(client.fine_tunes.get(job.job_id).status)
    assert statuses == ["PENDING", "QUEUING", "RUNNING", "SUCCEEDED"], statuses
    done = client.fine_tunes.wait(job.job_id)
    assert done.finetuned_model == f"{MODEL}-{job.job_id}", done
    assert done.usage.total_tokens > 0, done
    older(world)
    assert dashscope.FineTunes.get(job.job_id).output.finetuned_output == done.finetuned_model


@checks.of("fine-tunes events", "fine_tunes.logs", "FineTunes.logs")
def logs(world: World) -> None:
    job = new_job(world)
    world.advance()
    lines = connect(world).fine_tunes.logs(job.job_id, offset=0).content.splitlines()
    assert any("Fine-tune succeeded!" in line for line in lines), lines
    rest = connect(world).fine_tunes.logs(job.job_id, offset=2, lines=1).content
    assert rest == lines[2], rest
    older(world)
    assert dashscope.FineTunes.logs(job.job_id, offset=0, line=1).output["logs"] == lines[:1]


@checks.of("fine-tunes cancel", "fine_tunes.cancel", "FineTunes.cancel")
def cancel(world: World) -> None:
    client = connect(world)
    job = new_job(world)
    assert client.fine_tunes.cancel(job.job_id).status == "success"
    assert client.fine_tunes.get(job.job_id).status == "CANCELING"
    world.advance()
    assert client.fine_tunes.get(job.job_id).status == "CANCELED"
    assert refused(400, lambda: client.fine_tunes.cancel(job.job_id)).code == "UnsupportedOperation"
    older(world)
    assert dashscope.FineTunes.cancel(new_job(world).job_id).status_code == 200


@checks.of("fine-tunes delete (refused)", "fine_tunes.delete")
def delete(world: World) -> None:
    job = new_job(world)
    world.advance()
    error = refused(400, lambda: connect(world).fine_tunes.delete(job.job_id))
    assert error.code == "UnsupportedOperation", error


@checks.of("files create", "files.upload", "Files.upload")
def file_create(world: World) -> None:
    path = str(world.file("a.jsonl", CHAT_FILE))
    file = connect(world).files.upload(file_path=path)
    assert file.name == "a.jsonl", file
    older(world)
    (uploaded,) = dashscope.Files.upload(path, purpose="fine-tune").output["uploaded_files"]
    assert uploaded["name"] == "a.jsonl", uploaded


@checks.of("files list", "files.list")
def file_list(world: World) -> None:
    made = [upload(world) for _ in range(3)][::-1]
    page = connect(world).files.list(page_size=2)
    assert [file.file_id for file in page.files] == made[:2], page


@checks.of("files retrieve", "files.get")
def file_retrieve(world: World) -> None:
    file = connect(world).files.get(upload(world))
    assert (file.name, file.size) == ("train.jsonl", len(CHAT_FILE)), file


@checks.of("files delete", "files.delete")
def file_delete(world: World) -> None:
    client = connect(world)
    file_id = upload(world)
    assert client.files.delete(file_id).deleted is True
    error = refused(400, lambda: client.files.get(file_id))
    assert isinstance(error, dashscope.v2.errors.NotFoundError), error


@checks.of("errors 400", "fine_tunes.create")
def error_400(world: World) -> None:
    error = refused(400, lambda: new_job(world, training_file_ids="none"))
    assert error.code == "InvalidParameter", error
    bad = new_job(world, training_file_ids=upload(world, COMPLETION_FILE))
    world.advance()
    assert connect(world).fine_tunes.get(bad.job_id).status == "FAILED"


@checks.of("errors 401", "fine_tunes.list")
def error_401(world: World) -> None:
    assert refused(401, connect(world, "sk-wrong").fine_tunes.list).code == "InvalidApiKey"


@checks.of("errors 404", "fine_tunes.get")
def error_404(world: World) -> None:
    assert refused(404, lambda: connect(world).fine_tunes.get("ft-none")).code == "NotFound"


@checks.of("errors 429", "fine_tunes.create")
def error_429(world: World) -> None:
    world.fault("quota", "create")
    assert refused(429, lambda: new_job(world)).code == "Throttling"


if __name__ == "__main__":
    checks.run("dashscope")
