"""Metrics of the controller, as Prometheus reads them. The one door to prometheus-client, an extra.

What is served is always one whole state of each project: a round replaces its gauges together.
"""

from __future__ import annotations

import json
import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ftops.controller import series
from ftops.controller.measured import gauges, outcome, succeeded
from ftops.controller.reconciled import Reconciled, Result
from ftops.controller.series import PROJECT, Kind, Labels, Series
from ftops.errors import ExitCode, FtopsError
from ftops.transport.observer import Exchange, Observer
from ftops.version import __version__

try:
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.metrics_core import Metric
    from prometheus_client.parser import text_string_to_metric_families
    from prometheus_client.registry import Collector
except ImportError as error:
    raise FtopsError(
        f"metrics need the package prometheus-client, which cannot be loaded: {error}",
        hint="pip install 'ftops[serve]'",
    ) from error

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LONGEST_STANDING_BY_SECONDS = 900.0
"""Then what this process knew of the project is dropped: another one tells it now, and knows better."""

_ROOTS = "# ftops: projects by directory: "

_Project = dict[str, dict[Labels, float]]


class Metrics:
    """Listens to rounds and to requests, and writes what Prometheus reads. Safe to use from several threads.

    With `process`, memory and CPU of this process are told too: not in a file, whose reader has its own.
    """

    def __init__(self, *, process: bool = False) -> None:
        self._lock = threading.Lock()
        self._projects: dict[str, _Project] = {}
        self._roots: dict[Path, str] = {}
        self._gone: set[Path] = set()
        self._stands_by_since: dict[str, float] = {}
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(_Drawing(self._copied))
        if process:
            ProcessCollector(registry=self.registry)

    def __call__(self, told: Reconciled) -> None:
        """Take in one round."""
        # Drawn before the lock is taken: requests of other projects are counted meanwhile.
        drawn = None if told.round is None else gauges(told.round)
        with self._lock:
            if told.root in self._gone:
                return
            # One that does not load may not know its name; it is the project that it was.
            unread = told.result is Result.FAILED and told.round is None
            project = self._roots.get(told.root, told.project) if unread else told.project
            values = self._known(told.root, project)
            self._count(values, told)
            if told.result is not Result.STANDING_BY:
                self._stands_by_since.pop(project, None)
            elif told.started_at - self._stands_by_since.setdefault(project, told.started_at) >= (
                LONGEST_STANDING_BY_SECONDS
            ):
                drawn = _unknown()
            values.update(drawn or {})

    def expect(self, root: Path, project: str) -> None:
        """Have every series of a project, before its first round."""
        with self._lock:
            self._gone.discard(root)
            self._known(root, project)

    def forget(self, root: Path) -> None:
        """Drop the series of a project that is no longer looked after, so that no rule waits for it.

        A round of it that still goes on is not counted; it is to be expected again if it is back.
        """
        with self._lock:
            self._gone.add(root)
            self._drop(root)

    def backing_off(self, root: Path, seconds: float) -> None:
        """Note how much longer than usual it is until the next round of a project."""
        with self._lock:
            if (project := self._roots.get(root)) is not None:
                self._projects[project][series.BACKOFF.name] = {(): seconds}

    def observer(self, project: str, provider: str) -> Observer:
        """Return who counts the requests to one provider; see `Surroundings.hearer`."""
        counts: dict[Labels, float] = {
            (provider, method, code): 0.0 for method in series.METHODS for code in series.CODES
        }
        with self._lock:
            values = self._projects.setdefault(project, _started())
            values[series.REQUESTS.name] = {**counts, **values[series.REQUESTS.name]}

        def hear(told: Exchange) -> None:
            with self._lock:
                _add(
                    self._projects.get(project, {}),
                    series.REQUESTS,
                    (provider, told.method, series.code_label(told.status)),
                )

        return hear

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry).decode()

    def text_to_resume(self) -> str:
        """Return that with a comment, by which a project is known again that cannot say its name."""
        with self._lock:
            roots = {str(root.resolve()): project for root, project in self._roots.items()}
        return f"{self.text()}{_ROOTS}{json.dumps(roots)}\n"

    def resume(self, root: Path, project: str | None, text: str) -> None:
        """Go on from what an earlier run wrote of a project, so that its counters never begin again.

        None is a project whose name cannot be read: it is the one that was there. Raises ValueError for text
        of another format.
        """
        samples = list(_read(text))
        whose = project or _roots_in(text).get(str(root.resolve()))
        if whose is None:
            return
        with self._lock:
            values = self._known(root, whose)
            for name, series_name, labels, value in samples:
                if name == whose:
                    values[series_name][labels] = value

    def _known(self, root: Path, project: str) -> _Project:
        if self._roots.get(root, project) != project:
            self._drop(root)
        self._roots[root] = project
        return self._projects.setdefault(project, _started())

    def _drop(self, root: Path) -> None:
        project = self._roots.pop(root, None)
        if project is not None and project not in self._roots.values():
            self._projects.pop(project, None)
            self._stands_by_since.pop(project, None)

    def _count(self, values: _Project, told: Reconciled) -> None:
        _add(values, series.ROUNDS, (told.result.value,))
        for labels in series.into_buckets(told.seconds):
            _add(values, series.DURATION, labels)
        _add(values, series.DURATION, (series.SUM,), told.seconds)
        for result in told.round.results if told.round else ():
            _add(values, series.CHANGES, (result.change.action.value, outcome(result)))
        ended = told.started_at + told.seconds
        well = told.result is Result.DONE and told.round is not None and succeeded(told.round)
        now = {
            series.LAST_ROUND: ended,
            series.FAILURES: _failures(values, told, well=well),
            series.LOCK: float(told.result is Result.STANDING_BY),
            series.FROZEN: float(told.result is Result.FROZEN),
            **({series.LAST_SUCCESS: ended} if well else {}),
        }
        values.update({one.name: {(): value} for one, value in now.items()})

    def _copied(self) -> Mapping[str, _Project]:
        """Return everything as it is at one instant; gauges are replaced and never changed."""
        counted = [one.name for one in series.ALL if one.kind is not Kind.GAUGE]
        with self._lock:
            return {
                project: {**values, **{name: dict(values[name]) for name in counted}}
                for project, values in self._projects.items()
            }


