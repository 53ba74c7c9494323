"""What is measured, as data: exposition, reference page, alert rules and dashboard are held to this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import product

from msgspec import Struct

from ftops.controller.reconciled import Result
from ftops.model.change import Action, Reason
from ftops.model.event import Outcome
from ftops.model.job import JobStatus

PROJECT = "project"
"""The first label of every series, so that the files of several projects on one node do not collide."""

Labels = tuple[str, ...]
"""The values of a series' labels, without that of the project."""
Values = Mapping[str, Mapping[Labels, float]]
"""Name -> labels -> value, of one project."""


class Kind(StrEnum):
    """What a number may do: a counter only grows, a gauge goes both ways."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Series(Struct, frozen=True):
    """One metric. `labels` are those beside the project; `known` their values that exist from the start.

    `help` goes into the exposition, `more` only onto the reference page.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    known: tuple[tuple[str, ...], ...] = ()
    more: str = ""

    @property
    def start(self) -> Mapping[Labels, float]:
        """Every combination of labels that is known before anything happened, at 0."""
        if len(self.known) < len(self.labels):
            return {}
        return dict.fromkeys(product(*self.known), 0.0)


NO_REPLY = "none"
"""The code of a request that got no reply."""
OTHER = "other"
"""The code of a reply whose status no HTTP has, so that a server cannot make series without end."""
CODES = ("200", "201", "400", "401", "403", "404", "408", "409", "429", "500", "502", "503", "504", NO_REPLY)
"""Those that a rule can wait for: a counter that begins at 1 looks as if it had never grown."""
METHODS = ("GET", "POST", "DELETE")

