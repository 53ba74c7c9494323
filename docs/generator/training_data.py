"""The page of rules of training data, drawn from `schemas/datasets`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generator.reference import NOTICE
from docs.generator.schemas import resolved
from ftops.datasets.formats import PUBLISHED, format_file, format_schema
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
        "spoken by somebody else's server: there only the errors marked with *, and those that the dialect",
        "states for itself, are errors; the others are warnings. If a problem has only one right answer,",
        "`ftops data check --fix` corrects it in a copy; those marked *asked* are corrected only with",
        "`--fix-duplicates`.",
        "",
        *_forms(tables["dialects"]),
        "| kind | severity | what is said | in a corrected copy | known from |",
        "|---|---|---|---|---|",
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


def _forms(dialects: Mapping[str, Any]) -> Iterator[str]:
    yield "## Forms"
    yield ""
    yield from (
        "The forms of rows are JSON Schemas in `schemas/datasets/`, by which `ftops validate` judges each",
        "row. What they cannot say (the order of messages, weights, which call an answer answers) is checked",
        "separately. `ftops schema dataset-chat` prints a self-contained one; with `--dialect NAME`, as the",
        "providers of that dialect accept it. In them `x-rule` names the rule below that a value breaks, and",
        "`x-rules` does so for a single keyword; other tools ignore both.",
        "",
    )
    for name in PUBLISHED:
        schema = format_schema(name)
        yield f"### {name}"
        yield ""
        yield schema["description"]
        yield ""
        for example in schema["examples"]:
            row = example if isinstance(example, dict) else {name: example}
            yield from ("```json", json.dumps(row), "```", "")
        yield "| field | type | | meaning |"
        yield "|---|---|---|---|"
        yield from _fields(schema)
        yield ""
        for dialect in sorted(dialects):
            if format_file(name, dialect) != format_file(name):
                yield f"At `{dialect}`: {format_schema(name, dialect)['description']}"
                yield ""
    yield "## Rules"
    yield ""


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """Draw the fields of a row, two levels deep: what is below is in the schema."""
    top = schema["definitions"]["tools"]["items"] if "properties" not in schema else schema
    for name, field in top["properties"].items():
        yield _field(name, field, schema, required=name in top["required"])
        for inner, below in field.get("properties", {}).items():
            yield _field(f"{name}.{inner}", below, schema, required=inner in field["required"])


def _field(path: str, field: Mapping[str, Any], schema: Mapping[str, Any], *, required: bool) -> str:
    found = resolved(field, schema)
    kind = f"`{found['const']}`" if "const" in found else str(found["type"]).replace("array", "list")
    return f"| `{path}` | {kind} | {'required' if required else ''} | {_cell(found['description'])} |"


def _rule(item: tuple[str, Mapping[str, Any]]) -> str:
    kind, rule = item
    severity = rule["severity"] + ("*" if rule.get("everywhere") else "")
    says = rule["says"].format_map(_SAMPLE)
    fix = _cell(rule.get("fix", "")) + (" (*asked*)" if rule.get("fix_if_asked") else "")
    return f"| `{kind}` | {severity} | {_cell(says)} | {fix} | {_cell(rule['source'])} |"


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
