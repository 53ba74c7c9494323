"""Whatever a dialect says that it can carry is in what its create sends: nothing is dropped silently."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ftops.errors import Failure, ProviderError
from ftops.model.capabilities import Capabilities
from ftops.model.finetune import Method
from ftops.model.job import Stamp
from ftops.model.request import JobRequest, RequestFile
from ftops.model.value import replace
from ftops.providers.dialect import Dialect, Engine
from ftops.providers.flow import Answer
from ftops.providers.registry import dialects
from ftops.transport.exchange import HttpReply, Request
from tests.contracts.dialects import CASES, DialectCase, dialect_of

STAMP = Stamp("demo", "l1", "triage", f"f1:{'a' * 64}", 2, 1, "n1")
SAID_OTHERWISE = {("azure_openai 2024-10-21", "Standard"), ("together", "wandb")}
"""What a format has no field for: it can be nothing else, or the names of other fields say it."""
REPLIES = {"version": {"ray_version": "2.60.0", "session_name": "s1"}}


def variants() -> Iterator[tuple[str, Method]]:
    for name, case in CASES.items():
        for method in spoken(name, case).capabilities.methods:
            yield name, method


def spoken(name: str, case: DialectCase) -> Dialect:
    """Return the dialect as this case's provider speaks it."""
    settings = case.provider("p", dialect_of(name))
    dialect = dialects()[settings.dialect].bound({key: str(value) for key, value in settings.own.items()})
    if isinstance(dialect, Engine) and settings.trainer is not None:
        return dialect.running(settings.trainer, Path())
    return dialect


def valued(schema: Any, numbers: Iterator[int]) -> Any:
    """Return a value that a schema allows, unlike any other where that can be."""
    for chosen in ("oneOf", "anyOf", "allOf"):
        if chosen in schema:
            return valued({**schema, **schema[chosen][0], chosen: None} if schema[chosen] else {}, numbers)
    if "enum" in schema:
        return schema["enum"][-1]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return number(schema, kind, next(numbers))
    if kind == "object":
        return {key: valued(one, numbers) for key, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [valued(schema.get("items", {}), numbers)]
    if "examples" in schema or "default" in schema:
        return [*schema.get("examples", ()), schema.get("default")][0]
    return f"text-{next(numbers)}" if "pattern" not in schema else "all-linear"


def number(schema: Mapping[str, Any], kind: str, one: int) -> float:
    """Return a number within the bounds, unlike the others where there is room."""
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    most = schema.get("maximum", schema.get("exclusiveMaximum", least + 1000))
    if kind == "integer":
        return int(min(least + one, most))
    share = (one % 97 + 1) / 100
    return float(least + (most - least) * share)


def requested(can: Capabilities, method: Method, case: DialectCase) -> JobRequest:
    """Return a request with everything that the dialect says it can carry."""
    numbers = itertools.count(3)
    knobs = {name: valued(schema, numbers) for name, schema in can.methods[method].items()}
    options = {name: valued(schema, numbers) for name, schema in can.options.items()}
    if case.method == method:
        knobs, options = {**knobs, **case.hyperparameters}, {**options, **case.options}
    return JobRequest(
        model=case.model,
        training_files=(RequestFile(f"file-{'d' * 64}"),),
        validation_file=None if method in can.unvalidated else RequestFile(f"file-{'e' * 64}"),
        method=method,
        hyperparameters=knobs,
        grader={"type": "string_check", "name": "grade-one"} if method is Method.REINFORCEMENT else {},
        suffix="suff" if can.longest_suffix else None,
        seed=8642 if can.seed else None,
        provider_options=options,
        integrations=integrations(can, numbers),
        stamp=STAMP,
    )


def integrations(can: Capabilities, numbers: Iterator[int]) -> tuple[Any, ...]:
    """Return one that the dialect takes, if it takes any."""
    if not can.integrations:
        return ()
    form = can.integration_form
    usual = {"type": "wandb", "wandb": {"project": f"text-{next(numbers)}"}}
    return tuple(valued(form, numbers)) if form else (usual,)


def what_is_sent(dialect: Dialect, request: JobRequest) -> list[Any]:
    """Return the bodies of a create's requests, up to the one that costs money."""
    flow = dialect.create(request, "p")
    sent: list[Any] = []
    asked = next(flow)
    while True:
        sent += bodies(asked)
        if asked.operation == "create":
            flow.close()
            return sent
        reply = HttpReply(200, {}, REPLIES.get(asked.operation, {}))
        asked = flow.send(Answer(reply, unreadable))


def unreadable(why: object) -> ProviderError:
    return ProviderError(str(why), failure=Failure("p", "create"))


def bodies(asked: Request) -> Iterator[Any]:
    yield from (asked.query, asked.form or {}, asked.body or {})
    if asked.content is not None:
        with zipfile.ZipFile(io.BytesIO(asked.content)) as opened:
            yield json.loads(opened.read("job.json"))


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value without members; numbers as one kind."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield value
    else:
        yield float(value)


def arrives(value: Any, sent: list[Any]) -> bool:
    """Return whether a value is among those that are sent, also written as text or inside one."""
    if value in sent:
        return True
    texts = [one for one in sent if isinstance(one, str)]
    words = {str(value), f"{value:g}" if isinstance(value, float) else str(value)}
    return any(word in text for word in words for text in texts)


@pytest.mark.parametrize(("name", "method"), list(variants()), ids=str)
def test_every_field_of_a_request_is_sent(name: str, method: Method) -> None:
    case = CASES[name]
    dialect = spoken(name, case)
    request = requested(dialect.capabilities, method, case)
    sent = list(leaves(what_is_sent(dialect, request)))
    wanted: dict[str, Any] = {
        "training_file": "d" * 64,
        "validation_file": "e" * 64 if request.validation_file else None,
        "suffix": request.suffix,
        "seed": None if request.seed is None else float(request.seed),
        "hyperparameters": request.hyperparameters,
        "provider_options": request.provider_options,
        "grader": request.grader,
        "integrations": request.integrations,
    }
    lost = [
        f"{field}: {value!r}"
        for field, told in wanted.items()
        for value in leaves(told)
        if value is not None and (name, value) not in SAID_OTHERWISE and not arrives(value, sent)
    ]
    assert lost == []


LEFT_TO_OTHERS = {("together", "integrations", "0.type")}
"""Together has fields of this one integration's own, whose names are its type."""


def lacking(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a map or list once for each of its members at any depth, without that one."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield (key,), {name: other for name, other in value.items() if name != key}
            yield from (((key, *path), {**value, key: less}) for path, less in lacking(one))
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            before, after = value[:number], value[number + 1 :]
            for path, less in lacking(one):
                yield (str(number), *path), type(value)((*before, less, *after))


@pytest.mark.parametrize(("name", "method"), list(variants()), ids=str)
def test_no_field_can_be_left_out_without_a_trace(name: str, method: Method) -> None:
    """Also what looks like another value, as `true` does: a create without the field is another one."""
    case = CASES[name]
    dialect = spoken(name, case)
    request = requested(dialect.capabilities, method, case)
    sent = what_is_sent(dialect, request)
    fields = ("hyperparameters", "provider_options", "grader", "integrations")
    lesser = [
        (field, ".".join(path), less) for field in fields for path, less in lacking(getattr(request, field))
    ]
    lost = [
        (field, path)
        for field, path, less in lesser
        if what_is_sent(dialect, replace(request, **{field: less})) == sent
        if (name, field, path) not in LEFT_TO_OTHERS
        if (name, getattr(request, field).get(path) if path and field == "provider_options" else None)
        not in SAID_OTHERWISE
    ]
    assert lost == []
