"""Azure Blob Storage as azurite plays it: the program of its npm package, in memory, with a container."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import requests

from tests.services import Service, Unavailable
from tests.services.processes import free_port, serving_process

CONTAINER = "ftops-states"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that every azurite has: published, and worth nothing."""

_VERSION = "2021-08-06"


@contextmanager
def azurite() -> Iterator[Service]:
    """Start azurite on a free loopback port. Raises Unavailable where it is missing or does not start."""
    program = _program()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ftops-azurite-") as home:
        command = (
            *(program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"),
            *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
        )
        with serving_process(command, port, Path(home)):
            address = f"http://127.0.0.1:{port}/{ACCOUNT}"
            _create_container(address)
            yield Service(
                "azurite",
                f"az://{CONTAINER}/",
                {
                    "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
                    "AZURE_STORAGE_ACCOUNT_KEY": KEY,
                    "AZURE_STORAGE_ENDPOINT": address,
                },
            )


def _program() -> str:
    local = Path(__file__).parents[2] / ".services/node_modules/.bin/azurite-blob"
    given = os.environ.get("FTOPS_AZURITE")
    found = given or shutil.which("azurite-blob") or (str(local) if local.exists() else None)
    if found is None:
        raise Unavailable("azurite-blob is not in PATH, in .services, or named by FTOPS_AZURITE")
    return found


def _create_container(address: str) -> None:
    asked(address, "PUT", CONTAINER, {"restype": "container"})


def asked(
    address: str, method: str, path: str, query: Mapping[str, str] | None = None, content: bytes = b""
) -> requests.Response:
    """Send one request, signed by hand: obstore makes no containers, and an SDK for it is too much."""
    query = query or {}
    stamped = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION}
    if content:
        stamped["x-ms-blob-type"] = "BlockBlob"
    headers = "".join(f"{name}:{stamped[name]}\n" for name in sorted(stamped))
    wanted = "".join(f"\n{name}:{query[name]}" for name in sorted(query))
    length = str(len(content) or "")
    text = f"{method}\n\n\n{length}" + "\n" * 9 + f"{headers}/{ACCOUNT}/{ACCOUNT}/{path}{wanted}"
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    signed = {**stamped, "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"}
    url = f"{address}/{path}"
    reply = requests.request(method, url, params=query, headers=signed, data=content, timeout=10)
    reply.raise_for_status()
    return reply