STATUSES = (*(status.value for status in JobStatus), "absent", "waiting", "held")
AMBIGUOUS = "ambiguous"
OUTCOMES = (*(outcome.value for outcome in Outcome), AMBIGUOUS)
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Seconds. A plan without changes takes less than one; a round that uploads takes minutes."""
MOST_NAMED = 2_000
"""Fine-tunes of one project that have a series of their own: what needs a person comes first."""
MONTH, EVER = "month", "ever"

_REASONS = tuple(reason.value for reason in Reason)
_EFFECTIVE = tuple(action.value for action in Action if action.effective)
_COST = ("provider", "period")

BUILD = Series(
    "ftops_build_info", Kind.GAUGE, "The version of ftops and of Python; always 1.", ("version", "python")
)
FINE_TUNE = Series(
    "ftops_fine_tune_info",
    Kind.GAUGE,
    "A fine-tune with its present status; always 1.",
    ("name", "provider", "status"),
    more=(
        "One series for each fine-tune, which goes when the fine-tune does. Of a project with more than "
        f"{MOST_NAMED:,}, the first {MOST_NAMED:,}: those held for a person first, then those that train or "
        "wait. "
        "`ftops_fine_tunes` counts all of them."
    ),
)
FINE_TUNES = Series(
    "ftops_fine_tunes",
    Kind.GAUGE,
    "How many fine-tunes have this status.",
    ("status",),
    (STATUSES,),
    "The words of `ftops status`.",
)
DURATION = Series(
    "ftops_reconcile_duration_seconds", Kind.HISTOGRAM, "How long the rounds of reconcile took.", ("le",)
)
ROUNDS = Series(
    "ftops_reconcile_total",
    Kind.COUNTER,
    "Rounds of reconcile, by how they ended.",
    ("result",),
    (tuple(result.value for result in Result),),
)
LAST_ROUND = Series(
    "ftops_last_round_timestamp_seconds",
    Kind.GAUGE,
    "When the last round ended, however it ended; 0 before the first.",
    more="Unix time, as the other timestamp.",
)
LAST_SUCCESS = Series(
    "ftops_last_success_timestamp_seconds",
    Kind.GAUGE,
    "When the last round ended that listed every provider and carried out its plan; 0 before the first.",
    more="A hold is no failure of the round: `ftops_needs_person` counts what needs somebody.",
)
FAILURES = Series(
    "ftops_consecutive_failures",
    Kind.GAUGE,
    "Rounds in a row with a failure; 0 after one without, and while another run does the work.",
    more="A newer commit that does not load is one, although the round goes on with the commit before it.",
)
BACKOFF = Series(
    "ftops_backoff_seconds",
    Kind.GAUGE,
    "How much longer than usual the controller waits until the next round.",
)
LOCK = Series(
    "ftops_lock_held_by_another",
    Kind.GAUGE,
    "1 if the last round stood by because another run held the lock, else 0.",
)
FROZEN = Series("ftops_frozen", Kind.GAUGE, "1 if the last round found the kill switch on, else 0.")
REQUESTS = Series(
    "ftops_provider_requests_total",
    Kind.COUNTER,
    "Requests that were sent to a provider, by method and status of the reply.",
    ("provider", "method", "code"),
    more=(
        f"Each try counts. `code` is `{NO_REPLY}` where no reply came, and `{OTHER}` for a number that is "
        "not a status of HTTP."
    ),
)
CHANGES = Series(
    "ftops_changes_total",
    Kind.COUNTER,
    "Changes that were carried out, or could not be, by action and outcome.",
    ("action", "outcome"),
    (_EFFECTIVE, OUTCOMES),
    "`ambiguous`: it may have had its effect, and a later round finds out.",
)
HOLDS = Series("ftops_holds", Kind.GAUGE, "What the last plan held, by reason.", ("reason",), (_REASONS,))
WAITS = Series("ftops_waits", Kind.GAUGE, "What the last plan let wait, by reason.", ("reason",), (_REASONS,))
NEEDS_PERSON = Series(
    "ftops_needs_person",
    Kind.GAUGE,
    "What needs a person (exit codes 4 and 5) and nobody has acknowledged.",
    more="Holds, and providers that could not be listed to the end.",
)
SPENT = Series(
    "ftops_cost_spent_usd",
    Kind.GAUGE,
    "What jobs that have ended cost, in USD; the high end where only an estimate bounds it.",
    _COST,
    more=(
        "As [`ftops cost`](../how-to/stay-within-a-budget.md#what-was-spent) counts it. `period` is "
        f"`{MONTH}` (this calendar month in UTC) or `{EVER}`. Amounts in other currencies are left out."
    ),
)
RUNNING = Series(
    "ftops_cost_running_usd",
    Kind.GAUGE,
    "What jobs that run, or are in doubt, may cost at most, in USD.",
    _COST,
)
WASTED = Series(
    "ftops_cost_wasted_usd", Kind.GAUGE, "The part of what was spent that bought nothing, in USD.", _COST
)
UNKNOWN = Series(
    "ftops_cost_unknown_jobs", Kind.GAUGE, "Jobs whose cost is unknown, and so in no sum.", _COST
)
BUDGET = Series(
    "ftops_budget_usd",
    Kind.GAUGE,
    "The budget, in USD.",
    ("budget", "period"),
    more="`budget` is `project`, `provider:NAME` or `label:KEY=VALUE`; `period` is `day` or `month`.",
)
LEFT = Series(
    "ftops_budget_left_usd",
    Kind.GAUGE,
    "What new jobs may still cost, in USD; below 0 where the budget is exceeded.",
    ("budget", "period"),
)

ALL = (
    *(
        BUILD,
        FINE_TUNE,
        FINE_TUNES,
        DURATION,
        ROUNDS,
        LAST_ROUND,
        LAST_SUCCESS,
        FAILURES,
        BACKOFF,
        LOCK,
        FROZEN,
    ),
    *(REQUESTS, CHANGES, HOLDS, WAITS, NEEDS_PERSON, SPENT, RUNNING, WASTED, UNKNOWN, BUDGET, LEFT),
)
"""In the order of the reference page."""
PLANNED = (FINE_TUNE, FINE_TUNES, HOLDS, WAITS, NEEDS_PERSON, SPENT, RUNNING, WASTED, UNKNOWN, BUDGET, LEFT)
"""What is drawn from a round's plan, and stays as it was while there is none."""
BY_NAME = {series.name: series for series in ALL}

INFINITE = "+Inf"
SUM = "sum"
"""Stands among the buckets of a histogram in place of a bound: it is exposed as a series of its own."""


def at_start() -> dict[str, dict[Labels, float]]:
    """Return the values of a project before its first round: absence means trouble, so all are there."""
    values = {series.name: dict(series.start) for series in ALL}
    values[DURATION.name] = dict.fromkeys(
        ((bound,) for bound in (*map(bound_text, BUCKETS), INFINITE, SUM)), 0.0
    )
    return values


def bound_text(bound: float) -> str:
    """Write the bound of a bucket as Prometheus does."""
    return str(float(bound))


def into_buckets(seconds: float) -> Iterable[Labels]:
    """Return the buckets of a histogram that a duration counts in: they are cumulative."""
    return [*((bound_text(bound),) for bound in BUCKETS if seconds <= bound), (INFINITE,)]


def code_label(status: int | None) -> str:
    """Return the label of a reply's status."""
    if status is None:
        return NO_REPLY
    return str(status) if 100 <= status <= 599 else OTHER  # noqa: PLR2004 - the range of HTTP
