"""File and Model of openai 0.28.1."""

import asyncio

import openai

from tests.conformance.drivers.openai_0_28_calls import new, refused, upload
from tests.conformance.drivers.recording import CHAT_FILE, Checks, World, check_falling, column

checks = Checks()


@checks.of("files create", "File.create", "File.acreate", "File.wait_for_processing")
def file_create(world: World) -> None:
    order = {"file": CHAT_FILE, "purpose": "fine-tune", "user_provided_filename": "a.jsonl"}
    for file in (openai.File.create(**order), asyncio.run(openai.File.acreate(**order))):
        assert file.id.startswith("file-"), file
        assert (file.object, file.purpose, file.filename) == ("file", "fine-tune", "a.jsonl"), file
        assert file.bytes == len(CHAT_FILE), file
        assert openai.File.wait_for_processing(file.id) == "processed"


@checks.of("files list", "File.list", "File.alist", "File.find_matching_files", "File.afind_matching_files")
def file_list(world: World) -> None:
    file_id = upload(b'{"a": 1}\n', "unique.jsonl")
    for listed in (openai.File.list(), asyncio.run(openai.File.alist())):
        assert listed.data[0].id == file_id, listed.data[0]
    wanted = ("unique.jsonl", 9, "fine-tune")
    for found in (
        openai.File.find_matching_files(*wanted),
        asyncio.run(openai.File.afind_matching_files(*wanted)),
    ):
        assert [file.id for file in found] == [file_id], found


@checks.of("files retrieve", "File.retrieve", "File.aretrieve", "refresh", "arefresh")
def file_retrieve(world: World) -> None:
    file = openai.File.create(file=CHAT_FILE, purpose="fine-tune")
    same = (
        openai.File.retrieve(file.id),
        asyncio.run(openai.File.aretrieve(file.id)),
        file.refresh(),
        asyncio.run(file.arefresh()),
    )
    assert {each.id for each in same} == {file.id}
    assert {each.bytes for each in same} == {len(CHAT_FILE)}


@checks.of("files content", "File.download")
def file_content(world: World) -> None:
    content = bytes(range(256)) * 2000
    assert openai.File.download(upload(content)) == content


@checks.of("files results", "File.download")
def results(world: World) -> None:
    job = new(validation_file=upload())
    world.advance()
    (result,) = openai.FineTune.retrieve(job.id).result_files
    csv = openai.File.download(result.id)
    assert len(csv) == result.bytes
    assert csv.startswith(b"step,elapsed_tokens,elapsed_examples,training_loss,"), csv[:80]
    check_falling(column(csv, "training_loss"))
    check_falling(column(csv, "validation_loss"))


@checks.of("files delete", "File.delete", "File.adelete")
def file_delete(world: World) -> None:
    first, second = upload(), upload()
    assert openai.File.delete(first).deleted is True
    assert asyncio.run(openai.File.adelete(second)).data["deleted"] is True
    for file_id in (first, second):
        refused(404, openai.error.InvalidRequestError, openai.File.retrieve, file_id)
        refused(404, openai.error.InvalidRequestError, openai.File.download, file_id)


@checks.of("models list", "Model.list", "Model.alist")
def model_list(world: World) -> None:
    job = new()
    world.advance()
    model = openai.FineTune.retrieve(job.id).fine_tuned_model
    for listed in (openai.Model.list(), asyncio.run(openai.Model.alist())):
        ids = [each.id for each in listed.data]
        assert {model, "davinci", "gpt-4o-mini"} <= set(ids), ids
        assert len(ids) == len(set(ids)), "a model came twice"


@checks.of("models retrieve", "Model.retrieve", "Model.aretrieve", "refresh", "arefresh")
def model_retrieve(world: World) -> None:
    job = new()
    world.advance()
    name = openai.FineTune.retrieve(job.id).fine_tuned_model
    model = openai.Model.retrieve(name)
    same = (model, asyncio.run(openai.Model.aretrieve(name)), model.refresh(), asyncio.run(model.arefresh()))
    assert {each.id for each in same} == {name}
    assert {each.owned_by for each in same} == {"org-emulator"}


@checks.of("models delete", "Model.delete", "Model.adelete")
def model_delete(world: World) -> None:
    jobs = [new(suffix=suffix) for suffix in ("one", "two")]
    world.advance()
    one, two = (openai.FineTune.retrieve(job.id).fine_tuned_model for job in jobs)
    assert openai.Model.delete(one).deleted is True
    assert asyncio.run(openai.Model.adelete(two)).data["deleted"] is True
    error = refused(404, openai.error.InvalidRequestError, openai.Model.delete, one)
    assert (error.user_message, error.code) == (f"The model '{one}' does not exist", "model_not_found")
    refused(403, openai.error.PermissionError, openai.Model.delete, "davinci")
