"""The reference page of metrics, drawn from their declarations."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generator.reference import NOTICE
from ftops.controller import health, serving
from ftops.controller.series import ALL, BUCKETS, PROJECT, Kind, Series

_HEAD = """\
# Metrics

What `ftops reconcile` tells Prometheus, at `--listen` or in the file of `--metrics-file`:
[watch it with Prometheus](../how-to/watch-with-prometheus.md). Rules and a dashboard that use them are in
[`deploy/prometheus`](../../deploy/prometheus) and [`deploy/grafana`](../../deploy/grafana).

- Every series has the label `project`: the files of several projects on one node, or several controllers
  of one, do not collide.
- Every series whose labels are known is there from the start, at 0. If one is absent, something is wrong.
- What is drawn from a plan stays as it was while nothing can be planned. A controller that has stood by for
  a quarter of an hour drops it: the one that holds the lock knows better.
- A label never has values without end: names are those of manifests, reasons and statuses are listed, and
  a number that is not a status of HTTP is `other`.
- In a file, counters go on from run to run. A process that serves tells its memory and CPU as well
  (`process_*`).
"""


def metrics_page() -> str:
    """Draw every series."""
    lines = [
        NOTICE.format(source="ftops/controller/series.py"),
        _HEAD,
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
        *map(_row, ALL),
        "",
        *_known(),
        "",
        f"Buckets of the histogram, in seconds: {', '.join(f'{bound:g}' for bound in BUCKETS)}.",
        "",
        *_served(),
    ]
    return "\n".join(lines) + "\n"


def _row(one: Series) -> str:
    labels = ", ".join(f"`{label}`" for label in (PROJECT, *one.labels))
    more = f" {one.more}" if one.more else ""
    return f"| `{one.name}` | {one.kind.value} | {labels} | {one.help}{more} |"


def _known() -> Iterator[str]:
    yield "## Values of labels"
    yield ""
    yield "| label | of | values |"
    yield "|---|---|---|"
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in ALL:
        if one.kind is not Kind.HISTOGRAM:
            for label, values in zip(one.labels, one.known, strict=False):
                rows.setdefault((label, values), []).append(f"`{one.name}`")
    for (label, values), names in rows.items():
        yield f"| `{label}` | {', '.join(names)} | {', '.join(f'`{value}`' for value in values)} |"


def _served() -> Iterator[str]:
    yield "## What is served"
    yield ""
    yield "| path | answer |"
    yield "|---|---|"
    yield "| `/metrics` | 200 and the metrics, in Prometheus' text format |"
    yield (
        "| `/healthz` | 200 while the loop moves; 503 once nothing has moved for "
        f"{health.INTERVALS} intervals, at least {health.LEAST_PATIENCE_SECONDS / 60:g} minutes. Rounds, "
        "requests and uploads that go on are signs of life; a pause on purpose is no standstill |"
    )
    yield "| `/readyz` | 200 once a round was done, also one that stood by; 503 before |"
    yield "| anything else | 404; 405 for other methods than GET and HEAD |"
    yield ""
    yield (
        f"A request may have {serving.MOST_BYTES:,} bytes and take {serving.MOST_SECONDS:g} seconds, and "
        f"{serving.MOST_CONNECTIONS} are answered at once. Nothing is encrypted and nobody is asked for a "
        "password: listen on loopback, or where only Prometheus and probes can connect."
    )
