"""The reference page of policies, drawn from the rules themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable

from docs.generator.reference import NOTICE
from docs.generator.schemas import fields_table
from ftops.manifests.policy_documents import MOST_RULES
from ftops.manifests.schema import schema_text
from ftops.review.everyday import EVERYDAY
from ftops.review.expression_steps import MOST_CHARACTERS_OF_A_VALUE
from ftops.review.expression_text import MOST_BRACKETS, MOST_CHARACTERS, MOST_OPERATORS
from ftops.review.expressions import (
    FUNCTIONS,
    MACROS,
    METHODS,
    MOST_STEPS,
    MOST_STEPS_OF_A_RUN,
)


def policies_page() -> str:
    """Draw the everyday rules."""
    lines = [
        NOTICE.format(source="`EVERYDAY` in ftops/review/everyday.py"),
        "# Policies",
        "",
        "What is forbidden, and what to do about it: [forbid things](../how-to/forbid-things.md).",
        "",
        "## Everyday rules",
        "",
        "Fields of `policies` in [`ftops.yaml`](project-file.md). Each judges what a plan creates now or",
        "leads to later; a plan that breaks one is refused with exit code 3.",
        "",
        "| rule | looks at | refuses | what to do |",
        "|---|---|---|---|",
        *(f"| `{rule.name}` | {rule.looks_at} | {rule.refuses} | {rule.remedy} |" for rule in EVERYDAY),
    ]
    lines += ["", *_sees(), *_limits()]
    return "\n".join(lines) + "\n"


def _sees() -> list[str]:
    schema = json.loads(schema_text("policy-change"))
    return [
        "## What an expression sees",
        "",
        f"{schema['description']} The JSON Schema: `ftops schema policy-change`. The documents themselves:",
        "`ftops schema policy` and `ftops schema waiver`.",
        "",
        *fields_table(schema),
        "",
    ]


def _limits() -> list[str]:
    return [
        "## What an expression may say",
        "",
        f"Operators of CEL, strings in plain quotes, lists; the functions {_words(FUNCTIONS)}; the methods",
        f"{_words(METHODS)}; over lists and maps {_words(MACROS)}. Numbers compare by value,",
        "and values of different kinds are unequal. Patterns of `matches` are those of RE2.",
        "",
        "| limit | |",
        "|---|---|",
        f"| characters of an expression | {MOST_CHARACTERS:,} |",
        f"| brackets inside one another | {MOST_BRACKETS} |",
        f"| operators | {MOST_OPERATORS} |",
        f"| rules of a project | {MOST_RULES} |",
        f"| steps of one evaluation, of all of a plan | {MOST_STEPS:,}, {MOST_STEPS_OF_A_RUN:,} |",
        f"| characters of a string, or of all in a list, that it makes | {MOST_CHARACTERS_OF_A_VALUE:,} |",
        "",
        "What goes beyond is no answer, and a rule without an answer is broken.",
    ]


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
