"""Faults on request: armed over HTTP, kept in the database, so that they strike in any process.

`POST /_emulator/faults` takes `{"kind", "operation", "times", "skip"}` and the parameters that `KINDS` names.
To test a client that follows events through bad connections:

    {"kind": "cut_stream", "events": 2}                    the first stream breaks off after two events,
    {"kind": "cut_stream", "events": 4, "within": true}    the second in the middle of its fifth event,
    {"kind": "error_stream", "events": 1}                  the third holds an error line after its first,
    {"kind": "drop", "operation": "events", "times": 2}    and two more find the connection closed.

A stream always begins with the job's first event, and each momentary fault strikes one request, in the order
of arming. Pages of the modern format are struck by the general kinds with `"operation": "events"`: `drop`,
`status`, `truncate`, `html`, and `repeat_page`, which repeats events that were already sent.
"""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import orjson

from ftops.emulator.wires.refusals import WORDED, missing
from ftops.emulator.world.database import Database
from ftops.emulator.world.fields import Fields

OPERATIONS = (
    "create",
    "list",
    "retrieve",
    "cancel",
    "pause",
    "resume",
    "events",
    "checkpoints",
    "upload",
    "put_file",
    "preprocess_file",
    "list_files",
    "retrieve_file",
    "delete_file",
    "download",
    "list_models",
    "retrieve_model",
    "delete_model",
    "version",
)
ANY = "any"
FOREVER = 0
GARBAGE = 'data: {"object": "fine-tune-ev'


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sort of fault does, and where it strikes unless told otherwise."""

    remark: str
    operation: str = ANY
    standing: bool = False
    """Several can strike one request, and a momentary one with them."""
    times: int = 1


KINDS: dict[str, Kind] = {
    "status": Kind("an error instead of the effect: status, code, message, retry_after"),
    "status_after": Kind("the effect, then an error: status, code, message, retry_after"),
    "drop": Kind("the connection is closed before the effect"),
    "lost_reply": Kind("the effect, then the connection is closed without a reply"),
    "truncate": Kind("the effect, then half of the body under the full Content-Length"),
    "html": Kind("the effect, then 200 with a page of HTML"),
    "odd_reply": Kind("the effect, then 200 with `text` for a body"),
    "drip": Kind("the effect, then the reply byte by byte, `seconds` of real time apart"),
    "slow": Kind("the effect, then `seconds` of real time before the reply"),
    "lagging_list": Kind("jobs younger than `seconds` of real time are not listed", "list", standing=True),
    "forget": Kind("the job `id` can be neither listed nor found", standing=True, times=FOREVER),
    "quota": Kind(
        "429 for a create; with `max`, only while so many jobs are active", "create", standing=True
    ),
    "refuse": Kind(
        "a create is refused as `as` says (billing, quota, forbidden, scope, fresh_model); `model` alone",
        "create",
        standing=True,
    ),
    "file_status": Kind(
        "files younger than `seconds` (or `id` alone) show the status `as`, and no job is made from them",
        standing=True,
        times=FOREVER,
    ),
    "fail_job": Kind("the created job fails halfway through its training: code, message", "create"),
    "restart_head": Kind(
        "Ray: just before a request the head restarts; without `memory`, jobs live on for `seconds`"
    ),
    "repeat_page": Kind("a page ignores its cursor and says that there is more", "list"),
    "truncate_list": Kind("half a page says that there is more; the next `failures` lists get a 500", "list"),
    "cut_stream": Kind("the connection breaks after `events` events, or `within` the next one", "events"),
    "end_stream": Kind("the stream ends in good order after `events` events, without [DONE]", "events"),
    "repeat_stream": Kind("the first `events` events are sent twice", "events"),
    "error_stream": Kind("a line with an error comes after `events` events: code, message", "events"),
    "garbage_stream": Kind("`text` is sent into the stream after `events` events", "events"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One armed fault."""

    kind: str
    operation: str
    times: int | None
    """How often it strikes; None: until it is deleted."""
    skip: int = 0
    """How many matching requests pass first."""
    parameters: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    def matches(self, operation: str) -> bool:
        """Say whether a request of this operation is of interest."""
        return self.operation in (ANY, operation)

    def described(self) -> dict[str, Any]:
        """Return it as the control endpoint shows it; 0 times means until deleted."""
        return {
            "number": self.number,
            "kind": self.kind,
            "operation": self.operation,
            "times": self.times or FOREVER,
            "skip": self.skip,
            **self.parameters,
        }


@dataclass(frozen=True, slots=True)
class Strike:
    """The faults that strike one request: at most one momentary fault, and all standing ones."""

    momentary: Fault | None = None
    standing: tuple[Fault, ...] = ()

    def standing_of(self, kind: str) -> Fault | None:
        """Return the first standing fault of a kind."""
        return next((fault for fault in self.standing if fault.kind == kind), None)

    def is_kind(self, kind: str) -> bool:
        """Say whether the momentary fault is of a kind."""
        return self.momentary is not None and self.momentary.kind == kind

    @property
    def forgotten(self) -> tuple[str, ...]:
        """The jobs that this request may not see."""
        return tuple(fault.parameters["id"] for fault in self.standing if fault.kind == "forget")


