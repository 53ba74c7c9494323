"""What people see in an editor: yaml-language-server on a project as `ftops init` writes it, offline."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftops.manifests.loader import dump
from ftops.manifests.schema import SCHEMA_KINDS, schema_text
from ftops.manifests.writing import OWN_SCHEMAS, modeline
from tests.conftest import REPOSITORY, ProjectDirectory
from tests.services import started
from tests.services.language_server import LanguageServer, language_server
from tests.unit.manifests.schema_fields import fields_of, words_of

pytestmark = pytest.mark.slow

EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.yaml"))
PLACES = {
    "#provider": ".spec.providers.local",
    "#file": ".spec.validation_file",
    "#price": ".spec.prices.oa.m",
}
"""Where in a document the fields of a definition stand."""


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    yield from started("yaml-language-server", language_server)


@pytest.fixture
def written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> ProjectDirectory:
    """A project with its own copies of the schemas, as the page edit-with-completion.md makes one."""
    project = ProjectDirectory(tmp_path, capsys)
    for kind in ("finetune", "project"):
        assert project.ftops("schema", kind) == 0
        project.write(f"{OWN_SCHEMAS}/{SCHEMA_KINDS[kind]}", project.out)
    assert project.ftops("init") == 0
    assert project.ftops("schema", "finetune", "--project") == 0
    project.write(f"{OWN_SCHEMAS}/{SCHEMA_KINDS['finetune']}", project.out)
    return project


def explained(kind: str) -> Iterator[tuple[list[str], str, str, Any]]:
    """Yield the fields that stand at one place of a document: the way there, title, description, example."""
    whole = json.loads(schema_text(kind))
    for path, field in fields_of(whole):
        definition, dot, rest = path.partition(".")
        place = PLACES.get(definition, "" if not definition else None)
        if place is not None and "[]" not in path:
            words = words_of(field, whole)
            way = f"{place}{dot}{rest}".split(".")[1:]
            yield way, words["title"], words["description"], words["examples"][0]


def plain(markdown: str) -> str:
    """Take away the signs by which a text means itself in Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("&nbsp;", " "))


@pytest.mark.parametrize("kind", ["finetune", "project"])
def test_every_field_is_explained_in_its_own_words(server: LanguageServer, tmp_path: Path, kind: str) -> None:
    """Not in those of a definition that it refers to, or of what it stands in."""
    schema = REPOSITORY / "schemas" / SCHEMA_KINDS[kind]
    wrong = []
    for way, title, description, example in explained(kind):
        value = example
        for step in reversed(way):
            value = {step: value}
        text = modeline(str(schema)) + dump(value)
        file = tmp_path / f"{kind}-{'-'.join(way)}.yaml"
        server.problems(file, text)
        at = "  " * (len(way) - 1) + way[-1] + ":"
        (line,) = (number for number, each in enumerate(text.splitlines()) if each.startswith(at))
        shown = plain(server.hover(file, line, len(at) - 2))
        if not shown.startswith(f"#### {title}\n\n{description}\n"):
            wrong.append((way, shown[:160]))
    assert wrong == []


def test_a_new_project_has_no_mark(server: LanguageServer, written: ProjectDirectory) -> None:
    for name in ("ftops.yaml", "jobs/hello.yaml"):
        file = written.root / name
        assert f"{OWN_SCHEMAS}/" in file.read_text().splitlines()[0]
        assert server.problems(file, file.read_text()) == []


def test_a_wrong_key_is_marked_where_validate_finds_it(
    server: LanguageServer, written: ProjectDirectory
) -> None:
    file = written.root / "jobs/hello.yaml"
    file.write_text(file.read_text().replace("  suffix:", "  sufix:"))
    (mark,) = server.problems(file, file.read_text())
    assert mark["message"] == "Property sufix is not allowed."
    line, column = mark["range"]["start"]["line"] + 1, mark["range"]["start"]["character"] + 1
    assert written.ftops("validate") == 1
    assert f"jobs/hello.yaml:{line}:{column}: spec.sufix: unknown field" in written.err


def test_what_a_project_can_write_is_offered(server: LanguageServer, written: ProjectDirectory) -> None:
    file = written.root / "ftops.yaml"
    text = file.read_text() + "  "
    server.problems(file, text)
    fields = json.loads(schema_text("project"))["properties"]["spec"]["properties"]
    offered = server.completions(file, text.count("\n"), 2)
    there = {"manifests", "default_provider", "providers"}
    assert {name: offered[name]["documentation"] for name in fields if name not in there} == {
        name: field["description"] for name, field in fields.items() if name not in there
    }


@pytest.mark.parametrize("kind", ["finetune", "project"])
def test_an_empty_document_is_offered_a_whole_one(server: LanguageServer, tmp_path: Path, kind: str) -> None:
    comment = modeline(str(REPOSITORY / "schemas" / SCHEMA_KINDS[kind]))
    server.problems(tmp_path / "empty.yaml", comment)
    label = json.loads(schema_text(kind))["defaultSnippets"][0]["label"]
    offered = server.completions(tmp_path / "empty.yaml", 1, 0)[label]["insertText"]
    taken = re.sub(r"\$\{\d:([^}]*)\}", r"\1", offered)
    assert server.problems(tmp_path / "taken.yaml", comment + taken) == []


def test_the_schema_of_a_project_knows_its_providers_and_their_settings(
    server: LanguageServer, written: ProjectDirectory
) -> None:
    file = written.root / "jobs/hello.yaml"
    text = file.read_text().replace("{n_epochs: 3}", "\n    n_epochs: 3\n    ") + "  provider: "
    typed, lines = file.with_name("typed.yaml"), text.splitlines()
    server.problems(typed, text)
    assert list(server.completions(typed, len(lines) - 1, len(lines[-1]))) == ["local"]
    settings = server.completions(typed, lines.index("    "), 4)
    assert settings["batch_size"]["documentation"] == "Examples in a batch."
    server.problems(file, file.read_text())
    (line,) = (number for number, each in enumerate(lines) if each.startswith("  hyperparameters:"))
    shown = plain(server.hover(file, line, len("  hyperparameters: {n_")))
    assert shown.startswith("#### n_epochs\n\nPasses over the data.\n")


def test_of_several_documents_each_needs_the_comment(server: LanguageServer, tmp_path: Path) -> None:
    """Below the `---`; so does the page say, and so do our examples."""
    comment = modeline(str(REPOSITORY / "schemas" / SCHEMA_KINDS["finetune"]))
    wrong = "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {}\nspec: {model: m, training_file: file-a}\n"
    once = server.problems(tmp_path / "once.yaml", f"{comment}{wrong}---\n{wrong}")
    each = server.problems(tmp_path / "each.yaml", f"---\n{comment}{wrong}---\n{comment}{wrong}")
    assert [mark["range"]["start"]["line"] for mark in once] == [3]
    assert [mark["range"]["start"]["line"] for mark in each] == [4, 10]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_an_example_has_no_mark_and_a_comment_in_each_document(server: LanguageServer, file: Path) -> None:
    text = file.read_text()
    assert server.problems(file, text) == []
    documents = re.split("^---$", text, flags=re.MULTILINE)
    assert all("# yaml-language-server: $schema=" in document for document in documents)
