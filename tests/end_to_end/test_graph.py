"""`ftops graph` in a repository."""

from __future__ import annotations

import json

import pytest

from tests.conftest import REPOSITORY, Emulator, ProjectDirectory


def test_the_graph_asks_no_provider_and_shows_what_was_recorded(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    project.manifest("b", model="{from: a}")
    project.ftops("apply", "--yes")
    asked = emulator.requests("list")
    monkeypatch.delenv("FTOPS_TEST_KEY")
    assert project.ftops("graph") == 0
    assert "└─ a - pending" in project.out
    assert "└─ b - absent" in project.out
    assert emulator.requests("list") == asked


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json"])
def test_a_broken_state_costs_only_the_statuses(project: ProjectDirectory, form: str) -> None:
    project.manifest("a")
    project.write(".ftops/state.json", "{")
    assert project.ftops("graph", "--format", form) == 0
    assert "Without statuses" in project.err
    assert "absent" not in project.out


def test_a_broken_manifest_is_told(project: ProjectDirectory) -> None:
    project.manifest("a", model="{from: b}")
    assert project.ftops("graph") == 1
    assert "no fine-tune is named 'b'" in project.err


def test_the_document_has_the_keys_of_the_reference(project: ProjectDirectory) -> None:
    page = (REPOSITORY / "docs/reference/graph.md").read_text()
    written = json.loads(page.split("```json\n")[1].split("```")[0])
    project.manifest("a")
    assert project.ftops("graph", "--format", "json") == 0
    document = json.loads(project.out)
    assert document.keys() == written.keys()
    for part in ("nodes", "edges"):
        assert {tuple(one) for one in document[part]} == {tuple(one) for one in written[part]}
