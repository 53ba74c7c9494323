"""The quickstart for every dialect: what comes out is valid, or says what a person has to do."""

from __future__ import annotations

import json
import shutil

import pytest

from ftops.providers.registry import OURS
from tests.conftest import REPOSITORY, ProjectDirectory
from tests.contracts.dialects import CASES, in_turn

NEEDS_PERSON = 4


@pytest.fixture(params=in_turn(OURS))
def quickstart(request: pytest.FixtureRequest, project: ProjectDirectory) -> ProjectDirectory:
    """The example, with a provider `there` of the dialect."""
    for folder in ("jobs", "data"):
        shutil.copytree(
            REPOSITORY / "examples/quickstart" / folder, project.root / folder, dirs_exist_ok=True
        )
    dialect: str = request.param
    text = (project.root / "ftops.yaml").read_text()
    row = {"dialect": dialect, "base_url": "http://127.0.0.1:9/v1", "api_key": {"env": "FTOPS_TEST_KEY"}}
    project.write("ftops.yaml", f"{text}    there: {json.dumps({**row, **CASES[dialect].settings})}\n")
    return project


def test_the_quickstart_is_valid_there_or_says_what_is_to_do(quickstart: ProjectDirectory) -> None:
    dialect = json.loads((quickstart.root / "ftops.yaml").read_text().rsplit("there: ", 1)[1])["dialect"]
    model = CASES[dialect].model
    code = quickstart.ftops("convert", "workshop-answers", "--to", "there", "--model", model)
    told = [line for line in quickstart.err.splitlines() if line.startswith("TO DO: ")]
    assert (code, bool(told)) in ((0, False), (NEEDS_PERSON, True)), quickstart.err
    for line in quickstart.err.splitlines()[: -1 if code else None]:
        assert f"# {line}" in quickstart.out
    quickstart.write("jobs/there.yaml", quickstart.out)
    assert (quickstart.ftops("validate") == 0) is (code == 0), quickstart.err
    (quickstart.root / "jobs/there.yaml").unlink()
    assert (
        quickstart.ftops("convert", "workshop-answers", "--to", "there", "--model", model, "--write") == code
    )
    assert (quickstart.root / "jobs/workshop-answers-there.yaml").exists() is (code == 0)


def test_without_a_model_of_the_table_there_is_none(quickstart: ProjectDirectory) -> None:
    code = quickstart.ftops("convert", "workshop-answers", "--to", "there")
    assert code in (0, NEEDS_PERSON)
    assert ("model: ''" in quickstart.out) is ("nothing is known to stand for gpt-4o-mini" in quickstart.err)
    assert ("model: ''" in quickstart.out) <= (code == NEEDS_PERSON)
