"""GitLab's part of the stub: notes of a merge request, its four shapes of errors, and quick actions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.forge.wire import Refused, answer, links, page
from tests.forge.world import TOKENS, Account, Comment, Pull, World

PROJECT = r"/projects/(?:9|almhof%2[Ff]tunes)"
_COMMAND = re.compile(r"^/([a-z_]+)", re.MULTILINE)
_QUERY = {"per_page", "page", "sort", "order_by", "activity_filter", "iterator"}
LONGEST = 1_000_000


class GitLabStub:
    """Answers what is asked under the API's root."""

    def __init__(self, world: World, root: str) -> None:
        self._world = world
        self._root = root
        notes = rf"{PROJECT}/merge_requests/(\d+)/notes"
        self._routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", r"/user", self._user),
            ("GET", PROJECT, self._project),
            ("GET", rf"{PROJECT}/merge_requests/(\d+)", self._merge),
            ("GET", notes, self._list),
            ("POST", notes, self._create),
            ("GET", rf"{notes}/(\d+)", self._get),
            ("PUT", rf"{notes}/(\d+)", self._update),
            ("DELETE", rf"{notes}/(\d+)", self._delete),
            ("GET", rf"{PROJECT}/repository/commits/([0-9a-f]+)", self._commit),
            ("GET", rf"{PROJECT}/repository/commits/([0-9a-f]+)/merge_requests", self._merges_of),
        ]

    def answer(self, request: Request, path: str) -> Response:
        for method, pattern, handle in self._routes:
            found = re.fullmatch(pattern, path)
            if found is None or method != request.method:
                continue
            who = _account(request)
            if who.reads_only and not (method == "GET" and "merge_requests" in path):
                raise Refused(answer({"message": "401 Unauthorized"}, 401))
            if not who.writes and method != "GET":
                told = {"error": "insufficient_scope", "error_description": "The request requires higher "
                        "privileges than provided by the access token.", "scope": "api"}  # fmt: skip
                raise Refused(answer(told, 403))
            groups = [int(one) if one.isdigit() and len(one) < 20 else one for one in found.groups()]
            return handle(request, who, *groups)
        return answer({"error": "404 Not Found"}, 404)

    def _user(self, request: Request, who: Account) -> Response:
        return answer(_person(who))

    def _project(self, request: Request, who: Account) -> Response:
        return answer({"id": 9, "path_with_namespace": "almhof/tunes"})

    def _merge(self, request: Request, who: Account, number: int) -> Response:
        return answer(_shown_merge(self._of(number)))

    def _list(self, request: Request, who: Account, number: int) -> Response:
        self._of(number)
        unknown = set(request.args) - _QUERY
        if unknown:
            self._world.complaints.append(f"unknown parameters {sorted(unknown)}")
        notes = self._world.on(number)
        if request.args.get("activity_filter") == "only_comments":
            notes = [one for one in notes if not one.system]
        if request.args.get("sort", "desc") == "desc":
            notes.reverse()
        items, current, last, size = page(request, notes, 20)
        last = max(1, last)
        rels = {"prev": current - 1, "next": current + 1}
        shown = {rel: to for rel, to in rels.items() if 1 <= to <= last} | {"first": 1, "last": last}
        headers = {
            "Link": links(request, f"{self._root}/projects/9/merge_requests/{number}/notes", shown),
            "x-page": str(current),
            "x-per-page": str(size),
            "x-next-page": str(current + 1) if current < last else "",
            "x-prev-page": str(current - 1) if current > 1 else "",
            "x-total": str(len(notes)),
            "x-total-pages": str(last),
        }
        return answer([_shown(one) for one in items], headers=headers)

    def _create(self, request: Request, who: Account, number: int) -> Response:
        self._of(number)
        text = self._text(request)
        if all(_COMMAND.match(line) for line in text.splitlines()):
            return answer({"commands_changes": {}, "summary": ["Closed this merge request."]}, 202)
        return answer(_shown(self._world.post(who, text, number)), 201)

    def _get(self, request: Request, who: Account, number: int, note: int) -> Response:
        return answer(_shown(self._found(note)))

    def _update(self, request: Request, who: Account, number: int, note: int) -> Response:
        found = self._own(note, who)
        found.body = self._text(request)
        return answer(_shown(found))

    def _delete(self, request: Request, who: Account, number: int, note: int) -> Response:
        self._world.delete(self._own(note, who))
        return Response(status=204)

    def _commit(self, request: Request, who: Account, sha: str | int) -> Response:
        parents = self._world.parents.get(str(sha))
        if parents is None:
            return answer({"message": "404 Commit Not Found"}, 404)
        return answer({"id": sha, "parent_ids": parents})

    def _merges_of(self, request: Request, who: Account, sha: str | int) -> Response:
        return answer([_shown_merge(one) for one in self._world.pulls.values() if one.head == sha])

    def _of(self, number: int) -> Pull:
        if number not in self._world.pulls:
            raise Refused(answer({"message": "404 Not found"}, 404))
        return self._world.pulls[number]

    def _found(self, note: int) -> Comment:
        found = self._world.found(note)
        if found is None:
            raise Refused(answer({"message": "404 Note Not Found"}, 404))
        return found

    def _own(self, note: int, who: Account) -> Comment:
        found = self._found(note)
        if found.author != who:
            raise Refused(answer({"message": "403 Forbidden"}, 403))
        return found

    def _text(self, request: Request) -> str:
        if request.query_string:
            self._world.complaints.append("sent a note in the query, which ends in access logs")
        if not request.is_json:
            raise Refused(answer({"error": "The provided content-type is not supported."}, 415))
        body = json.loads(request.get_data())
        if "body" not in body:
            raise Refused(answer({"error": "body is missing"}, 400))
        unknown = set(body) - {"body", "internal", "created_at"}
        if unknown:
            raise Refused(answer({"error": f"unknown: {sorted(unknown)}"}, 400))
        text = str(body["body"])
        if len(text) > (self._world.longest or LONGEST):
            words = f'400 Bad request - Note {{:note=>["is too long (maximum is {LONGEST} characters)"]}}'
            raise Refused(answer({"message": words}, 400))
        done = _COMMAND.findall(text)
        if done:
            self._world.complaints.append(f"a note carried out /{done[0]}")
        return text