class _Drawing(Collector):
    """Draws the values as families of Prometheus."""

    def __init__(self, copied: Callable[[], Mapping[str, _Project]]) -> None:
        self._copied = copied

    def collect(self) -> Iterable[Metric]:
        """Yield each family, also one without a series."""
        projects = self._copied()
        for one in series.ALL:
            yield _family(one, projects)


def _family(one: Series, projects: Mapping[str, _Project]) -> Metric:
    names = [PROJECT, *one.labels]
    if one.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(one.name, one.help, labels=[PROJECT])
        for project, values in projects.items():
            found = values[one.name]
            bounds = [*map(series.bound_text, series.BUCKETS), series.INFINITE]
            buckets = [(bound, found[bound,]) for bound in bounds]
            histogram.add_metric([project], buckets, found[series.SUM,])
        return histogram
    family = CounterMetricFamily if one.kind is Kind.COUNTER else GaugeMetricFamily
    drawn = family(one.name, one.help, labels=names)
    for project, values in projects.items():
        for labels, value in values[one.name].items():
            drawn.add_metric([project, *labels], value)
    return drawn


def _started() -> _Project:
    build: dict[Labels, float] = {(__version__, platform.python_version()): 1.0}
    return {**series.at_start(), series.BUILD.name: build}


def _unknown() -> _Project:
    """Return the gauges of a plan as they were before the first."""
    start = series.at_start()
    return {one.name: start[one.name] for one in series.PLANNED}


def _failures(values: _Project, told: Reconciled, *, well: bool) -> float:
    """Return the rounds in a row with a failure; one that somebody stopped is none, and ends no row."""
    before = values[series.FAILURES.name].get((), 0.0)
    if told.code is ExitCode.INTERRUPTED:
        return before
    # A round can be done and still have problems: a newer commit that does not load.
    fine = well and not told.problems
    return 0.0 if fine or told.result in (Result.STANDING_BY, Result.FROZEN) else before + 1


def _add(values: _Project, one: Series, labels: Labels, more: float = 1.0) -> None:
    if one.name in values:
        values[one.name][labels] = values[one.name].get(labels, 0.0) + more


def _roots_in(text: str) -> dict[str, str]:
    """Return the projects by directory that a text was written of."""
    said = text.rpartition(_ROOTS)[2] if _ROOTS in text else "{}"
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return (
        {root: name for root, name in found.items() if isinstance(name, str)}
        if isinstance(found, dict)
        else {}
    )


def _read(text: str) -> Iterator[tuple[str, str, Labels, float]]:
    """Yield what an earlier run wrote, as far as it is still measured so: project, name, labels, value."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            of = dict(sample.labels)
            project = of.pop(PROJECT, None)
            if project is None or sample.name == series.BUILD.name:
                continue
            name = series.DURATION.name if sample.name.startswith(series.DURATION.name) else sample.name
            if sample.name == f"{series.DURATION.name}_sum":
                of = {"le": series.SUM}
            known = series.BY_NAME.get(name)
            if known is not None and of.keys() == set(known.labels):
                yield project, name, tuple(of[label] for label in known.labels), sample.value
