"""The body of a submit, checked as Ray's own request type does: the first field that is wrong is named."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import request

from ftops.emulator.wires.ray.words import LARGEST_BODY, TROUBLE, bad_argument, bad_type, said

FIELDS = (
    "entrypoint",
    "submission_id",
    "job_id",
    "runtime_env",
    "metadata",
    "entrypoint_num_cpus",
    "entrypoint_num_gpus",
    "entrypoint_memory",
    "entrypoint_resources",
    "entrypoint_label_selector",
)
_TEXTS = ("submission_id", "job_id")
_NUMBERS = ("entrypoint_num_cpus", "entrypoint_num_gpus")


def read_submit() -> dict[str, Any]:
    """Return the body of a submit. Raises Refusal."""
    request.max_content_length = LARGEST_BODY
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        raise said(500, TROUBLE) from None
    if not isinstance(body, dict):
        raise said(500, TROUBLE)
    for name in body:
        if name not in FIELDS:
            raise bad_argument(f"got an unexpected keyword argument '{name}'")
    if "entrypoint" not in body:
        raise bad_argument("missing 1 required positional argument: 'entrypoint'")
    _check_types(body)
    return body


def _check_types(body: Mapping[str, Any]) -> None:
    if not isinstance(body["entrypoint"], str):
        raise bad_type(f"entrypoint must be a string, got {type(body['entrypoint'])}")
    for name in _TEXTS:
        _check(body, name, str, f"{name} must be a string if provided")
    _check(body, "runtime_env", dict, "runtime_env must be a dict")
    _check_each(body, "metadata", str, "strings")
    for name in _NUMBERS:
        _check(body, name, int | float, f"{name} must be a number")
    _check(body, "entrypoint_memory", int, "entrypoint_memory must be an integer")
    _check_each(body, "entrypoint_resources", int | float, "numbers")
    _check_each(body, "entrypoint_label_selector", str, "strings")


def _check(body: Mapping[str, Any], name: str, kind: Any, rule: str) -> None:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise bad_type(f"{rule}, got {type(value)}")


def _check_each(body: Mapping[str, Any], name: str, kind: Any, plural: str) -> None:
    _check(body, name, dict, f"{name} must be a dict")
    for value in (body.get(name) or {}).values():
        if not isinstance(value, kind):
            raise bad_type(f"{name} values must be {plural}, got {type(value)}")
