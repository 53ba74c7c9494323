"""How a provider bends what it is sent and shows: as real servers and gateways have been seen to do."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

JOBS = {"openai": "/v1/fine_tuning/jobs", "openai_legacy": "/v1/fine-tunes"}
SOME = 0.4
"""How often a gateway that drops marks on some creates does so."""
Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """One provider's habits; they do not change while it is talked to."""

    dialect: str
    drops_marks: float = 0.0
    """The share of creates that lose their `metadata` on the way in."""
    thin_lists: bool = False
    """A list shows less of a job than a retrieve: neither marks nor settings."""
    texts_for_numbers: bool = False
    float32: bool = False
    """0.1 comes back as 0.10000000149011612."""
    versioned_models: bool = False
    own_file_names: bool = False
    """An upload is stored, and shown in jobs, under a name of the server's own."""
    lagging_lists: bool = False
    """A job is listed half a second after it was made."""

    @property
    def jobs(self) -> str:
        """The path of jobs."""
        return JOBS[self.dialect]

    def __str__(self) -> str:
        habits = (field.name for field in fields(self)[1:] if getattr(self, field.name))
        named = (f"{name} {self.drops_marks:g}" if name == "drops_marks" else name for name in habits)
        return f"{self.dialect}: {', '.join(named) or 'straight'}".replace("_", " ")


def drawn(dialect: str, draw: random.Random) -> World:
    """Draw a world."""
    return World(
        dialect,
        drops_marks=draw.choice((0.0, SOME, 1.0)) if dialect == "openai" else 0.0,
        thin_lists=draw.random() < 0.5,
        texts_for_numbers=draw.random() < 0.5,
        float32=draw.random() < 0.5,
        versioned_models=draw.random() < 0.5,
        own_file_names=draw.random() < 0.5,
        lagging_lists=draw.random() < 0.5,
    )


def worst(dialect: str) -> World:
    """Return the world that does everything at once, and drops the mark of some creates."""
    return World(dialect, SOME if dialect == "openai" else 0.0, *[True] * 6)


def bent_job(job: Shown, world: World, *, listed: bool) -> Shown:
    """Return a job as this world shows it."""
    shown = dict(job)
    if listed and world.thin_lists:
        for hidden in ("metadata", "hyperparameters", "hyperparams", "method", "seed"):
            shown.pop(hidden, None)
    if world.versioned_models and isinstance(shown.get("model"), str) and ":" not in shown["model"]:
        shown["model"] = _versioned(shown["model"], world)
    for place in ("hyperparameters", "hyperparams", "method"):
        if place in shown:
            shown[place] = _bent_values(shown[place], world)
    for place in ("training_files", "validation_files"):
        if place in shown:
            shown[place] = [bent_file(file, world) for file in shown[place]]
    return shown


def bent_file(file: Shown, world: World) -> Shown:
    """Return a file as this world shows it."""
    return file | {"filename": f"upload-{file['id'][-6:]}.jsonl"} if world.own_file_names else file


def _versioned(model: str, world: World) -> str:
    """Name the snapshot behind an alias; the modern emulator does so by itself."""
    return f"{model}:2020-05-03" if world.dialect == "openai_legacy" else model


def _bent_values(value: Any, world: World) -> Any:
    if isinstance(value, Mapping):
        return {name: _bent_values(inner, world) for name, inner in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = (
        struct.unpack("f", struct.pack("f", value))[0]
        if world.float32 and isinstance(value, float)
        else value
    )
    return str(number) if world.texts_for_numbers else number
