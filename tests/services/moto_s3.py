"""Amazon S3 as moto plays it, in a thread; other processes reach it by the environment they are given."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.services import Service, Unavailable

BUCKET = "ftops-states"

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


@contextmanager
def moto_s3() -> Iterator[Service]:
    """Start moto on a free loopback port, with a bucket. Raises Unavailable where it is not installed."""
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    except ImportError as missing:
        raise Unavailable(f"moto[server] is not installed ({missing})") from missing
    with serving(_one_at_a_time(DomainDispatcherApplication(create_backend_app))) as address:
        service = Service("moto", f"s3://{BUCKET}/", environ_of(address))
        requests.put(f"{address}/{BUCKET}", timeout=10).raise_for_status()
        yield service


def environ_of(address: str) -> dict[str, str]:
    """Return the environment that leads a client to a server of S3's protocol."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE",
        "AWS_SECRET_ACCESS_KEY": "fake/secret/of+no+use",
        "AWS_REGION": "us-east-1",
    }


@contextmanager
def serving(application: Application) -> Iterator[str]:
    """Serve an application on a free loopback port; gives its address."""
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _one_at_a_time(application: Application) -> Application:
    """Make moto atomic: two of its threads can both find that an object is not there, and both create it."""
    turn = threading.Lock()

    def serialised(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        # A client that is stopped in the middle of its request must not keep the others waiting.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with turn:
            return list(application(environ, start_response))

    return serialised
