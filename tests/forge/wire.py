"""What both forges of the stub have in common: answers, pages, and what happens to them on request."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from tests.forge.world import Fault

_T = TypeVar("_T")
GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Cut(Exception):
    """The connection is to end without a reply."""


class Refused(Exception):
    """An answer of the API that is no success."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    made = Response(json.dumps(body), status, mimetype="application/json")
    made.headers.update(headers or {})
    return made


def page(request: Request, items: Sequence[_T], default: int) -> tuple[Sequence[_T], int, int, int]:
    """Cut a page out: its items, its number, how many there are, and how large one is."""
    size = min(100, max(1, request.args.get("per_page", default, int)))
    number = max(1, request.args.get("page", 1, int))
    return items[(number - 1) * size : number * size], number, -(-len(items) // size), size


def links(request: Request, base: str, rels: Mapping[str, int]) -> str:
    arguments = {key: value for key, value in request.args.items() if key != "page"}
    query = "&".join(f"{key}={value}" for key, value in arguments.items())
    return ", ".join(f'<{base}?{query}&page={number}>; rel="{rel}"' for rel, number in rels.items())


def faulty(request: Request, fault: Fault | None, handle: Callable[[], Response]) -> Response:
    """Handle a request, with what is to go wrong. Kinds that end in `-after` have had their effect."""
    if fault is None:
        return handle()
    instead = _instead(request, fault)
    return instead if instead is not None else _afterwards(handle(), fault)


def _instead(request: Request, fault: Fault) -> Response | None:
    """Answer without any effect; None for a fault that has one."""
    kind, value = fault.kind, fault.value
    if kind == "drop":
        raise Cut
    if kind in ("502", "403-page", "200-page"):
        return Response(GATEWAY, int(kind[:3]), mimetype="text/html")
    if kind in _ANSWERS:
        status, body, headers = _ANSWERS[kind]
        return answer(body, status, {**headers, **({"Retry-After": value} if value and headers else {})})
    if kind == "echo":
        # It repeats the credential, spelt as `value` says.
        told = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return _repeated(told or request.headers.get("PRIVATE-TOKEN", ""), value)
    if kind == "plain":
        return Response("Retry later\n", 429, {"Retry-After": value}, mimetype="text/plain")
    if kind == "primary":
        reset = str(int(time.time()) + int(value))
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return answer({"message": "API rate limit exceeded for installation."}, 403, headers)
    if kind == "redirect":
        return Response("", 307 if request.method != "GET" else 301, {"Location": value})
    return answer(json.loads(value)) if kind == "json" else None


def _repeated(token: str, how: str) -> Response:
    if how == "entities":
        page = "".join(f"&#{ord(letter)};" for letter in token)
        return Response(f"<p>No access with {page}</p>", 403, mimetype="text/html")
    if how == "letters":
        spelt = "".join(f"\\u{ord(letter):04x}" for letter in token)
        return Response(f'{{"message": "No access with {spelt}"}}', 403, mimetype="application/json")
    if how == "header":
        return answer({"message": "No access"}, 403, {"X-Accepted-GitHub-Permissions": token})
    return answer({"message": f"No access with {quote(token, safe='') if how == 'url' else token}"}, 403)


def _afterwards(response: Response, fault: Fault) -> Response:
    match fault.kind:
        case "drop-after":
            raise Cut
        case "502-after":
            return Response(GATEWAY, 502, mimetype="text/html")
        case "cut-after":
            return Response(response.get_data()[:20], response.status_code, mimetype="application/json")
        case "link":
            response.headers["Link"] = f'<{fault.value}>; rel="next"'
            return response
    raise AssertionError(fault.kind)


_ANSWERS: Mapping[str, tuple[int, Any, Mapping[str, str]]] = {
    "500": (500, {"message": "Server Error"}, {}),
    "retry-after": (403, {"message": "You have exceeded a rate limit."}, {"Retry-After": "1"}),
    "secondary": (
        403,
        {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."},
        {"x-ratelimit-remaining": "4999"},
    ),
    "busy": (
        429,
        {"message": {"error": "This endpoint has been requested too many times. Try again later."}},
        {},
    ),
    "scope": (
        403,
        {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "api",
        },
        {},
    ),
    "fields": (400, {"message": {"note": ["can't be blank", "is odd"]}}, {}),
    "archived": (403, {"message": "Repository was archived so is read-only."}, {}),
    "gone": (410, {"message": "This issue was deleted"}, {}),
}


def cut(request: Request) -> None:
    """End a connection where its reply should begin."""
    with suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
