"""A plan as a reviewer reads it: one value, drawn by text, Markdown, HTML, annotations and JSON alike.

The order of its fields is that in which a reader meets them. All text is plain and a stranger's: whoever
draws it escapes it for where it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from ftops.errors import Problem
from ftops.model.change import StoppedJob
from ftops.model.data_difference import RowSample, RowsDifference
from ftops.model.finetune import Source
from ftops.model.json_value import JSON
from ftops.model.review import Afterwards, CostEstimate, Violation, Waived, Warned


class Verdict(StrEnum):
    """What becomes of the plan, the gravest first."""

    NOT_LOADED = "not-loaded"
    NOT_PLANNED = "not-planned"
    REFUSED = "refused"
    PREVIEW = "preview"
    HELD = "held"
    STOPS = "stops"
    COST_UNKNOWN = "cost-unknown"
    TRAINS = "trains"
    RECORDS = "records"
    NOTHING = "nothing"


MARKS: Mapping[Verdict, str] = {
    Verdict.NOT_LOADED: "\u26d4",
    Verdict.NOT_PLANNED: "\u26d4",
    Verdict.REFUSED: "\u26d4",
    Verdict.PREVIEW: "\u2139\ufe0f",
    Verdict.HELD: "\u26a0\ufe0f",
    Verdict.STOPS: "\u26a0\ufe0f",
    Verdict.COST_UNKNOWN: "\u26a0\ufe0f",
    Verdict.TRAINS: "\u2705",
    Verdict.RECORDS: "\u2705",
    Verdict.NOTHING: "\u2705",
}
"""What stands before a headline: no entry, information, warning, check mark."""

VERDICT_WORDS: Mapping[Verdict, str] = {
    Verdict.NOT_LOADED: "Not planned",
    Verdict.NOT_PLANNED: "Not planned",
    Verdict.REFUSED: "Apply will refuse this plan",
    Verdict.PREVIEW: "Preview",
    Verdict.HELD: "Needs a person",
    Verdict.STOPS: "Can be applied, needs a look",
    Verdict.COST_UNKNOWN: "Can be applied, needs a look",
    Verdict.TRAINS: "Can be applied",
    Verdict.RECORDS: "Can be applied",
    Verdict.NOTHING: "Nothing to do",
}
"""The same in words."""


class Word(StrEnum):
    """What is done about one fine-tune, as a reader is told it."""

    HOLD = "hold"
    CANCEL = "cancel"
    REPLACE = "replace"
    CREATE = "create"
    TRAIN = "train"
    ADOPT = "adopt"
    UPDATE = "update"
    FORGET = "forget"
    LATER = "later"
    WAIT = "wait"


IDLE = frozenset({Word.HOLD, Word.WAIT})
"""What no apply does anything about."""

SIGNS: Mapping[Word, str] = {
    Word.HOLD: "!",
    Word.CANCEL: "-",
    Word.REPLACE: "\u00b1",
    Word.CREATE: "+",
    Word.TRAIN: "+",
    Word.ADOPT: "\u2190",
    Word.UPDATE: "~",
    Word.FORGET: "x",
    Word.LATER: "\u00b7",
    Word.WAIT: "\u00b7",
}
"""A sign of a shape of its own for each word, beside it."""


class Bullet(Struct, frozen=True):
    """One sentence with the words that it begins with: these are drawn bold."""

    lead: str
    text: str = ""
    source: Source | None = None


class Alert(Struct, frozen=True):
    """The worst that is to be said, at most one: a `lead`, a `text` and, where rules refuse, each of them.

    `severity` is `caution`, `warning` or `note`.
    """

    severity: str
    lead: str
    text: str = ""
    bullets: tuple[Bullet, ...] = ()


class Row(Struct, frozen=True):
    """One change. `depth` is 0, or how far it follows from the rows above; those that follow stand under it.

    `cost` is None where it is unknown; only what `pays` has one. `why` is one clause of at most 60
    characters, of a hold all of it; `message` is the whole. `trains` names epochs, rows and files. `problems`
    are those of its data, and `extras` what a gateway is sent besides.
    """

    word: Word
    name: str
    why: str
    message: str = ""
    depth: int = 0
    pays: bool = False
    cost: CostEstimate | None = None
    provider: str = ""
    trains: str = ""
    source: Source | None = None
    stops: str | None = None
    stopped: StoppedJob | None = None
    problems: tuple[Problem, ...] = ()
    extras: Mapping[str, JSON] = field(default_factory=dict)


class Sum(Struct, frozen=True):
    """What the trainings come to: `known` is of those whose cost is known, None where there is none.

    `now` and `later` count trainings, `unknown` those of them without a known cost.
    """

    now: int = 0
    later: int = 0
    unknown: int = 0
    known: CostEstimate | None = None
    known_now: CostEstimate | None = None
    known_later: CostEstimate | None = None

    @property
    def trainings(self) -> int:
        """Count them all."""
        return self.now + self.later


class Setting(Struct, frozen=True):
    """One setting that differs, as a reader knows it."""

    path: str
    before: str
    after: str


class Settings(Struct, frozen=True):
    """The settings in which `names` differ alike, each name with its place."""

    names: tuple[str, ...]
    differences: tuple[Setting, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)


class Data(Struct, frozen=True):
    """One file of rows that differs, and the fine-tunes that train on it."""

    rows: RowsDifference
    names: tuple[str, ...]
    samples: tuple[RowSample, ...] = ()


class Node(Struct, frozen=True):
    """One fine-tune in a chain; `word` is None where it stays as it is."""

    name: str
    word: Word | None = None
    pays: bool = False
    cost: CostEstimate | None = None


class Chains(Struct, frozen=True):
    """What changes, and what it starts from or is started from. `edges` go from a base to what starts there.

    `models` name, by fine-tune, the base model of those that start from no other fine-tune.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)


