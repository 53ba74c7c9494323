"""Nodes on which something is really trained."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.training.environment import required
from tests.unit.trainer.nodes import Node

TICKETS = {
    "billing": [
        "I was charged twice",
        "My invoice is wrong",
        "Please refund order",
        "The card was billed again",
    ],
    "bug": ["The app crashes at start", "The page shows an error", "Export fails", "The button does nothing"],
    "question": ["How do I add a seat", "Where are the settings", "Can I export data", "What is in the plan"],
}
SYSTEM = "Classify the ticket."
LESSON = {"n_epochs": 10, "learning_rate": 0.01, "modules_to_save": "embed_tokens,lm_head"}
"""What a model of random weights needs to learn anything at all from an adapter: its tokens too."""
QUICK = {**LESSON, "n_epochs": 2}


def conversations(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return tickets with their class: a lesson that a very small model can learn."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        kind = chance.choice(sorted(TICKETS))
        ticket = f"{chance.choice(TICKETS[kind])}, order {chance.randint(100, 999)}"
        rows.append({"messages": [*asked(ticket), {"role": "assistant", "content": kind}]})
    return rows


def asked(ticket: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ticket}]


@pytest.fixture(scope="session")
def python() -> str:
    return required()


@pytest.fixture
def node(tmp_path: Path, python: str) -> Node:
    return TrainingNode(tmp_path, python)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, python: str) -> Node:
    """A node of a whole file of tests: what one has trained, another goes on from."""
    return TrainingNode(tmp_path_factory.mktemp("node"), python)


class TrainingNode(Node):
    """A node whose jobs train the very small model on tickets, unless a test says otherwise."""

    def document(self, name: str = "a", **fields: Any) -> dict[str, Any]:
        if "training_file" not in fields:
            fields["training_file"] = self.data("tickets.jsonl", conversations(60))
        if "continue_from" in fields:
            fields["model"] = None
        return super().document(name, **{"model": "random:tiny", "hyperparameters": QUICK, **fields})

    def ask(self, folder: str, ticket: str, *options: str) -> str:
        """Return the answer of a model that a job has left."""
        told = (
            "-m",
            "ftops_trainer.ask",
            folder,
            ticket,
            "--system",
            SYSTEM,
            "--max-new-tokens",
            "12",
            *options,
        )
        process = self.start(*told)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out.strip()
