"""Prometheus of this machine's packages, and its tool: Debian's `prometheus` has both."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.services import Unavailable
from tests.services.processes import START_SECONDS, free_port, serving_process

NAME = "promtool"
"""What FTOPS_REQUIRE calls both."""

_CONFIGURATION = """
global: {{scrape_interval: 250ms, evaluation_interval: 250ms}}
rule_files: ['{rules}']
scrape_configs:
  - job_name: ftops
    scrape_timeout: 250ms
    static_configs: [{{targets: ['{target}']}}]
"""


@contextmanager
def promtool() -> Iterator[str]:
    """Give the program. Raises Unavailable where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        raise Unavailable("promtool is not installed")
    yield program


@contextmanager
def prometheus(target: str, rules: str) -> Iterator[str]:
    """Have a real one scrape a target, four times a second, and give its address. Raises Unavailable."""
    program = shutil.which("prometheus")
    if program is None:
        raise Unavailable("no Prometheus is installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ftops-prometheus-") as folder:
        home = Path(folder)
        (home / "rules.yml").write_text(rules)
        (home / "prometheus.yml").write_text(_CONFIGURATION.format(rules=home / "rules.yml", target=target))
        command = (
            *(program, f"--config.file={home / 'prometheus.yml'}", f"--storage.tsdb.path={home / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"),
        )
        with serving_process(command, port, home):
            address = f"http://127.0.0.1:{port}"
            # It listens before its storage is open.
            deadline = time.monotonic() + START_SECONDS
            while requests.get(f"{address}/-/ready", timeout=START_SECONDS).status_code != requests.codes.ok:
                if time.monotonic() > deadline:
                    raise Unavailable("Prometheus does not become ready")
                time.sleep(0.05)
            yield address
