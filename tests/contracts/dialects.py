"""What the contract of providers must know of each dialect: one case, and it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftops.model.job import JobStatus

CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
PAIR = {"prompt": "q", "completion": "a"}
OPENAI_FAMILY = ("openai", "openai_legacy")
"""Those that the emulator's usual server speaks."""


@dataclass(frozen=True)
class DialectCase:
    """One create that a dialect takes, and in what its server differs from OpenAI's.

    `settings` are its own keys of a provider. `absent` are promises that cannot be asked of it: names of
    tests without `test_`, each with the reason.
    """

    model: str
    row: Mapping[str, Any]
    hyperparameters: Mapping[str, Any] = field(default_factory=lambda: {"n_epochs": 3})
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    created: int = 200
    cancelled: JobStatus = JobStatus.CANCELLED
    absent: Mapping[str, str] = field(default_factory=dict)


CASES: Mapping[str, DialectCase] = {
    "openai": DialectCase("gpt-4o-mini", CHAT),
    "openai_legacy": DialectCase("curie", PAIR),
}