def parse_fault(body: Fields) -> Fault:
    """Read the JSON by which a fault is armed; parameters of other kinds are let pass."""
    name = body.choice("kind", KINDS)
    if name is None:
        raise missing("kind")
    kind = KINDS[name]
    operation = body.choice("operation", (*OPERATIONS, ANY)) or kind.operation
    times = body.integer("times", 0, 1_000_000)
    skip = body.integer("skip", 0, 1_000_000) or 0
    parameters = _parameters(body)
    body.refuse_unknown({"kind", "operation", "times", "skip", *parameters})
    if name == "forget" and parameters["id"] is None:
        raise missing("id")
    if name in ("refuse", "file_status") and parameters["as"] is None:
        raise missing("as")
    if name == "refuse":
        body.choice("as", WORDED)
    own = {parameter: parameters[parameter] for parameter in PARAMETERS.get(name, ())}
    return Fault(name, operation, (kind.times if times is None else times) or None, skip, own)


PARAMETERS = {
    "status": ("status", "code", "message", "retry_after"),
    "status_after": ("status", "code", "message", "retry_after"),
    "odd_reply": ("text",),
    "drip": ("seconds",),
    "slow": ("seconds",),
    "lagging_list": ("seconds",),
    "forget": ("id",),
    "quota": ("max",),
    "refuse": ("as", "model"),
    "file_status": ("as", "seconds", "id"),
    "fail_job": ("code", "message"),
    "restart_head": ("memory", "seconds"),
    "truncate_list": ("failures",),
    "cut_stream": ("events", "within"),
    "end_stream": ("events",),
    "repeat_stream": ("events",),
    "error_stream": ("events", "code", "message"),
    "garbage_stream": ("events", "text"),
}


def _parameters(body: Fields) -> dict[str, Any]:
    seconds = body.number("seconds", 0, 86_400)
    return {
        "status": body.integer("status", 200, 599) or 500,
        "code": body.text("code"),
        "message": body.text("message"),
        "retry_after": body.number("retry_after", 0, 86_400),
        "seconds": 60 if seconds is None else seconds,
        "id": body.text("id"),
        "as": body.text("as"),
        "model": body.text("model"),
        "max": body.integer("max", 0, 1_000_000),
        "events": body.integer("events", 0, 1_000_000) or 0,
        "within": body.flag("within"),
        "memory": body.flag("memory"),
        "text": body.text("text") or GARBAGE,
        "failures": 1 if body.integer("failures", 0, 1000) is None else body.integer("failures", 0, 1000),
    }


class FaultTable:
    """The armed faults of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def arm(self, fault: Fault) -> Fault:
        """Store a fault after those that are already armed."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO faults (kind, operation, times, skip, parameters) VALUES (?, ?, ?, ?, ?)",
                (
                    fault.kind,
                    fault.operation,
                    fault.times,
                    fault.skip,
                    orjson.dumps(fault.parameters).decode(),
                ),
            )
        return self.armed()[-1]

    def armed(self) -> list[Fault]:
        """Return all faults, in the order of arming."""
        with self._database.read() as connection:
            return _all(connection)

    def disarm_all(self) -> None:
        """Delete all faults."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM faults")

    def strike(self, operation: str, family: str) -> Strike:
        """Count a request, and return the faults that strike it.

        Every fault that still skips counts the request; of the momentary ones that are ready only the first
        armed strikes, the others stay for the next request.
        """
        with self._database.write() as connection:
            connection.execute(COUNT_REQUEST, (operation, family))
            matching = [fault for fault in _all(connection) if fault.matches(operation)]
            if not matching:
                return Strike()
            ready = [fault for fault in matching if fault.skip == 0]
            standing = [fault for fault in ready if KINDS[fault.kind].standing]
            momentary = [fault for fault in ready if not KINDS[fault.kind].standing][:1]
            connection.executemany(
                "UPDATE faults SET skip = skip - 1 WHERE number = ? AND skip > 0",
                [(fault.number,) for fault in matching],
            )
            connection.executemany(
                "UPDATE faults SET times = times - 1 WHERE number = ?",
                [(fault.number,) for fault in standing + momentary],
            )
            connection.execute("DELETE FROM faults WHERE times = 0")
        return Strike(momentary[0] if momentary else None, tuple(standing))

    def requests_received(self) -> list[tuple[str, str, int]]:
        """Return how many requests came in by operation and family, whatever the outcome."""
        query = "SELECT operation, family, requests FROM requests_received"
        with self._database.read() as connection:
            return connection.execute(query).fetchall()


COUNT_REQUEST = (
    "INSERT INTO requests_received VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1"
)


def _all(connection: sqlite3.Connection) -> list[Fault]:
    query = "SELECT kind, operation, times, skip, parameters, number FROM faults ORDER BY number"
    rows = connection.execute(query).fetchall()
    return [
        Fault(kind, operation, times, skip, orjson.loads(parameters), number)
        for kind, operation, times, skip, parameters, number in rows
    ]
