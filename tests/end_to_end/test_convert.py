"""`ftops convert`, as a person types it."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Emulator, ProjectDirectory

PAIRS = "".join(json.dumps({"prompt": f"q{n} ->", "completion": f" a{n}"}) + "\n" for n in range(12))


@pytest.fixture
def two(project: ProjectDirectory, emulator: Emulator) -> ProjectDirectory:
    """A project with a second provider, of the founding format."""
    text = (project.root / "ftops.yaml").read_text()
    where = f"base_url: '{emulator.base_url}', api_key: {{env: FTOPS_TEST_KEY}}"
    project.write("ftops.yaml", f"{text}    old: {{dialect: openai_legacy, {where}}}\n")
    project.write("data/pairs.jsonl", PAIRS)
    project.manifest(
        "a", "hyperparameters: {n_epochs: 3, batch_size: 300}\nsuffix: triage\nseed: 1", "babbage-002"
    )
    manifest = (project.root / "jobs/a.yaml").read_text().replace("train.jsonl", "pairs.jsonl")
    project.write("jobs/a.yaml", manifest.replace(", batch_size: 300", ", batch_size: 2"))
    return project


def test_what_it_prints_is_valid_and_says_what_it_cannot_carry(two: ProjectDirectory) -> None:
    before = (two.root / "jobs/a.yaml").read_text()
    assert two.ftops("convert", "a", "--to", "old", "--model", "curie") == 0
    assert "# left out: seed 1: openai_legacy has nothing like it\n" in two.out
    assert "left out: seed 1: openai_legacy has nothing like it\n" in two.err
    two.write("jobs/b.yaml", two.out)
    assert two.ftops("validate") == 0, two.err
    assert two.plan() == {"a": "create new", "a-old": "create new"}
    assert (two.root / "jobs/a.yaml").read_text() == before


def test_it_writes_beside_the_old_one_and_never_over_another(two: ProjectDirectory) -> None:
    assert two.ftops("convert", "a", "--to", "old", "--model", "curie", "--write") == 0
    text = (two.root / "jobs/a-old.yaml").read_text()
    assert "wrote" in two.out
    assert "a-old.yaml; a stays as it is" in two.out
    assert two.ftops("validate") == 0
    assert two.ftops("convert", "a", "--to", "old", "--model", "davinci", "--write") == 1
    assert "jobs/a-old.yaml is there already" in two.err
    assert (two.root / "jobs/a-old.yaml").read_text() == text
    assert two.ftops("apply", "--yes") == 0
    assert two.plan() == {"a": "keep in-progress", "a-old": "keep in-progress"}


def test_what_would_not_be_valid_is_printed_and_not_written(two: ProjectDirectory) -> None:
    assert two.ftops("convert", "a", "--to", "old") == 4
    assert "model: ''" in two.out
    assert "# TO DO: spec.model: nothing is known to stand for babbage-002" in two.out
    assert two.ftops("convert", "a", "--to", "old", "--write") == 4
    assert "nothing was written" in two.err
    assert not (two.root / "jobs/a-old.yaml").exists()
    two.ftops("convert", "a", "--to", "old")
    two.write("jobs/b.yaml", two.out)
    assert two.ftops("validate") == 1


@pytest.mark.parametrize("write", [(), ("--write",)])
def test_what_is_missing_is_said_once(two: ProjectDirectory, write: tuple[str, ...]) -> None:
    assert two.ftops("convert", "a", "--to", "old", *write) == 4
    assert two.err.count("nothing is known to stand for babbage-002") == 1
    assert "Error: a-old is not valid as it is: 1 thing is still to do" in two.err


def test_where_it_is_already_there_is_nothing_to_convert(two: ProjectDirectory) -> None:
    assert two.ftops("convert", "a", "--to", "local", "--write") == 64
    assert "a is at local already" in two.err
    assert not (two.root / "jobs/a-local.yaml").exists()
    assert two.ftops("convert", "a", "--to", "local", "--model", "davinci-002") == 0
    assert "model: davinci-002" in two.out


def test_data_of_another_form_is_said_at_once(two: ProjectDirectory) -> None:
    two.manifest("chat")
    assert two.ftops("convert", "chat", "--to", "old", "--model", "curie") == 4
    assert "TO DO: data/train.jsonl:1: has the chat form" in two.err


def test_a_chain_is_converted_from_its_base_on(two: ProjectDirectory) -> None:
    two.manifest("next")
    chain = (two.root / "jobs/next.yaml").read_text().replace("gpt-4o-mini", "{from: a}")
    two.write("jobs/next.yaml", chain.replace("train.jsonl", "pairs.jsonl"))
    assert two.ftops("convert", "next", "--to", "old", "--write") == 4
    assert "convert a first" in two.err
    assert two.ftops("convert", "a", "--to", "old", "--model", "curie", "--write") == 0
    assert two.ftops("convert", "next", "--to", "old", "--write") == 0, two.err
    assert two.ftops("validate") == 0
    assert "from: a-old" in (two.root / "jobs/next-old.yaml").read_text()


def test_a_dialect_without_a_provider_is_shown(two: ProjectDirectory) -> None:
    assert two.ftops("convert", "a", "--to-dialect", "openai_legacy", "--model", "curie") == 0
    assert "provider: openai_legacy" in two.out


def test_an_option_that_a_create_needs_is_given_by_hand(project: ProjectDirectory) -> None:
    project.manifest("a")
    arguments = ("convert", "a", "--to-dialect", "azure_openai")
    assert project.ftops(*arguments) == 4
    assert "provider_options.trainingType" in project.err
    assert project.ftops(*arguments, "--option", "trainingType=GlobalStandard") == 0
    assert "  provider_options:\n    trainingType: GlobalStandard\n" in project.out
    assert "model: gpt-4o-mini-2024-07-18\n" in project.out


def test_where_no_new_jobs_are_taken_it_says_so(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.ftops("convert", "a", "--to-dialect", "mistral", "--model", "open-mistral-7b")
    assert "Warning: new jobs at mistral: closed" in project.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a",), "pass one of --to and --to-dialect"),
        (("a", "--to", "old", "--to-dialect", "openai"), "pass one of"),
        (("a", "--to-dialect", "openai", "--write"), "add the provider to ftops.yaml first"),
        (("a", "--to", "old", "--option", "x"), "--option NAME=VALUE"),
        (("a", "--to", "olt"), "did you mean 'old'"),
        (("a", "--to-dialect", "openay"), "did you mean 'openai'"),
        (("b", "--to", "old"), "b"),
        (("a", "--to", "local"), "a is at local already: there is nothing to convert"),
    ],
)
def test_wrong_usage_is_one_sentence(two: ProjectDirectory, arguments: tuple[str, ...], message: str) -> None:
    assert two.ftops("convert", *arguments) == 64
    assert message in two.err
    assert len(two.err.splitlines()) == 1


def test_the_data_of_an_imported_job_is_fetched(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    again = text.splitlines()[-1].replace("local:", "second:")
    project.write("ftops.yaml", f"{text}{again}\n")
    project.manifest("a", "suffix: triage")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(10_000)
    job_id = project_job(project)
    (project.root / ".ftops/state.json").unlink()
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("import", "b", job_id) == 0
    assert project.ftops("convert", "b", "--to", "second") == 4
    assert "does not exist" in project.err
    assert project.ftops("convert", "b", "--to", "second", "--fetch-data", "--write") == 0, project.err
    (fetched,) = (project.root / "data").glob("file-*.jsonl")
    assert fetched.read_bytes() == (project.root / "data/train.jsonl").read_bytes()
    assert project.plan() == {"b": "keep succeeded", "b-second": "create new"}


def project_job(project: ProjectDirectory) -> str:
    project.ftops("status", "--format", "json")
    job_id: str = json.loads(project.out)["fine_tunes"][0]["job_id"]
    return job_id
