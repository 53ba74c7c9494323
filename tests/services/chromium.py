"""A headless Chromium of this machine's packages, told what to do over its DevTools protocol.

Debian's moves on each month, so nothing is used here that has not been in the protocol for years:
https://chromedevtools.github.io/devtools-protocol/.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

from tests.services import Unavailable
from tests.services.processes import free_port, serving_process

ANSWER_SECONDS = 120.0
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
)
_SAID = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
_AXE = Path(__file__).parents[2] / ".services/node_modules/axe-core/axe.min.js"


class Page:
    """One tab. `said` is what its console says, `asked` what it requested, the page itself first."""

    def __init__(self, socket: ClientConnection, axe: str) -> None:
        self._socket = socket
        self._axe = axe
        self._ids = itertools.count(1)
        self._loaded = False
        self.said: list[str] = []
        self.asked: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def show(self, path: Path, width: int, scheme: str) -> None:
        """Load a file in a window of a width, for eyes that prefer `light` or `dark`."""
        self.said, self.asked, self._loaded = [], [], False
        window = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **window)
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=wanted)
        self.call("Page.navigate", url=path.as_uri())
        while not self._loaded:
            self._receive()

    def value(self, expression: str) -> Any:
        """Return what an expression comes to in the page, waiting for a promise."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def faults(self) -> list[str]:
        """Return what axe-core finds: each rule with the elements that break it."""
        self.call("Runtime.evaluate", expression=self._axe)
        found = "r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 200)).join(' '))"
        faults: list[str] = self.value(f"axe.run().then(r => {found})")
        return faults

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have one command of the protocol carried out."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = self._receive()
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
        method = message.get("method")
        if method in _SAID:
            self.said.append(json.dumps(message["params"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(message["params"]["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True
        return message


@contextmanager
def chromium() -> Iterator[Page]:
    """Start it and open a tab. Raises Unavailable where it or axe-core is missing, or does not start."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise Unavailable("no Chromium is installed")
    if not _AXE.exists():
        raise Unavailable("axe-core is not in .services")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ftops-chromium-", ignore_cleanup_errors=True) as home:
        # Root, as in most containers, has no sandbox. What is loaded is what the tests have made.
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        where = (f"--remote-debugging-port={port}", f"--user-data-dir={home}/profile", "about:blank")
        with serving_process((program, *_OPTIONS, *sandbox, *where), port, Path(home)):
            opened = requests.put(f"http://127.0.0.1:{port}/json/new?about:blank", timeout=ANSWER_SECONDS)
            opened.raise_for_status()
            with connect(opened.json()["webSocketDebuggerUrl"], max_size=None, proxy=None) as socket:
                yield Page(socket, _AXE.read_text(encoding="utf-8"))