def _account(request: Request) -> Account:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = request.headers.get("PRIVATE-TOKEN") or request.headers.get("JOB-TOKEN") or bearer
    if not token:
        raise Refused(answer({"message": "401 Unauthorized"}, 401))
    if token not in TOKENS:
        told = {"error": "invalid_token", "error_description": "Token is expired. You can either do ..."}
        raise Refused(answer(told, 401))
    return TOKENS[token]


def _person(who: Account) -> dict[str, Any]:
    url = f"https://gitlab.example/{who.login}"
    return {"id": who.id, "username": who.login, "name": who.login, "state": "active", "web_url": url}


def _shown(one: Comment) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": None,
        "body": one.body,
        "author": _person(one.author) if one.author else None,
        "created_at": "2026-11-27T09:00:00.000Z",
        "updated_at": "2026-11-27T09:00:00.000Z",
        "system": one.system,
        "noteable_id": 1,
        "noteable_iid": one.number,
        "noteable_type": "MergeRequest",
        "project_id": 9,
        "resolvable": False,
        "confidential": False,
        "internal": False,
    }


def _shown_merge(one: Pull) -> dict[str, Any]:
    state = "opened" if one.state == "open" else "merged" if one.became else "closed"
    told = {"id": one.number, "iid": one.number, "project_id": 9, "state": state, "sha": one.head}
    return {**told, "merge_commit_sha": None, "squash_commit_sha": one.became}
