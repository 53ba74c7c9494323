"""What the server must know of one wire format, and which formats there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from flask import Blueprint

from ftops.emulator.context import Emulator
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.world.billing import Billed
from ftops.emulator.world.settings import EmulatorSettings


class Routes(Protocol):
    """Endpoints of one blueprint; each is named by the operation that faults match."""

    def __init__(self, emulator: Emulator) -> None:
        """Serve one world."""

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""


def no_headers(settings: EmulatorSettings) -> Mapping[str, str]:
    """Return the headers of a provider that adds none."""
    del settings
    return {}


def no_control(emulator: Emulator, blueprint: Blueprint) -> None:
    """Add no control routes to those of every format."""
    del emulator, blueprint


def stored_jobs(emulator: Emulator) -> Mapping[str, tuple[int, int]]:
    """Return how many jobs each family has, and how many of them are active."""
    return emulator.jobs.counts(emulator.clock.now())


def no_bill(emulator: Emulator) -> list[Billed]:
    """Bill nothing: of this provider no price was found, or it has none."""
    del emulator
    return []


@dataclass(frozen=True, slots=True)
class Wire:
    """One format, or several that share a server. A folder of `wires/` keeps it as `WIRE`, in its `wire.py`.

    `base_path` is what a client's base URL ends with. A key is looked for in `Authorization: Bearer` and,
    bare, in the `key_headers`; blueprints of `without_key` take none. `refusal_body` is the shape of its
    errors (a text, or what becomes JSON), `reply_headers` go with each reply. `control` adds routes of its
    own to `/_emulator`, and `job_counts` counts jobs that are kept elsewhere than the others'. `bill` is what
    the jobs that have ended cost.
    """

    routes: tuple[type[Routes], ...]
    base_path: str = "/v1"
    key_headers: tuple[str, ...] = ()
    without_key: frozenset[str] = frozenset()
    refusal_body: Callable[[Refusal], Any] = Refusal.body
    reply_headers: Callable[[EmulatorSettings], Mapping[str, str]] = no_headers
    control: Callable[[Emulator, Blueprint], None] = no_control
    job_counts: Callable[[Emulator], Mapping[str, tuple[int, int]]] = stored_jobs
    bill: Callable[[Emulator], list[Billed]] = no_bill


FOLDERS: Mapping[str, str] = {
    "openai": "openai",
    "openai_legacy": "openai",
    "azure_openai": "azure_openai",
    "mistral": "mistral",
    "fireworks": "fireworks",
    "together": "together",
    "alibaba": "alibaba",
    "nebius": "nebius",
    "bedrock": "bedrock",
    "litellm": "litellm",
    "litellm_passthrough": "litellm_passthrough",
    "portkey": "portkey",
    "ray": "ray",
}
"""The word of `--dialect` -> the folder whose `WIRE` serves it. OpenAI's two are served together."""

DEFAULT = "openai"


def wire_of(dialect: str) -> Wire:
    """Return the format that serves a dialect; only this one is loaded. Raises KeyError."""
    wire: Wire = import_module(f"ftops.emulator.wires.{FOLDERS[dialect]}.wire").WIRE
    return wire


def spoken_with(dialect: str) -> tuple[str, ...]:
    """Return every dialect that is spoken where this one is."""
    return tuple(name for name, folder in FOLDERS.items() if folder == FOLDERS[dialect])
