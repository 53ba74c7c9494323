"""Manifests as people write them: what they become, and each mistake at its place."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.model.finetune import (
    DataFile,
    FineTune,
    Lifecycle,
    Method,
    OnChange,
    OnRemove,
    Retry,
    RetryOn,
    Source,
    Upstream,
)
from tests.unit.manifests.workspace import HEAD, PROJECT, Workspace, manifest

FULL = """\
provider: oa
validation_file: file-abc123
method: dpo
hyperparameters: {n_epochs: 3, batch_size: auto, beta: 0.1}
suffix: triage
seed: 42.0
integrations: [{type: wandb, wandb: {project: triage}}]
lifecycle:
  suspend: true
  on_change: drain
  on_remove: detach
  protect: true
  retry: {max_attempts: 3, on: [quota, provider_error]}
  priority: 5
  rerun: again
  renamed_from: old
"""


def test_everything_that_is_written_is_read(workspace: Workspace) -> None:
    workspace.write(
        "jobs/a.yaml",
        manifest("a", FULL, model="{from: b, checkpoint: 'step:20'}").replace(
            "{name: a}", "{name: a, labels: {team: x}, annotations: {owner: y}}"
        ),
    )
    workspace.fine_tune("b")
    loaded = workspace.load()
    assert loaded.problems == ()
    assert loaded.fine_tunes[0] == FineTune(
        name="a",
        provider="oa",
        model=Upstream("b", "step:20"),
        training_files=(DataFile("data/train.jsonl"),),
        validation_file=DataFile(file_id="file-abc123"),
        method=Method.DPO,
        hyperparameters={"n_epochs": 3, "batch_size": "auto", "beta": 0.1},
        suffix="triage",
        seed=42,
        integrations=({"type": "wandb", "wandb": {"project": "triage"}},),
        labels={"team": "x"},
        annotations={"owner": "y"},
        lifecycle=Lifecycle(
            suspend=True,
            on_change=OnChange.DRAIN,
            on_remove=OnRemove.DETACH,
            protect=True,
            retry=Retry(3, (RetryOn.QUOTA, RetryOn.PROVIDER_ERROR)),
            priority=5,
            rerun="again",
            renamed_from="old",
        ),
        source=Source("jobs/a.yaml", 3),
    )


def test_one_file_holds_several_fine_tunes(workspace: Workspace) -> None:
    workspace.write("jobs/all.yaml", f"{manifest('b')}---\n# nothing here\n---\n{manifest('a')}")
    loaded = workspace.load()
    assert [fine_tune.name for fine_tune in loaded.fine_tunes] == ["a", "b"]
    assert [fine_tune.source.line for fine_tune in loaded.fine_tunes] == [12, 3]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("x: [", "opens a [ that is not closed"),
        ("n_epoch: 3", "jobs/a.yaml:7:3: spec.n_epoch: unknown field 'n_epoch' (known here: grader,"),
        ("hyperparameter: {}", "unknown field 'hyperparameter' (did you mean 'hyperparameters'?)"),
        ("seed: '3'", "spec.seed: must be a whole number, not the string '3' (write it without quotes)"),
        ("seed: 3.5", "jobs/a.yaml:7:9: spec.seed: must be a whole number, not the number 3.5"),
        ("seed: -1", "must be at least 0, not the number -1"),
        ("suffix: 123e45", "must be a string, not the number 123e45 (quote it)"),
        ("suffix: 0123456", "must be a string, not the number 0123456 (quote it)"),
        ("suffix: True", "must be a string, not the word True (quote it)"),
        ("suffix:", "must be a string, not empty"),
        ("suffix: ''", "spec.suffix: must not be empty"),
        (
            "method: dpoo",
            "must be one of supervised, dpo, reinforcement, not the string 'dpoo' (did you mean",
        ),
        ("lifecycle: {on_change: drian}", "(did you mean 'drain'?)"),
        ("lifecycle: {retry: {on: [quot]}}", "spec.lifecycle.retry.on[0]: must be one of"),
        ("lifecycle: {retry: {max_attempts: 0}}", "must be at least 1"),
        ("hyperparameters: [1]", "must be a map, not a list"),
        ("validation_file: data/x.jsonl", "the string 'data/x.jsonl' does not have the right form"),
        ("validation_file: data/x.jsonl", "{path: data/x.jsonl}"),
        ("validation_file: 5", "must be a string or a map, not the number 5"),
        (
            "validation_file: {path: ../data/train.jsonl, id: file-a}",
            "unknown field 'id' (known here: path, url)",
        ),
        ("integrations: [{wandb: {}}]", "spec.integrations[0]: the field 'type' is missing"),
        ("provider: oaa", "jobs/a.yaml:7:13: spec.provider: unknown provider 'oaa' (did you mean 'oa'?)"),
        ("validation_file: {path: ../data/tain.jsonl}", "data/tain.jsonl does not exist (did you mean"),
        ("validation_file: {path: ../data}", "data is a directory"),
        ("validation_file: {path: ..}", "the project is a directory"),
        ("validation_file: {path: /etc/passwd}", "/etc/passwd lies outside the project"),
        ("validation_file: {path: ../../x.jsonl}", "../../x.jsonl lies outside the project"),
        ('validation_file: {path: "a\\0b"}', "not a usable path"),
        (f"validation_file: {{path: {'n' * 300}}}", "not a usable path: File name too long"),
    ],
)
def test_each_mistake_is_told_with_its_place(workspace: Workspace, spec: str, told: str) -> None:
    workspace.fine_tune("a", spec)
    (problem,) = workspace.problems()
    assert told in problem
    assert problem.startswith("jobs/a.yaml:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just words\n", "jobs/a.yaml:1:1: must be a map, not a string"),
        ("[1, 2]\n", "jobs/a.yaml:1:1: must be a map, not a list"),
        (manifest("a").replace("ftops/v1", "ftops/v2"), "jobs/a.yaml:1:13: apiVersion: must be ftops/v1"),
        ("apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 1}\n", "kind: must be FineTune"),
        (HEAD + "metadata: {name: a}\nspec:\n", "jobs/a.yaml:4:6: spec: must be a map, not empty"),
        (HEAD + "metadata: {name: a}\nspec: {model: m}\n", "the field 'training_file' is missing"),
        (
            HEAD + "metadata: {}\nspec: {model: m, training_file: file-a}\n",
            "metadata: the field 'name' is missing",
        ),
        (
            manifest("A_b"),
            "metadata.name: the string 'A_b' does not have the right form (a name has lower-case",
        ),
        (
            manifest("a").replace("{name: a}", "{name: a, labels: {team: 5}}"),
            "metadata.labels.team: must be a string",
        ),
        (manifest("a", "seed: 1\nseed: 2"), "jobs/a.yaml:8:3: has the key 'seed' twice"),
        (manifest("a", "seed: !x 1"), "jobs/a.yaml:7:9: the tag !x is not supported"),
        (manifest("a").replace("{path: ../data/train.jsonl}", "[]"), "must not be empty"),
        (manifest("a", model="{frm: b}"), "unknown field 'frm' (did you mean 'from'?)"),
        (manifest("a", model="{from: b, checkpoint: last}"), "write final, or step:N"),
    ],
)
def test_a_wrong_document_is_told_with_its_place(workspace: Workspace, text: str, told: str) -> None:
    workspace.write("jobs/a.yaml", text)
    assert told in "\n".join(workspace.problems())


def test_a_document_of_another_kind_is_told_once(workspace: Workspace) -> None:
    workspace.write("jobs/a.yaml", manifest("a", "x: 1\ny: 2").replace("kind: FineTune", "kind: Deployment"))
    (problem,) = workspace.problems()
    assert problem == "jobs/a.yaml:2:7: kind: must be FineTune, not the string 'Deployment'"


def test_a_weighted_file_is_a_path_or_an_id(workspace: Workspace) -> None:
    files = "[{weight: 1}, {path: ../data/train.jsonl, id: file-a}]"
    workspace.write("jobs/a.yaml", manifest("a").replace("{path: ../data/train.jsonl}", files))
    first, second = workspace.problems()
    assert "spec.training_file[0]: the field 'path' is missing" in first
    assert "spec.training_file[1].path: unknown field 'path' (known here: id, weight)" in second


def test_all_problems_of_all_files_are_told_at_once_in_the_order_of_the_files(workspace: Workspace) -> None:
    workspace.fine_tune("b", "seed: x\nsufix: y")
    workspace.fine_tune("a", "provider: nobody")
    workspace.write("jobs/c.yaml", "x: [")
    workspace.fine_tune("d", model="{from: e}")
    places = [problem.split(" ")[0] for problem in workspace.problems()]
    assert places == [
        "jobs/a.yaml:7:13:",
        "jobs/b.yaml:7:9:",
        "jobs/b.yaml:8:3:",
        "jobs/c.yaml:1:4:",
        "jobs/d.yaml:5:17:",
    ]


def test_one_mistake_does_not_hide_the_next(workspace: Workspace) -> None:
    spec = "sed: 1\nhyperparameters: {n_epoch: 3}\nsuffix: 5\nvalidation_file: {path: no.jsonl}"
    workspace.fine_tune("a", f"{spec}\nlifecycle: {{on_chnge: drain}}", model="")
    told = [problem.split(": ")[1] for problem in workspace.problems()]
    assert told == [
        "spec.model",
        "spec.sed",
        "spec.hyperparameters.n_epoch",
        "spec.suffix",
        "spec.validation_file.path",
        "spec.lifecycle.on_chnge",
    ]
    assert workspace.load().fine_tunes == ()


@pytest.mark.parametrize("spec", ["method: x\nhyperparameters: {beta: 1}", "provider: 5\nseed: 1"])
def test_nothing_is_guessed_where_provider_or_method_are_wrong(workspace: Workspace, spec: str) -> None:
    workspace.fine_tune("a", spec)
    assert len(workspace.problems()) == 1


def test_a_manifest_without_provider_needs_a_default(workspace: Workspace) -> None:
    workspace.write("ftops.yaml", PROJECT.replace("  default_provider: oa\n", ""))
    workspace.fine_tune("a")
    (problem,) = workspace.problems()
    assert problem.startswith("jobs/a.yaml:4:1: spec: the field 'provider' is missing")


def test_a_name_that_is_declared_twice_is_told_with_both_places(workspace: Workspace) -> None:
    workspace.fine_tune("a")
    workspace.fine_tune("a", file="jobs/z.yaml")
    (problem,) = workspace.problems()
    assert "jobs/z.yaml:3:18" in problem
    assert "the other one is at jobs/a.yaml:3" in problem


def test_a_name_is_taken_even_where_its_manifest_is_wrong(workspace: Workspace) -> None:
    workspace.fine_tune("a", "sed: 1")
    workspace.fine_tune("a", file="jobs/z.yaml")
    assert len(workspace.problems()) == 2


def test_defaults_lie_under_every_spec(workspace: Workspace) -> None:
    defaults = "{hyperparameters: {n_epochs: 3, batch_size: 8}, integrations: [{type: x}], provider: old}"
    workspace.write("ftops.yaml", PROJECT + f"  defaults: {defaults}\n")
    workspace.fine_tune("a", "provider: oa\nhyperparameters: {n_epochs: 5}\nintegrations: [{type: y}]")
    (fine_tune,) = workspace.load().fine_tunes
    assert fine_tune.provider == "oa"
    assert fine_tune.hyperparameters == {"n_epochs": 5, "batch_size": 8}
    assert fine_tune.integrations == ({"type": "y"},)


@pytest.mark.parametrize(
    ("default", "told"),
    [
        (
            "suffix: 5",
            "ftops.yaml:10:12: spec.defaults.suffix: must be a string, not the number 5 (quote it)",
        ),
        ("sufix: x", "ftops.yaml:10:4: spec.defaults.sufix: unknown field 'sufix'"),
        ("hyperparameters: {n_epochs: 99}", "ftops.yaml:10:32: spec.defaults.hyperparameters.n_epochs"),
        ("hyperparameters: {epochs: 9}", "ftops.yaml:10:22: spec.defaults.hyperparameters.epochs"),
        (
            "validation_file: {path: no.jsonl}",
            "spec.defaults.validation_file.path: jobs/no.jsonl does not exist",
        ),
        ("provider: nobody", "ftops.yaml:10:14: spec.defaults.provider: unknown provider 'nobody'"),
    ],
)
def test_what_is_wrong_in_a_default_is_told_there_and_once(
    workspace: Workspace, default: str, told: str
) -> None:
    workspace.write("ftops.yaml", f"{PROJECT}  defaults:\n   {default}\n")
    workspace.fine_tune("a")
    workspace.fine_tune("b")
    (problem,) = workspace.problems()
    assert problem.startswith("ftops.yaml:10:")
    assert told in problem


def test_a_missing_file_is_a_problem_of_its_own_fine_tune_which_still_names_it(workspace: Workspace) -> None:
    workspace.fine_tune("a", "validation_file: {path: ../data/no.jsonl}")
    workspace.fine_tune("b", "validation_file: {path: ../../out.jsonl}")
    loaded = workspace.load()
    fine_tune, _ = loaded.fine_tunes
    assert fine_tune.validation_file == DataFile("data/no.jsonl")
    assert fine_tune.training_files == (DataFile("data/train.jsonl"),)
    assert loaded.absent == {"data/no.jsonl"}
    assert list(loaded.of_data) == ["a"]
    assert [problem.message for problem in loaded.misdeclared] == ["../../out.jsonl lies outside the project"]
    assert {problem.file for problem in loaded.problems} == {"jobs/a.yaml", "jobs/b.yaml"}


PLACES = st.lists(st.sampled_from(["jobs/a", "jobs/b", "jobs/deep/c", "jobs/z"]), min_size=4, max_size=4)


@given(PLACES, st.permutations(["p", "q", "r", "s"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_moving_fine_tunes_between_files_changes_their_source_only(
    workspace: Workspace, places: list[str], order: list[str]
) -> None:
    for old in workspace.root.glob("jobs/**/*.yaml"):
        old.unlink()
    for name, place in zip(order, places, strict=True):
        path = workspace.root / f"{place}.yaml"
        before = path.read_text() if path.exists() else ""
        depth = "../" * place.count("/")
        document = manifest(name, f"seed: {ord(name)}").replace("../", depth)
        workspace.write(f"{place}.yaml", f"{before}---\n{document}")
    loaded = workspace.load()
    assert loaded.problems == ()
    assert [(fine_tune.name, fine_tune.seed) for fine_tune in loaded.fine_tunes] == [
        (name, ord(name)) for name in "pqrs"
    ]
    assert {fine_tune.training_files for fine_tune in loaded.fine_tunes} == {(DataFile("data/train.jsonl"),)}


@given(st.binary(max_size=200))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_in_a_manifest_raise(workspace: Workspace, data: bytes) -> None:
    (workspace.root / "jobs/a.yaml").write_bytes(data)
    (workspace.root / "jobs/b.yaml").write_bytes(manifest("b").encode() + data)
    for problem in workspace.load().problems:
        assert problem.file in ("jobs/a.yaml", "jobs/b.yaml")
