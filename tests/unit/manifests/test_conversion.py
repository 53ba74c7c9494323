"""A document for another provider: what is carried, under which name, and that nothing goes unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.manifests.conversion import NO_MODEL, Converted, Wish, converted
from ftops.manifests.equivalents import COMPANIONS, NOT_THE_SAME, SAME_KNOB
from ftops.manifests.model_equivalents import CLOSEST, SAME_WEIGHTS, match_for
from ftops.manifests.trimming import findings_of
from ftops.model.capabilities import Capabilities, StampPlace
from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject
from ftops.model.observation import ProviderFacts
from ftops.providers.registry import OURS, dialects

WHOLE: JSONObject = {"type": "integer", "minimum": 1, "maximum": 20}
NUMBER: JSONObject = {"type": "number", "minimum": 0}
LORA: JSONObject = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {"type": {"enum": ["Lora", "Full"]}, "lora_r": WHOLE, "lora_alpha": WHOLE},
}
OTHER = ProviderFacts(
    "there",
    "elsewhere",
    Capabilities(
        stamp=StampPlace.SUFFIX,
        methods={
            Method.SUPERVISED: {"epochs": WHOLE, "learning_rate": NUMBER, "random_seed": WHOLE},
            Method.DPO: {"epochs": WHOLE, "dpo_beta": NUMBER},
        },
        data_formats={},
        options={"training_type": LORA},
        echoes=frozenset(),
        suffix_length=20,
    ),
)


def facts(dialect: str, name: str = "here") -> ProviderFacts:
    return ProviderFacts(name, dialect, dialects()[dialect].capabilities)


def document(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "ftops/v1",
        "kind": "FineTune",
        "metadata": {
            "name": "a",
            "labels": {"team": "x"},
            "annotations": {"imported": "ftjob-1", "why": "y"},
        },
        "spec": {"model": "gpt-4o-mini", "training_file": {"path": "../data/a.jsonl"}, **spec},
    }


def made(spec: Mapping[str, Any], target: ProviderFacts = OTHER, model: str | None = "m") -> Converted:
    return converted(document(**spec), facts("openai"), target, Wish("a-there", model))


def test_knobs_go_under_their_names_there() -> None:
    spec = {"hyperparameters": {"n_epochs": 3, "batch_size": "auto"}, "seed": 7, "suffix": "triage"}
    result = made(spec)
    assert result.document["spec"] == {
        "provider": "there",
        "model": "m",
        "training_file": {"path": "../data/a.jsonl"},
        "hyperparameters": {"epochs": 3, "random_seed": 7},
        "suffix": "triage",
    }
    assert result.changed == (
        "model gpt-4o-mini -> m: as you say",
        "seed -> hyperparameters.random_seed",
        "hyperparameters.n_epochs -> hyperparameters.epochs",
    )
    assert (result.left_out, result.missing) == ((), ())


def test_the_new_one_is_another_fine_tune_with_the_same_labels() -> None:
    result = made({"lifecycle": {"renamed_from": "z", "protect": True}})
    assert result.document["metadata"] == {
        "name": "a-there",
        "labels": {"team": "x"},
        "annotations": {"why": "y"},
    }
    assert result.document["spec"]["lifecycle"] == {"protect": True}


def test_a_knob_without_an_equivalent_is_left_out_and_named() -> None:
    result = made({"hyperparameters": {"learning_rate_multiplier": 0.1}, "integrations": [{"type": "wandb"}]})
    assert "hyperparameters" not in result.document["spec"]
    assert result.left_out[0].startswith("hyperparameters.learning_rate_multiplier 0.1: it multiplies a rate")
    assert result.left_out[1] == 'integrations [{"type":"wandb"}]: elsewhere has no integrations'
    assert result.missing == ()


def test_a_batch_size_stays_with_its_model() -> None:
    spec = {"hyperparameters": {"batch_size": 8}}
    other = made(spec, facts("openai", "there"), "gpt-4.1")
    assert "hyperparameters" not in other.document["spec"]
    assert other.left_out[0].startswith("hyperparameters.batch_size 8: it has to suit the model")
    same = made(spec, facts("openai", "there"), model=None)
    assert same.document["spec"]["hyperparameters"] == {"batch_size": 8}


def test_a_value_out_of_range_there_is_left_out_and_named() -> None:
    result = made({"hyperparameters": {"n_epochs": 50}})
    assert result.left_out == ("hyperparameters.epochs 50: must be at most 20, not the number 50",)
    assert list(findings_of(result.document, OTHER)) == []


def test_what_dpo_calls_beta_keeps_its_meaning() -> None:
    result = made({"method": "dpo", "hyperparameters": {"beta": 0.2}})
    assert result.document["spec"]["hyperparameters"] == {"dpo_beta": 0.2}


def test_a_rank_brings_what_it_needs_beside_it() -> None:
    source = ProviderFacts("n", "n", OTHER.capabilities)
    result = converted(document(hyperparameters={"loraRank": 8}), source, OTHER, Wish("b", "m"))
    assert result.document["spec"]["provider_options"] == {"training_type": {"lora_r": 8, "type": "Lora"}}


def test_a_long_suffix_is_cut_to_what_fits_beside_the_tag() -> None:
    result = made({"suffix": "support-triage"})
    assert result.document["spec"]["suffix"] == "support-tr"
    assert "suffix support-triage -> support-tr: elsewhere takes 10 characters" in result.changed


def test_a_method_that_is_not_there_is_to_be_done_by_a_person() -> None:
    result = made({"method": "reinforcement", "grader": {"type": "x"}})
    assert result.missing == ("spec.method: elsewhere does not support the method reinforcement",)


def test_files_that_are_at_the_old_provider_alone_are_looked_for_in_the_project() -> None:
    files = [{"id": "file-1", "weight": 2}, {"path": "b.jsonl"}]
    result = made({"training_file": "file-9", "validation_file": {"path": "v.jsonl"}})
    assert result.document["spec"]["training_file"] == {"path": "../data/file-9.jsonl"}
    assert "training_file file-9 -> ../data/file-9.jsonl: the file is at here alone" in result.changed
    result = made({"training_file": files})
    assert result.document["spec"]["training_file"][0] == {"path": "../data/file-1.jsonl", "weight": 2}
    assert result.missing == ("spec.training_file: elsewhere takes one training file, not a list",)


def test_an_unknown_model_leaves_a_document_that_is_not_valid() -> None:
    result = made({}, model=None)
    assert result.document["spec"]["model"] == NO_MODEL
    assert result.missing == (
        "spec.model: nothing is known to stand for gpt-4o-mini; choose a model yourself",
    )
    assert [one.path for one in findings_of(result.document, OTHER)] == [("spec", "model")]


def test_a_gateway_has_the_models_that_are_behind_it() -> None:
    found = match_for("gpt-4o-mini", "openai", "portkey")
    assert found is not None
    assert (found.model, found.same, found.sure) == ("gpt-4o-mini", True, False)
    through = converted(document(), facts("openai"), facts("litellm"), Wish("b"))
    assert through.document["spec"]["model"] == "gpt-4o-mini"
    assert (
        "model gpt-4o-mini keeps its name: check that what is behind the gateway trains it" in through.changed
    )
    assert match_for("accounts/fireworks/models/qwen3-8b", "fireworks", "portkey") is None


def test_a_chain_follows_its_base() -> None:
    chain = document(model={"from": "base"})
    alone = converted(chain, facts("openai"), OTHER, Wish("b"))
    assert alone.missing == ("spec.model: convert base first, whose model this one starts from",)
    both = converted(chain, facts("openai"), OTHER, Wish("b", upstreams={"base": "base-there"}))
    assert both.document["spec"]["model"] == {"from": "base-there"}
    assert both.missing == ()


@pytest.mark.parametrize(
    ("model", "source", "target", "expected"),
    [
        ("gpt-4o-mini", "openai", "azure_openai", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1-2025-04-14", "openai", "azure_openai", "gpt-4.1-2025-04-14"),
        ("gpt-4.1-mini-2025-04-14", "openai", "together", "openai/gpt-oss-20b"),
        ("gpt-4.1-mini-2025-04-14", "azure_openai", "together", "openai/gpt-oss-20b"),
        ("gpt-4.1", "openai", "together", "openai/gpt-oss-120b"),
        ("accounts/fireworks/models/qwen3-8b", "fireworks", "together", "Qwen/Qwen3-8B"),
        ("gpt-4o-mini", "openai", "openai", "gpt-4o-mini"),
        ("ft:gpt-4o-mini-2024-07-18:org::1", "openai", "together", None),
        ("gpt-9", "openai", "together", None),
        ("gpt-4.1", "openai", "openai_legacy", None),
    ],
)
def test_models_are_those_of_the_table(model: str, source: str, target: str, expected: str | None) -> None:
    found = match_for(model, source, target)
    assert (found.model if found else None) == expected


def test_the_tables_hold_together() -> None:
    knobs = [name for names in SAME_KNOB for name in names]
    assert len(knobs) == len(set(knobs))
    assert not NOT_THE_SAME.keys() & {name for names in SAME_KNOB for name in names[2:]}
    assert COMPANIONS.keys() <= set(knobs)
    for dialect in {dialect for names in SAME_WEIGHTS for dialect in names}:
        names = [row[dialect] for row in SAME_WEIGHTS if dialect in row]
        assert len(names) == len(set(names))
    assert all(one.source and one.remark for one in CLOSEST)


def _values(schema: Any) -> st.SearchStrategy[Any]:
    """Values that a knob may have, and some that it may not."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return st.sampled_from([1, 2, 0.5, 50, "auto", True, "x"])


