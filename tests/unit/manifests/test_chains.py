"""Chains and renames between manifests."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.manifests.chains import chain_findings
from ftops.model.finetune import DataFile, FineTune, Upstream
from tests.unit.manifests.workspace import PROJECT, Workspace


def declared(upstreams: dict[str, str | None]) -> dict[str, FineTune]:
    return {
        name: FineTune(name, "p", Upstream(upstream) if upstream else "m", (DataFile(file_id="file-a"),))
        for name, upstream in upstreams.items()
    }


def messages(upstreams: dict[str, str | None]) -> list[str]:
    fine_tunes = declared(upstreams)
    return [finding.message for _, finding in chain_findings(fine_tunes, fine_tunes)]


def test_a_dangling_reference_is_told_with_the_nearest_name(workspace: Workspace) -> None:
    workspace.fine_tune("support-base")
    workspace.fine_tune("a", model="{from: suport-base}")
    (problem,) = workspace.problems()
    assert problem == (
        "jobs/a.yaml:5:17: spec.model.from: "
        "no fine-tune is named 'suport-base' (did you mean 'support-base'?)"
    )


def test_a_reference_to_a_manifest_that_is_wrong_is_not_dangling(workspace: Workspace) -> None:
    workspace.fine_tune("b", "sed: 1")
    workspace.fine_tune("a", model="{from: b}")
    (problem,) = workspace.problems()
    assert "'sed'" in problem


def test_a_circle_is_named_in_full_and_once(workspace: Workspace) -> None:
    workspace.fine_tune("c", model="{from: a}")
    workspace.fine_tune("a", model="{from: b}")
    workspace.fine_tune("b", model="{from: c}")
    workspace.fine_tune("d", model="{from: b}")
    (problem,) = workspace.problems()
    assert problem.startswith("jobs/a.yaml:5:17: spec.model.from: the chain is circular: a -> b -> c -> a")


def test_a_fine_tune_does_not_start_from_itself() -> None:
    assert messages({"a": "a"}) == ["starts from itself: a -> a"]


def test_a_chain_stays_at_one_provider(workspace: Workspace) -> None:
    workspace.fine_tune("b", "provider: old")
    workspace.fine_tune("a", model="{from: b}")
    (problem,) = workspace.problems()
    assert "b is trained at old, this one at oa" in problem


def test_what_is_wrong_with_a_chain_that_is_a_default_is_told_there(workspace: Workspace) -> None:
    workspace.write("ftops.yaml", PROJECT + "  defaults: {model: {from: no}}\n")
    workspace.write(
        "jobs/a.yaml",
        "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {name: a}\nspec: {training_file: file-a}\n",
    )
    (problem,) = workspace.problems()
    assert problem.startswith("ftops.yaml:9:28: spec.defaults.model.from: no fine-tune is named 'no'")


def test_an_old_name_may_not_be_declared_any_more(workspace: Workspace) -> None:
    workspace.fine_tune("old")
    workspace.fine_tune("new", "lifecycle: {renamed_from: old}")
    (problem,) = workspace.problems()
    assert problem.startswith("jobs/new.yaml:7:29: spec.lifecycle.renamed_from: old is still declared")


def test_two_fine_tunes_are_not_renamed_from_one(workspace: Workspace) -> None:
    workspace.fine_tune("a", "lifecycle: {renamed_from: old}")
    workspace.fine_tune("b", "lifecycle: {renamed_from: old}")
    (problem,) = workspace.problems()
    assert problem.startswith("jobs/b.yaml:7:29: spec.lifecycle.renamed_from: a is also renamed from old")


NAMES = [f"n{number}" for number in range(8)]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES) | st.none()), st.randoms())
def test_the_order_of_manifests_changes_no_problem(upstreams: dict[str, str | None], random: Random) -> None:
    shuffled = dict(sorted(upstreams.items(), key=lambda _: random.random()))
    assert sorted(messages(upstreams)) == sorted(messages(shuffled))


@pytest.mark.parametrize("closed", [False, True])
def test_a_chain_of_ten_thousand_is_followed_in_linear_time(closed: bool) -> None:
    upstreams: dict[str, str | None] = {f"n{number}": f"n{number + 1}" for number in range(10_000)}
    upstreams["n10000"] = "n0" if closed else None
    started = time.process_time()
    assert len(messages(upstreams)) == closed
    assert time.process_time() - started < 5, "quadratic would take minutes"
