"""TrainerSettings: what a provider that runs a trainer is told of it, as `trainer` of ftops.yaml says it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.json_value import JSON, JSONObject

ENTRYPOINT = "exec python -m ftops_trainer job.json"
"""What an engine runs: the reference trainer, on the job document beside it."""


class TrainerSettings(Struct, frozen=True):
    """The program that an engine runs for each job, and what it is given.

    `entrypoint` is a line for a shell and goes there as it is: no value of a manifest is ever put into it.
    `output` is a folder that every node can write; a job has a folder of its own in it. `data` is a folder or
    URL prefix where nodes find data files of more than `package_limit` bytes, by their path in the project.
    `models` are names for manifests, each with the path or id that nodes know. `stop_grace` is how many
    seconds a job has to save itself after a stop.
    """

    output: str
    entrypoint: str = ENTRYPOINT
    runtime_env: JSONObject = field(default_factory=dict)
    resources: JSONObject = field(default_factory=dict)
    data: str | None = None
    stop_grace: int = 60
    models: Mapping[str, str] = field(default_factory=dict)
    package_limit: int = 64 * 2**20

    @property
    def decisive(self) -> dict[str, JSON]:
        """Return what of it decides the result of a training, the models apart.

        Where a result is put, how much of a machine it gets and how long a stop may take do not.
        """
        software = {key: value for key, value in self.runtime_env.items() if key in _SOFTWARE}
        return {"entrypoint": self.entrypoint, **({"runtime_env": software} if software else {})}


_SOFTWARE = frozenset(("pip", "uv", "conda", "container", "image_uri", "py_executable", "py_modules"))
"""Keys of a runtime environment that bring software. Variables do not: a cache's place decides nothing."""
