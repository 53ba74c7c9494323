"""The page of the GitHub action, drawn from `action.yml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from docs.generator.reference import NOTICE

ACTION = Path(__file__).resolve().parents[2] / "action.yml"


def action_page() -> str:
    """Draw what the action takes and gives."""
    action: Any = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    lines = [
        NOTICE.format(source="action.yml"),
        "# The GitHub action",
        "",
        action["description"],
        "How it is used: [Run in GitHub Actions](../how-to/run-in-github-actions.md).",
        "",
        "| input | default | is |",
        "|---|---|---|",
        *_inputs(action["inputs"]),
        "",
        "| output | is |",
        "|---|---|",
        *(f"| `{name}` | {_cell(told['description'])} |" for name, told in action["outputs"].items()),
        "",
        "The word before a colon is the mode that it is for. The keys of a provider and of a store, and",
        "`FTOPS_PLAN_KEY`, are given by `env` of the step, as ftops reads them. The step ends with the",
        "[exit code](exit-codes.md) of ftops.",
    ]
    return "\n".join(lines) + "\n"


def _inputs(inputs: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, told in inputs.items():
        default = f"`{told['default']}`" if told["default"] else ""
        yield f"| `{name}` | {default} | {_cell(told['description'])} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
