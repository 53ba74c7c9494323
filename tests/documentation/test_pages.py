"""No page says what is not so: blocks run or validate, links lead somewhere, nothing generated is stale."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generator.commands import walk
from docs.generator.pages import PAGES, man_pages
from ftops.manifests.loader import parse_yaml
from ftops.manifests.schema import document_rules
from tests.conftest import REPOSITORY
from tests.documentation.blocks import Session, blocks_of, commands_of, pages
from tests.forge.server import forge_stub
from tests.forge.world import REPOSITORY as REPOSITORY_NAME
from tests.forge.world import World

LANGUAGES = {"console", "yaml", "json", "python", "text", "mermaid"}
PAGE_NAMES = [str(path.relative_to(REPOSITORY)) for path in pages()]
RUN = [name for name in PAGE_NAMES if "```console" in (REPOSITORY / name).read_text()]
BASES = {
    "finetune": {"apiVersion": "ftops/v1", "kind": "FineTune"},
    "project": {"apiVersion": "ftops/v1", "kind": "Project"},
}
REQUIRED: dict[str, dict[str, Any]] = {
    "finetune": {"model": "m", "training_file": {"path": "d.jsonl"}},
    "project": {"providers": {"local": {"dialect": "openai"}}},
}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Session:
    """A reader in an empty directory."""
    monkeypatch.setenv("NO_COLOR", "1")
    # A page shows what a person sees; what CI forbids is tested by saying so.
    monkeypatch.delenv("CI", raising=False)
    return Session(tmp_path, monkeypatch, capsys)


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """GitHub, as a job sees it that was started by hand."""
    with forge_stub(World()) as root:
        monkeypatch.delenv("GITHUB_EVENT_NAME", raising=False)
        monkeypatch.setenv("GITHUB_API_URL", f"{root}/api/v3")
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY_NAME)
        monkeypatch.setenv("GITHUB_TOKEN", "ghs_workflow0")
        yield


@pytest.mark.parametrize("name", RUN)
def test_what_a_page_shows_is_what_happens(
    name: str, session: Session, copy_example: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    if name.endswith("comment-on-pull-requests.md"):
        request.getfixturevalue("forge")
    parts = Path(name).parts
    if parts[0] == "examples":
        _do(session, f"$ cd {copy_example(parts[1]).name}\n")
    elif parts[:2] in (("docs", "how-to"), ("docs", "explanation")):
        _do(session, "$ ftops init project\n$ cd project\n")
        if parts[-1] != "README.md":
            _do(session, "$ ftops apply --yes --wait\n")
    for block in blocks_of((REPOSITORY / name).read_text()):
        if block.file is not None:
            session.save(block.file, block.text)
        elif block.language == "console":
            _do(session, block.text)


def _do(session: Session, text: str) -> None:
    (block,) = blocks_of(f"```console\n{text}```\n")
    for command in commands_of(block):
        session.do(command)


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_block_of_data_is_valid(name: str) -> None:
    for block in blocks_of((REPOSITORY / name).read_text()):
        assert block.language in LANGUAGES, f"a block of {block.language or 'no language'}"
        if block.language == "yaml":
            _check_yaml(block.text)
        elif block.language == "json":
            assert _documents(block.text)
        elif block.language == "python":
            ast.parse(block.text)


def _documents(text: str) -> list[dict[str, object]]:
    """Read a JSON document, or one a line."""
    try:
        found = [json.loads(text)]
    except json.JSONDecodeError:
        found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(one, dict) for one in found)
    return found


def _check_yaml(text: str) -> None:
    """A whole document is valid by its kind; a piece of one makes a valid document with what is missing."""
    parsed = parse_yaml(text.encode(), "block")
    assert not parsed.problems
    for document in parsed.documents:
        value = document.value
        kinds = [value["kind"].lower()] if "kind" in value else list(BASES)
        wrong = {kind: list(document_rules(kind).findings(_completed(value, kind))) for kind in kinds}
        assert any(not findings for findings in wrong.values()), f"{text}\n{wrong}"


def _completed(value: dict[str, Any], kind: str) -> dict[str, Any]:
    if "kind" in value:
        return value
    piece = value if value.keys() & {"apiVersion", "metadata", "spec"} else {"spec": value}
    metadata = {"name": "a", **piece.get("metadata", {})}
    return {**BASES[kind], **piece, "metadata": metadata, "spec": {**REQUIRED[kind], **piece.get("spec", {})}}


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = REPOSITORY / name
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in _anchors(target), f"{link}: no such heading"


def _anchors(page: Path) -> set[str]:
    """Make anchors of headings as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [REPOSITORY / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.is_dir():
            page /= "README.md"
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    documents = {page for page in pages() if "docs" in page.relative_to(REPOSITORY).parts}
    assert documents - reached == set()


def test_nothing_generated_is_stale() -> None:
    drawn = {**{path: draw() for path, draw in PAGES.items()}, **man_pages()}
    stale = [
        path
        for path, text in drawn.items()
        if not (REPOSITORY / path).exists() or (REPOSITORY / path).read_text() != text
    ]
    assert stale == [], "run `make docs`"
    assert {f"docs/man/{path.name}" for path in (REPOSITORY / "docs/man").iterdir()} == man_pages().keys()


def test_every_command_and_option_has_help() -> None:
    for command in walk():
        assert command.summary, f"{command.words} has no help"
        silent = [option.names for option in command.options if not option.help.split("[")[0].strip()]
        assert silent == [], f"{command.words}: options without help"


@pytest.mark.parametrize("path", sorted(man_pages()))
def test_a_man_page_renders_without_a_warning(path: str) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed here")
    arguments = [groff, "-man", "-Tutf8", "-ww", "-z", str(REPOSITORY / path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_man_shows_a_page_with_its_options() -> None:
    man = shutil.which("man")
    if man is None:
        pytest.skip("man is not installed here")
    arguments = [man, "-P", "cat", "-l", str(REPOSITORY / "docs/man/ftops-plan.1")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    text = re.sub(".\b", "", done.stdout)
    assert "ftops-plan - Show what apply would do" in text
    assert "--detailed-exitcode" in text
