"""A project's own table of prices: a file in the form of `schemas/prices.v1.json`, as YAML or JSON."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import ValidationError, convert

from ftops.errors import InvalidInput, Problem
from ftops.files.confinement import confine
from ftops.manifests.discovery import PROJECT_FILE
from ftops.manifests.document import Document
from ftops.manifests.loader import read_yaml
from ftops.manifests.schema import Finding, document_rules
from ftops.model.prices import Price, PriceTable
from ftops.model.value import replace

_NEEDED = "must have one of model, size and gpu, and either an amount or both low and high"


def read_price_table(root: Path, name: str | None) -> tuple[Price, ...]:
    """Read the prices that `price_table` names, none where it names no file.

    Raises InvalidInput with the place of every mistake: a price without a date is one, since nobody could say
    whether it still holds. Raises Refused where, in CI, the file lies outside the project.
    """
    if name is None:
        return ()
    path = root / name
    confine(root, path, name, os.environ)
    if not path.is_file():
        hint = f"create the file, or remove price_table from {PROJECT_FILE}"
        raise InvalidInput((Problem(f"spec.price_table: there is no file {name}", PROJECT_FILE, hint=hint),))
    parsed = read_yaml(path, name)
    problems = list(parsed.problems)
    documents = [document for document in parsed.documents if document.value is not None]
    if not problems and len(documents) != 1:
        problems.append(Problem(f"must hold one document, not {len(documents)}", name))
    rules = document_rules("prices")
    for document in documents[:1]:
        problems += document.problems
        if not rules.valid(document.value):
            found = map(_worded, rules.findings(document.value))
            problems += [document.problem(one.message, one.path, one.hint, key=one.key) for one in found]
    if problems:
        raise InvalidInput(tuple(dict.fromkeys(problems)))
    return _rows(documents[0])


def _rows(document: Document) -> tuple[Price, ...]:
    """Return the rows. Raises InvalidInput for what no schema sees, such as a range upside down."""
    try:
        rows = convert(document.value, PriceTable).prices
    except ValidationError as error:
        raise InvalidInput((document.problem(str(error)),)) from None
    upside_down = [
        document.problem("low is above high", ("prices", number, "low"))
        for number, row in enumerate(rows)
        if row.low is not None and row.high is not None and row.low > row.high
    ]
    if upside_down:
        raise InvalidInput(tuple(upside_down))
    return rows


def _worded(finding: Finding) -> Finding:
    """Say of a row that names nothing, or has no amount, what it needs: no schema says it in a sentence."""
    if "given schemas" not in finding.message and "valid under each" not in finding.message:
        return finding
    return replace(finding, message=_NEEDED)
