"""The limit: `limit.py`, run by a Python of its own, so that it depends on nothing that ftops depends on."""

from __future__ import annotations

import subprocess

from benchmarks.measuring import Contender
from benchmarks.place import ENVIRONMENTS, REPOSITORY
from benchmarks.worlds.world import World
from tests.conformance.environments import environment

REQUIREMENT = "msgspec>=0.19"


def no_op_plan(world: World, base_url: str) -> Contender:
    """Return the limit of a plan that finds every file as it is in its index."""
    python = environment((REQUIREMENT,), ENVIRONMENTS)
    index = str(world.folder / "index.msgpack")
    command = [str(python), str(REPOSITORY / "benchmarks/limit.py"), str(world.root), base_url, index]

    def index_of_what_is_there() -> None:
        subprocess.run([*command, "--index", str(world.folder / "known.json")], check=True)

    return Contender("plan/limit", command, world.folder, index_of_what_is_there)
