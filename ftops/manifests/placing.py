"""Problems that are found after a manifest was read, at their place in it.

The file is read again for that: kept, the documents of all manifests would fill memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from ftops.errors import Problem
from ftops.manifests.document import Document, Steps
from ftops.manifests.loader import read_yaml
from ftops.manifests.origin import Origin
from ftops.manifests.schema import Finding
from ftops.model.finetune import FineTune, Source


def placed(
    root: Path, found: Iterable[tuple[FineTune, Finding]], project: Document
) -> Iterator[tuple[FineTune, Problem]]:
    """Pair each fine-tune with the problem that a finding about it is."""
    for file, group in groupby(sorted(found, key=_file_of), key=_file_of):
        documents: dict[str | None, Document] = {}
        for document in read_yaml(root / file, file).documents:
            documents.setdefault(claimed_name(document.value), document)
        for fine_tune, finding in group:
            document_of = documents.get(fine_tune.name)
            if document_of is not None:
                yield fine_tune, Origin(document_of, project).problem(finding)
            else:
                yield fine_tune, Problem(finding.message, file, fine_tune.source.line, hint=finding.hint)


class Places:
    """Finds where a field of a fine-tune is written. The documents of one file at a time are kept."""

    def __init__(self, root: Path, project: Document) -> None:
        self._root = root
        self._project = project
        self._file: str | None = None
        self._documents: dict[str | None, Document] = {}

    def find(self, fine_tune: FineTune, path: Steps) -> Source:
        """Return where a field is, or the nearest parent of it; the fine-tune itself where it is gone."""
        if fine_tune.source.file != self._file:
            self._file = fine_tune.source.file
            documents = read_yaml(self._root / self._file, self._file).documents
            self._documents = {claimed_name(one.value): one for one in documents}
        document = self._documents.get(fine_tune.name)
        if document is None:
            return fine_tune.source
        found = Origin(document, self._project).problem(Finding(path, ""))
        return Source(found.file or self._file, found.line or fine_tune.source.line)


def claimed_name(value: Any) -> str | None:
    """Return the name that a document declares, however wrong the rest of it is."""
    metadata = value.get("metadata") if isinstance(value, dict) and value.get("kind") == "FineTune" else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def _file_of(found: tuple[FineTune, Finding]) -> str:
    return found[0].source.file