class JobNote(Struct, frozen=True):
    """What becomes of the job and the model that a fine-tune has now."""

    name: str
    generation: str
    job: str | None = None
    cancelled: bool = False
    model: str | None = None


class Origin(Struct, frozen=True):
    """Where a plan is from: `digest` of its document, hashes of `commit` and `base`, `ref` a name."""

    digest: str = ""
    commit: str | None = None
    base: str | None = None
    ref: str | None = None


class Counts(Struct, frozen=True):
    """What is only counted: fine-tunes that stay as they are, all that are shown, jobs that are not ours."""

    kept: int = 0
    fine_tunes: int = 0
    unmanaged: int = 0
    stopped: int = 0
    held: int = 0


class Summary(Struct, frozen=True):
    """All that a reader is told of a plan.

    `headline` says in one sentence what happens, for how much, and what is stopped; `opening` is the sentence
    below it where there is nothing else to say. `facts` are at most four.
    `rows` are those that the branch brings, and all of them where no base is known; `pending` those that were
    to be done already. `errors` are why there is no plan.
    """

    project: str
    verdict: Verdict
    headline: str
    opening: str = ""
    alert: Alert | None = None
    facts: tuple[Bullet, ...] = ()
    rows: tuple[Row, ...] = ()
    pending: tuple[Row, ...] = ()
    total: Sum = Sum()
    settings: tuple[Settings, ...] = ()
    data: tuple[Data, ...] = ()
    chains: Chains = Chains()
    jobs: tuple[JobNote, ...] = ()
    afterwards: tuple[tuple[Afterwards, tuple[str, ...]], ...] = ()
    notes: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    warnings: tuple[Warned, ...] = ()
    waived: tuple[Waived, ...] = ()
    errors: tuple[Bullet, ...] = ()
    counts: Counts = Counts()
    origin: Origin = Origin()
    max_cost: float | None = None
    offline: bool = False
    commands: tuple[str, ...] = ()
