"""`trainer` of a provider in `ftops.yaml`: who has one, what may be in it, and what is never sent."""

from __future__ import annotations

import pytest

from ftops.errors import InvalidInput
from ftops.manifests.project import load_project
from ftops.model.trainer import ENTRYPOINT, TrainerSettings
from ftops.providers.registry import dialects
from tests.unit.manifests.workspace import Workspace

HEAD = "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: demo}\nspec:\n  providers:\n"
FARM = "    farm: {{dialect: ray, base_url: http://127.0.0.1:8265, {}}}\n"


def trainer(workspace: Workspace, settings: str) -> TrainerSettings | None:
    workspace.write("ftops.yaml", HEAD + FARM.format(settings))
    return load_project(workspace.root, dialects())[0].providers["farm"].trainer


def problem(workspace: Workspace, settings: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        trainer(workspace, settings)
    return str(caught.value)


def test_a_trainer_needs_no_more_than_a_place_for_its_output(workspace: Workspace) -> None:
    assert trainer(workspace, "trainer: {output: /mnt/m}") == TrainerSettings("/mnt/m", ENTRYPOINT)


def test_everything_that_is_written_is_read(workspace: Workspace) -> None:
    written = (
        "api_key: {env: TOKEN}, settle: 120, trainer: {output: /mnt/m, entrypoint: exec mine job.json,"
        " runtime_env: {pip: [trl], env_vars: {A: b}}, resources: {num_gpus: 1, custom: {a100: 1}},"
        " data: /mnt/d, stop_grace: 5, models: {q: /mnt/hf/Q}, package_limit: 10}"
    )
    assert trainer(workspace, written) == TrainerSettings(
        output="/mnt/m",
        entrypoint="exec mine job.json",
        runtime_env={"pip": ["trl"], "env_vars": {"A": "b"}},
        resources={"num_gpus": 1, "custom": {"a100": 1}},
        data="/mnt/d",
        stop_grace=5,
        models={"q": "/mnt/hf/Q"},
        package_limit=10,
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("timeout: 5", "the field 'trainer' is missing: dialect ray runs one"),
        ("trainer: {}", "the field 'output' is missing"),
        ("trainer: {output: models}", "this is not an absolute path"),
        ("trainer: {output: /m, data: files}", "neither an absolute path nor an http(s) address"),
        ("trainer: {output: /m, entrypoint: ''}", "entrypoint"),
        ("trainer: {output: /m, code: mine/}", "unknown field 'code'"),
        ("trainer: {output: /m, stop_grace: 0}", "stop_grace"),
        ("trainer: {output: /m, package_limit: 104857600}", "package_limit"),
        ("trainer: {output: /m, resources: {num_gpus: -1}}", "num_gpus"),
        ("trainer: {output: /m, runtime_env: {working_dir: 's3://mine.zip'}}", "runtime_env"),
        ("trainer: {output: {env: OUT}}", "output"),
        ("trainer: {output: /m}, settle: 60", "must be at least 120"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(workspace: Workspace, settings: str, said: str) -> None:
    assert said in problem(workspace, settings)


def test_a_key_among_the_variables_is_refused_and_not_shown(workspace: Workspace) -> None:
    told = problem(workspace, "trainer: {output: /m, runtime_env: {env_vars: {K: sk-abcdefghijkl}}}")
    assert "holds a key or password" in told
    assert "abcdefghijkl" not in told


def test_who_runs_no_trainer_has_none(workspace: Workspace) -> None:
    text = "    oa: {dialect: openai, api_key: {env: K}, trainer: {output: /m}}\n"
    workspace.write("ftops.yaml", HEAD + text)
    with pytest.raises(InvalidInput) as caught:
        load_project(workspace.root, dialects())
    assert "dialect openai runs no trainer" in str(caught.value)


def test_what_decides_the_result_is_told_apart_from_what_does_not() -> None:
    usual = TrainerSettings("/mnt/m")
    other = TrainerSettings(
        "/elsewhere",
        resources={"num_gpus": 8},
        runtime_env={"env_vars": {"HF_HOME": "/hf"}},
        stop_grace=1,
        data="/d",
        package_limit=1,
    )
    assert other.decisive == usual.decisive
    for changed in (
        TrainerSettings("/mnt/m", "exec mine job.json"),
        TrainerSettings("/mnt/m", runtime_env={"pip": ["trl==1.16.0"]}),
        TrainerSettings("/mnt/m", runtime_env={"image_uri": "img:2"}),
    ):
        assert changed.decisive != usual.decisive
