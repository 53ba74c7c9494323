"""A manifest that is not there yet, read as it will be once it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ftops.errors import Problem
from ftops.manifests.dialect_checks import DialectChecks
from ftops.manifests.document import Document
from ftops.manifests.loader import parse_yaml
from ftops.manifests.parser import Reader
from ftops.model.finetune import FineTune
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project


def read_unwritten(
    root: Path,
    project: tuple[Project, Document],
    providers: Mapping[str, ProviderFacts],
    name: str,
    text: str,
) -> tuple[tuple[FineTune, ...], list[Problem]]:
    """Read the text of a manifest, of the file that it would be, and what is wrong with it."""
    checks = {provider: DialectChecks(facts) for provider, facts in providers.items()}
    reader, parsed = Reader(root.resolve(), *project, checks), parse_yaml(text.encode(), name)
    found = [problem for document in parsed.documents for problem in reader.add(document)]
    return tuple(reader.fine_tunes.values()), [*parsed.problems, *found]
