"""GitHub's part of the stub: its real shapes and declared errors, strict where a client may be sloppy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.forge.wire import Refused, answer, links, page
from tests.forge.world import REPOSITORY, REPOSITORY_ID, TOKENS, Account, Comment, Pull, World

_REPOSITORY = rf"(?:/repos/{REPOSITORY}|/repositories/{REPOSITORY_ID})"
_DOCS = "https://docs.github.com/rest"
_VERSIONS = {None, "2022-11-28", "2026-03-10"}
_LIMITS = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4990", "x-ratelimit-used": "10"}
LONGEST = 65_536


class GitHubStub:
    """Answers what is asked under the API's root."""

    def __init__(self, world: World, root: str) -> None:
        self._world = world
        self._root = root
        self._routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", r"/user", self._user),
            ("POST", r"/graphql", self._graphql),
            ("GET", rf"{_REPOSITORY}", self._repository),
            ("GET", rf"{_REPOSITORY}/issues/(\d+)", self._issue),
            ("GET", rf"{_REPOSITORY}/issues/(\d+)/comments", self._list),
            ("POST", rf"{_REPOSITORY}/issues/(\d+)/comments", self._create),
            ("GET", rf"{_REPOSITORY}/issues/comments/(\d+)", self._get),
            ("PATCH", rf"{_REPOSITORY}/issues/comments/(\d+)", self._update),
            ("DELETE", rf"{_REPOSITORY}/issues/comments/(\d+)", self._delete),
            ("GET", rf"{_REPOSITORY}/pulls", self._pulls),
            ("GET", rf"{_REPOSITORY}/pulls/(\d+)", self._pull),
            ("GET", rf"{_REPOSITORY}/commits/([0-9a-f]+)", self._commit),
            ("GET", rf"{_REPOSITORY}/commits/([0-9a-f]+)/pulls", self._pulls_of),
        ]

    def answer(self, request: Request, path: str) -> Response:
        agent = request.headers.get("User-Agent")
        if not agent:
            return Response("Request forbidden by administrative rules.", 403, mimetype="text/plain")
        if request.headers.get("X-GitHub-Api-Version") not in _VERSIONS:
            return _error(400, "The API version you requested is not supported.")
        methods = [(method, handle, found) for method, pattern, handle in self._routes
                   if (found := re.fullmatch(pattern, path))]  # fmt: skip
        for method, handle, found in methods:
            if method == request.method:
                who = _account(request)
                numbers = [int(one) if one.isdigit() and len(one) < 20 else one for one in found.groups()]
                response = handle(request, who, *numbers)
                response.headers.update(_LIMITS)
                return response
        return _error(404, "Not Found")

    def _user(self, request: Request, who: Account) -> Response:
        if not who.by_user:
            return _error(403, "Resource not accessible by integration")
        return answer(_person(who))

    def _graphql(self, request: Request, who: Account) -> Response:
        if "viewer" not in _body(request, {"query", "variables", "operationName"}).get("query", ""):
            return answer({"errors": [{"message": "unknown query"}]})
        if not who.by_graphql:
            return answer({"data": None, "errors": [{"type": "FORBIDDEN", "message": "Resource not ..."}]})
        return answer({"data": {"viewer": {"login": who.login}}})

    def _repository(self, request: Request, who: Account) -> Response:
        name = REPOSITORY.split("/")
        url = f"{self._root}/repos/{REPOSITORY}"
        owner = {"login": name[0], "id": 1, "type": "Organization", "url": f"{self._root}/users/{name[0]}"}
        return answer(
            {"id": REPOSITORY_ID, "name": name[1], "full_name": REPOSITORY, "owner": owner, "url": url}
        )

    def _issue(self, request: Request, who: Account, number: int) -> Response:
        if number not in self._world.issues and number not in self._world.pulls:
            return _error(404, "Not Found")
        url = f"{self._root}/repos/{REPOSITORY}/issues/{number}"
        told = {
            "id": number,
            "number": number,
            "url": url,
            "comments_url": f"{url}/comments",
            "state": "open",
        }
        return answer(told | ({"pull_request": {}} if number in self._world.pulls else {}))

    def _list(self, request: Request, who: Account, number: int) -> Response:
        self._there(number)
        items, current, last, _ = page(request, self._world.on(number), 30)
        rels = {"prev": current - 1, "next": current + 1, "last": last, "first": 1}
        shown = {rel: to for rel, to in rels.items() if 1 <= to <= last and to != current}
        base = f"{self._root}/repositories/{REPOSITORY_ID}/issues/{number}/comments"
        headers = {"Link": links(request, base, shown)} if last > 1 else {}
        return answer([self._shown(one) for one in items], headers=headers)

    def _create(self, request: Request, who: Account, number: int) -> Response:
        self._there(number)
        _may_write(who)
        made = self._world.post(who, self._text(request), number)
        shown = self._shown(made)
        return answer(shown, 201, {"Location": shown["url"]})

    def _get(self, request: Request, who: Account, comment: int) -> Response:
        return answer(self._shown(self._found(comment)))

    def _update(self, request: Request, who: Account, comment: int) -> Response:
        found = self._found(comment)
        _may_write(who)
        if found.author != who:
            # A token with write access may edit anybody's: that is the danger.
            self._world.complaints.append(f"edited the comment of {found.author and found.author.login}")
        found.body = self._text(request)
        return answer(self._shown(found))

    def _delete(self, request: Request, who: Account, comment: int) -> Response:
        found = self._found(comment)
        _may_write(who)
        if found.author != who:
            self._world.complaints.append(f"deleted the comment of {found.author and found.author.login}")
        self._world.delete(found)
        return Response(status=204)

    def _pulls(self, request: Request, who: Account) -> Response:
        owner, _, branch = request.args.get("head", "").partition(":")
        state = request.args.get("state", "open")
        found = [one for one in self._world.pulls.values() if state in (one.state, "all")]
        if owner and branch:
            found = [one for one in found if (one.owner, one.branch) == (owner, branch)]
        return answer([self._shown_pull(one) for one in found])

    def _pull(self, request: Request, who: Account, number: int) -> Response:
        found = self._world.pulls.get(number)
        return answer(self._shown_pull(found)) if found else _error(404, "Not Found")

    def _commit(self, request: Request, who: Account, sha: str | int) -> Response:
        parents = self._world.parents.get(str(sha))
        if parents is None:
            return _error(422, f"No commit found for SHA: {sha}")
        return answer({"sha": sha, "parents": [{"sha": one} for one in parents], "files": []})

    def _pulls_of(self, request: Request, who: Account, sha: str | int) -> Response:
        """Empty for a commit of a fork, which is not in this repository."""
        found = [one for one in self._world.pulls.values() if one.head == sha and one.owner == "almhof"]
        return answer([self._shown_pull(one) for one in found])

    def _there(self, number: int) -> None:
        if number not in self._world.pulls and number not in self._world.issues:
            raise Refused(_error(404, "Not Found"))

    def _found(self, comment: int) -> Comment:
        found = self._world.found(comment)
        if found is None:
            raise Refused(_error(404, "Not Found"))
        return found

    def _text(self, request: Request) -> str:
        text = _body(request, {"body"}).get("body")
        if not isinstance(text, str) or not text.strip():
            raise Refused(_error(422, "Invalid request.\n\nFor 'properties/body', nil is not a string."))
        if len(text) > (self._world.longest or LONGEST):
            fault = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
            words = f"Body is too long (maximum is {LONGEST} characters)"
            raise Refused(_error(422, "Validation Failed", errors=[{**fault, "message": words}]))
        return text

    def _shown(self, one: Comment) -> dict[str, Any]:
        api = f"{self._root}/repos/{REPOSITORY}/issues"
        return {
            "id": one.id,
            "node_id": f"IC_{one.id}",
            "url": f"{api}/comments/{one.id}",
            "html_url": f"https://github.com/{REPOSITORY}/pull/{one.number}#issuecomment-{one.id}",
            "issue_url": f"{api}/{one.number}",
            "user": _person(one.author) if one.author else None,
            "created_at": "2026-11-27T09:00:00Z",
            "updated_at": "2026-11-27T09:00:00Z",
            "body": one.body,
            "author_association": "NONE",
            "performed_via_github_app": None,
            "reactions": {"url": f"{api}/comments/{one.id}/reactions", "total_count": 0},
        }

    def _shown_pull(self, one: Pull) -> dict[str, Any]:
        return {
            "id": one.number,
            "number": one.number,
            "state": one.state,
            "merged_at": "2026-11-27T09:00:00Z" if one.state == "closed" and one.became else None,
            "merge_commit_sha": one.became,
            "url": f"{self._root}/repos/{REPOSITORY}/pulls/{one.number}",
            "issue_url": f"{self._root}/repos/{REPOSITORY}/issues/{one.number}",
            "head": {"sha": one.head, "ref": one.branch, "label": f"{one.owner}:{one.branch}"},
            "base": {"sha": "2" * 40, "ref": "main"},
        }


def _error(status: int, message: str, **more: Any) -> Response:
    return answer({"message": message, **more, "documentation_url": _DOCS, "status": str(status)}, status)


def _account(request: Request) -> Account:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token:
        raise Refused(_error(401, "Requires authentication"))
    if scheme.lower() not in ("bearer", "token") or token not in TOKENS:
        raise Refused(_error(401, "Bad credentials"))
    return TOKENS[token]


def _may_write(who: Account) -> None:
    if not who.writes:
        response = _error(403, "Resource not accessible by integration")
        response.headers["X-Accepted-GitHub-Permissions"] = "issues=write; pull_requests=write"
        raise Refused(response)


def _body(request: Request, known: set[str]) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError as error:
        raise Refused(_error(400, "Problems parsing JSON")) from error
    if not isinstance(body, dict):
        raise Refused(_error(400, "Body should be a JSON object"))
    unknown = set(body) - known
    if unknown:
        raise Refused(_error(422, f"Invalid request.\n\n{sorted(unknown)} are not permitted keys."))
    return body


def _person(who: Account) -> dict[str, Any]:
    return {"login": who.login, "id": who.id, "node_id": f"U_{who.id}", "type": "Bot" if who.bot else "User"}
