"""The page of rules of training data, drawn from `schemas/datasets`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generator.reference import NOTICE
from ftops.datasets.tables import document

_SAMPLE = {"value": "…", "limit": "…", "field": "…"}


def training_data_page() -> str:
    """Draw every rule with its source, and each dialect's limits."""
    tables = document("rules.v1.json")
    lines = [
        NOTICE.format(source="schemas/datasets"),
        "# Training data",
        "",
        "`ftops validate` reads every data file once and counts what it finds by kind, so that no kind",
        "hides another. An *error* is documented to be refused, or no server could read it; a *warning*",
        "is likely or reported to be refused, or spoils training. In `validate --format json` each has",
        "the kind of the first column. For a model that a dialect's table does not have, the dialect is",
        "spoken by somebody else's server: there only the errors marked with * are errors, the others are",
        "warnings.",
        "",
        "The forms of rows are JSON Schemas, in `schemas/datasets/forms.v1.json`.",
        "",
        "| kind | severity | what is said | known from |",
        "|---|---|---|---|",
        *map(_rule, tables["rules"].items()),
    ]
    for name, dialect in sorted(tables["dialects"].items()):
        lines += ["", f"## {name}", "", "| | |", "|---|---|"]
        lines += [f"| {key} | {value} |" for key, value in _limits(dialect)]
        lines += ["", "| base model | form | tokens of one example | images |", "|---|---|---|---|"]
        lines += map(_model, dialect["models"])
    lines += ["", "## Forms of other programs", "", "| form | what to do |", "|---|---|"]
    forms = document("foreign.v1.json")["forms"]
    lines += [f"| {_cell(form['name'])} | {_cell(form['hint'])} |" for form in forms]
    return "\n".join(lines) + "\n"


def _rule(item: tuple[str, Mapping[str, Any]]) -> str:
    kind, rule = item
    severity = rule["severity"] + ("*" if rule.get("everywhere") else "")
    says = rule["says"].format_map(_SAMPLE)
    return f"| `{kind}` | {severity} | {_cell(says)} | {_cell(rule['source'])} |"


def _limits(dialect: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fewest = ", ".join(f"{method} {count}" for method, count in dialect.get("fewest", {}).items())
    yield "fewest examples", fewest or "not documented"
    for key, words in (
        ("most_bytes", "most bytes of a file"),
        ("most_rows", "most rows of a file"),
        ("most_images", "most images of an example"),
        ("most_image_rows", "most examples with images"),
    ):
        if key in dialect:
            yield words, f"{dialect[key]:,}"
    for kind, severity in dialect.get("rules", {}).items():
        yield f"`{kind}`", f"{severity} here"


def _model(model: Mapping[str, Any]) -> str:
    context = f"{model['context']:,}" if "context" in model else "not known"
    images = "yes" if model.get("images") else "not documented"
    return f"| {_cell('`' + model['base'] + '`')} | {model['form']} | {context} | {images} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
