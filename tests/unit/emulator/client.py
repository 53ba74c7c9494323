"""A bare HTTP client of an emulator, and a clock that stands still until it is moved."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import requests

TIMEOUT = 10
CHAT = {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "It is four."}]}
COMPLETION = {"prompt": "2 + 2 =", "completion": " 4"}
PREFERENCE = {
    "input": {"messages": [{"role": "user", "content": "Hello"}]},
    "preferred_output": [{"role": "assistant", "content": "Hello! How can I help?"}],
    "non_preferred_output": [{"role": "assistant", "content": "What."}],
}
LIFETIME = 10_000
"""Emulated seconds after which every small job is over."""


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Client:
    def __init__(self, base_url: str, key: str | None = "sk-test") -> None:
        self.base_url = base_url
        self.root = base_url.removesuffix("/v1")
        self.headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        url = (self.root if path.startswith("/_emulator") else self.base_url) + path
        options.setdefault("headers", self.headers)
        options.setdefault("timeout", TIMEOUT)
        return requests.request(method, url, **options)

    def get(self, path: str, **params: Any) -> Any:
        return self._json(self.request("GET", path, params=params))

    def post(self, path: str, body: Any = None) -> Any:
        return self._json(self.request("POST", path, json=body))

    def delete(self, path: str) -> Any:
        return self._json(self.request("DELETE", path))

    def error(self, method: str, path: str, status: int, **options: Any) -> dict[str, Any]:
        """Send a request that must be refused, and return its error."""
        response = self.request(method, path, **options)
        assert response.status_code == status, response.text
        body = response.json()
        assert set(body) == {"error"}
        assert set(body["error"]) == {"message", "type", "param", "code"}
        error: dict[str, Any] = body["error"]
        return error

    def upload(self, content: str | bytes, purpose: str = "fine-tune", name: str = "train.jsonl") -> str:
        response = self.request("POST", "/files", files={"file": (name, content)}, data={"purpose": purpose})
        return str(self._json(response)["id"])

    def upload_rows(self, rows: Iterable[Any], purpose: str = "fine-tune") -> str:
        return self.upload("".join(json.dumps(row) + "\n" for row in rows), purpose)

    def job(self, **fields: Any) -> dict[str, Any]:
        """Create a modern job, with a good file unless one is given."""
        if "training_file" not in fields:
            fields["training_file"] = self.upload_rows([CHAT] * 12)
        job: dict[str, Any] = self.post("/fine_tuning/jobs", {"model": "gpt-4o-mini", **fields})
        return job

    def legacy_job(self, **fields: Any) -> dict[str, Any]:
        """Create a legacy job, with a good file unless one is given."""
        if "training_file" not in fields:
            fields["training_file"] = self.upload_rows([COMPLETION] * 12)
        job: dict[str, Any] = self.post("/fine-tunes", fields)
        return job

    def advance(self, seconds: float) -> None:
        self.post("/_emulator/time", {"advance": seconds})

    def fault(self, kind: str, operation: str | None = None, **parameters: Any) -> None:
        target = {} if operation is None else {"operation": operation}
        self.post("/_emulator/faults", {"kind": kind, **target, **parameters})

    def ids(self, path: str = "/fine_tuning/jobs", **params: Any) -> list[str]:
        return [item["id"] for item in self.get(path, **params)["data"]]

    @staticmethod
    def _json(response: requests.Response) -> Any:
        assert response.ok, f"{response.status_code} {response.text}"
        return response.json()


def stream(provider: Client, job_id: str) -> requests.Response:
    path = f"/fine-tunes/{job_id}/events?stream=true"
    return provider.request("GET", path, stream=True)


def data_lines(response: requests.Response) -> Iterator[str]:
    for line in response.iter_lines(chunk_size=1):
        if line:
            yield line.decode().removeprefix("data: ")
