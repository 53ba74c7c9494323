"""What editors run for YAML: npm's yaml-language-server, spoken to over its standard streams."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.services import Unavailable

PATIENCE_SECONDS = 300.0
"""A server that hangs is ended after so long: reading from it then fails."""
SETTINGS = {
    "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False, "url": ""}}
}
"""As an editor has them, but for the catalogue of schemas, which would be fetched."""


class LanguageServer:
    """One server as an editor drives it: a file is opened, then asked about."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to: IO[bytes] = process.stdin
        self._from: IO[bytes] = process.stdout
        self._asked = 0
        self._problems: dict[str, list[dict[str, Any]]] = {}
        self._begin()

    def problems(self, file: Path, text: str) -> list[dict[str, Any]]:
        """Open a file with this text; return what the editor would mark in it."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        while file.as_uri() not in self._problems:
            self._read()
        return self._problems[file.as_uri()]

    def hover(self, file: Path, line: int, column: int) -> str:
        """Return what is shown where the mouse rests; lines and columns count from 0."""
        found = self._ask("textDocument/hover", _at(file, line, column))
        return str(found["contents"]["value"]) if found else ""

    def completions(self, file: Path, line: int, column: int) -> dict[str, dict[str, Any]]:
        """Return what is offered at a place, by label."""
        found = self._ask("textDocument/completion", _at(file, line, column))
        return {item["label"]: item for item in found["items"]}

    def _begin(self) -> None:
        capabilities = {
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
            "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}},
        }
        self._ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities})
        self._tell("initialized", {})

    def _ask(self, method: str, parameters: Any) -> Any:
        self._asked += 1
        asked = self._asked
        self._send({"id": asked, "method": method, "params": parameters})
        while True:
            message = self._read()
            if message.get("id") == asked and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._to.flush()

    def _read(self) -> dict[str, Any]:
        """Read one message. What the server asks of an editor is answered at once."""
        length = 0
        while (line := self._from.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert line, "the language server ended"
        message: dict[str, Any] = json.loads(self._from.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            sections = message["params"].get("items", []) if message["params"] else []
            result = [SETTINGS.get(item.get("section")) for item in sections]
            self._send({"id": message["id"], "result": result})
        return message


@contextmanager
def language_server() -> Iterator[LanguageServer]:
    """Start a server. Raises Unavailable where it is missing."""
    command = (_program(), "--stdio")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        hung = threading.Timer(PATIENCE_SECONDS, process.kill)
        hung.start()
        try:
            yield LanguageServer(process)
        finally:
            hung.cancel()
            process.kill()


def _program() -> str:
    local = Path(__file__).parents[2] / ".services/node_modules/.bin/yaml-language-server"
    found = shutil.which("yaml-language-server") or (str(local) if local.exists() else None)
    if found is None:
        raise Unavailable("yaml-language-server is not in PATH or in .services")
    return found


def _at(file: Path, line: int, column: int) -> dict[str, Any]:
    return {"textDocument": {"uri": file.as_uri()}, "position": {"line": line, "character": column}}