@st.composite
def specs(draw: st.DrawFn, can: Capabilities) -> dict[str, Any]:
    method = draw(st.sampled_from(sorted(can.methods)))
    knobs = {name: _values(schema) for name, schema in can.methods[Method(method)].items()}
    options = {name: _values(schema) for name, schema in can.options.items()}
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "method": st.just(str(method)),
                "hyperparameters": st.fixed_dictionaries({}, optional=knobs),
                "provider_options": st.fixed_dictionaries({}, optional=options),
                "suffix": st.text("abc-", min_size=1, max_size=60),
                "seed": st.integers(0, 99),
                "validation_file": st.sampled_from(["file-1", {"path": "v.jsonl"}]),
            },
        )
    )


@pytest.mark.parametrize("target", sorted(OURS))
@pytest.mark.parametrize("source", sorted(OURS))
@given(data=st.data())
@settings(max_examples=15)
def test_between_any_two_dialects_nothing_goes_unsaid(source: str, target: str, data: st.DataObject) -> None:
    spec = data.draw(specs(dialects()[source].capabilities))
    wish = Wish("b", data.draw(st.sampled_from(["m", None])))
    result = converted(document(**spec), facts(source), facts(target, "there"), wish)
    told = " ".join((*result.changed, *result.left_out, *result.missing))
    new = dict(_leaves(result.document["spec"]))
    for path, value in _leaves(spec):
        named = path in told or path.removesuffix(".path") in told
        assert new.get(path) == value or value == "auto" or named, (path, value)
    assert (not result.missing) == (list(findings_of(result.document, facts(target, "there"))) == [])


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}".strip("."))
    else:
        yield path, value
