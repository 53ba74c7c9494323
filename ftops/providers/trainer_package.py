"""The reference trainer as it travels to nodes that have no ftops, and what its contract declares.

The trainer is not imported here: its files are read and sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ftops.errors import FtopsError
from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject

PACKAGE = "ftops_trainer"
"""What the trainer is called on a node."""

JOB_SCHEMA = "job.v1.json"
EVENT_SCHEMA = "trainer-event.v1.json"
_FTOPS = Path(__file__).resolve().parent.parent
_ONLY = "methods"
"""The key by which the schema of a hyperparameter says which methods alone have it."""


@cache
def trainer_files() -> Mapping[str, bytes]:
    """Read the trainer and the schemas of its contract, each by its path in a package."""
    code = {path.name: path.read_bytes() for path in sorted((_FTOPS / "trainer").glob("*.py"))}
    contract = {name: _schema_path(name).read_bytes() for name in (JOB_SCHEMA, EVENT_SCHEMA)}
    return {f"{PACKAGE}/{name}": content for name, content in {**code, **contract}.items()}


@cache
def trainer_digest() -> str:
    """Name the files that are sent by what is in them: 64 hex digits."""
    digest = hashlib.sha256()
    for name, content in sorted(trainer_files().items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@cache
def trainer_version() -> int:
    """Return the version of the trainer: it changes when the same job document gives another result."""
    version: int = _job_schema()["properties"]["trainer_version"]["const"]
    return version


@cache
def hyperparameters(method: Method) -> JSONObject:
    """Return the hyperparameters of a method, each with the schema of its value."""
    declared = _job_schema()["properties"]["hyperparameters"]["properties"]
    return {
        name: {key: value for key, value in schema.items() if key != _ONLY}
        for name, schema in declared.items()
        if method in schema.get(_ONLY, (method,))
    }


@cache
def resources_schema() -> JSONObject:
    """Return the schema of what a job gets of a node, as ftops.yaml has it."""
    found: JSONObject = _schema("project.v1.json")["definitions"]["resources"]
    return found


def _job_schema() -> Mapping[str, Any]:
    return _schema(JOB_SCHEMA)


@cache
def _schema(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_schema_path(name).read_text(encoding="utf-8"))
    return found


def _schema_path(name: str) -> Path:
    """Find a schema: inside an installed package, else next to it in a checkout."""
    for folder in (_FTOPS / "schemas", _FTOPS.parent / "schemas"):
        if (folder / name).is_file():
            return folder / name
    raise FtopsError(f"the schema {name} is not installed", hint="install ftops again")
