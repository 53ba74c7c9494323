"""Which request means what, how long its answer takes, and what the benchmark asks about afterwards."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.provider.account import USUAL_LIMIT, Account
from benchmarks.provider.shapes import encoded

JOBS = "/v1/fine_tuning/jobs"
FILES = "/v1/files"
FIGURES = "/benchmark/figures"
RESET = "/benchmark/reset"


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON body, when it is due (seconds from now), and whether a create waits for it."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    latency: float = 0.0
    create: bool = False


@dataclass(slots=True)
class Figures:
    """What came in since the last reset; times are of this process's monotonic clock."""

    requests: Counter[str] = field(default_factory=Counter)
    first_create: float | None = None
    last_reply: float | None = None

    def shown(self) -> dict[str, Any]:
        """Return the figures as JSON; `post_seconds` is from the first create's arrival to the last reply."""
        began, ended = self.first_create, self.last_reply
        seconds = ended - began if began is not None and ended is not None else None
        return {"requests": dict(self.requests), "post_seconds": seconds}


class Routes:
    """The provider behind the connections."""

    def __init__(self, account: Account, latency: float) -> None:
        self._account = account
        self._latency = latency
        self._figures = Figures()

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """Answer one request."""
        parts = urlsplit(target)
        try:
            return self._answer(method, parts.path, dict(parse_qsl(parts.query)), body)
        except (KeyError, ValueError) as error:
            self._figures.requests["refused"] += 1
            message = {"message": f"{method} {target}: {error!r}", "type": "invalid_request_error"}
            return Answer(encoded({"error": message}), HTTPStatus.NOT_FOUND)

    def replied(self, answer: Answer) -> None:
        """Learn that an answer is on its way."""
        if answer.create:
            self._figures.last_reply = time.monotonic()

    def _answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        match method, path:
            case "GET", _ if path == FIGURES:
                return Answer(encoded(self._figures.shown()))
            case "POST", _ if path == RESET:
                self._account.reset()
                self._figures = Figures()
                return Answer(b"{}")
            case "GET", _ if path == JOBS:
                return self._counted(
                    "list", self._account.page(query.get("after"), int(query.get("limit", USUAL_LIMIT)))
                )
            case "POST", _ if path == JOBS:
                return self._create(json.loads(body))
            case "GET", _ if path.startswith(JOBS + "/"):
                return self._counted("retrieve", self._account.job(path.removeprefix(JOBS + "/")))
            case _ if path == FILES or path.startswith(FILES + "/"):
                return self._file(method, path.removeprefix(FILES).removeprefix("/"), body)
        raise ValueError("no such route")

    def _create(self, order: dict[str, Any]) -> Answer:
        if self._figures.first_create is None:
            self._figures.first_create = time.monotonic()
        self._figures.requests["create"] += 1
        return Answer(self._account.create(order), latency=self._latency, create=True)

    def _file(self, method: str, file_id: str, body: bytes) -> Answer:
        if method == "POST" and not file_id:
            return self._counted("upload", self._account.upload(body))
        if method == "GET":
            return self._counted("files", self._account.file(file_id) if file_id else self._account.files())
        raise ValueError("no such route")

    def _counted(self, operation: str, body: bytes) -> Answer:
        self._figures.requests[operation] += 1
        return Answer(body)
