"""Summaries as a renderer is given them: a typical one, one of each verdict, hostile and large ones."""

from __future__ import annotations

from itertools import pairwise

from ftops.model.change import StoppedJob
from ftops.model.data_difference import PartDifference, RowSample, RowsDifference, SampleKind
from ftops.model.finetune import Source
from ftops.model.review import Afterwards, CostEstimate, Violation, Waived, Warned
from ftops.model.value import replace
from ftops.report.summary import (
    Alert,
    Bullet,
    Chains,
    Counts,
    Data,
    JobNote,
    Node,
    Origin,
    Row,
    Setting,
    Settings,
    Sum,
    Summary,
    Verdict,
    Word,
)
from tests.unit.report.examples import HOSTILE

LONGEST = "a-name-of-sixty-three-signs-which-is-all-that-a-manifest-allows"


def cost(dollars: float) -> CostEstimate:
    return CostEstimate(dollars, dollars, about=True)


def row(word: Word, name: str, why: str, **more: object) -> Row:
    return Row(word, name, why, **more)  # type: ignore[arg-type]


def training(word: Word, name: str, why: str, dollars: float, rows: int, **more: object) -> Row:
    trains = f"3 epochs of {rows:,} rows, data/{name[:30]}.jsonl"
    return row(word, name, why, pays=True, cost=cost(dollars), provider="oa", trains=trains, **more)


ROWS = (
    training(
        Word.REPLACE,
        "night-report",
        "learning_rate_multiplier: auto → 0.5",
        1.69,
        480,
        source=Source("jobs/summaries.yaml", 4),
        stops="ftjob-uDpUWN3V3svYkqKqHNlIKPfU",
        stopped=StoppedJob("running", 0.34, cost(0.57)),
    ),
    training(Word.CREATE, "house-voice", "n_epochs: 3 → 4", 0.94, 1_200, source=Source("jobs/voice.yaml", 4)),
    training(
        Word.LATER,
        "guest-answers",
        "starts from the new house-voice",
        1.09,
        1_410,
        depth=1,
        source=Source("jobs/voice.yaml", 16),
    ),
    training(
        Word.LATER,
        "guest-answers-french",
        "starts from the new guest-answers",
        0.34,
        410,
        depth=2,
        source=Source("jobs/voice.yaml", 39),
    ),
    training(
        Word.LATER,
        "guest-answers-german",
        "starts from the new guest-answers",
        0.36,
        415,
        depth=2,
        source=Source("jobs/voice.yaml", 28),
    ),
    training(
        Word.CREATE,
        "refund-clerk",
        "5 of 480 training rows",
        0.37,
        480,
        source=Source("jobs/triage.yaml", 16),
    ),
    row(
        Word.UPDATE,
        "spa-offers",
        "renamed from spa-upsell; nothing is trained",
        source=Source("jobs/spa.yaml", 4),
    ),
    row(Word.FORGET, "route-night", "removed; its model stays at the provider"),
)

NODES = (
    *(Node(each.name, each.word, each.pays, each.cost) for each in ROWS),
    Node("support-triage"),
    Node("vip-desk"),
    Node("intent-base"),
    Node("route-day"),
)
CHAINS = Chains(
    NODES,
    (
        ("house-voice", "guest-answers"),
        ("guest-answers", "guest-answers-french"),
        ("guest-answers", "guest-answers-german"),
        ("support-triage", "refund-clerk"),
        ("support-triage", "vip-desk"),
        ("intent-base", "route-day"),
        ("intent-base", "route-night"),
    ),
    {
        "night-report": "gpt-4o-2024-08-06",
        "house-voice": "gpt-4o-mini-2024-07-18",
        "support-triage": "gpt-4o-mini-2024-07-18",
        "spa-offers": "gpt-4o-mini-2024-07-18",
        "intent-base": "curie",
    },
)
SAMPLES = (
    RowSample(
        SampleKind.CHANGED,
        4,
        4,
        None,
        (
            PartDifference(
                "messages[2].content",
                "About parking: at the desk free for you we gladly arrange it until noon …",
                "Refunds over 200 EUR need the manager; I have asked and will write to you today.",
            ),
        ),
    ),
    RowSample(SampleKind.ADDED, None, 480, "What time is breakfast on Sundays?"),
)
DATA = (Data(RowsDifference("data/refunds.jsonl", 479, 480, 1, 0, 4), ("refund-clerk",), SAMPLES),)
SETTINGS = (
    Settings(
        ("night-report",),
        (Setting("learning_rate_multiplier", "auto", "0.5"),),
        {"night-report": Source("jobs/summaries.yaml", 4)},
    ),
    Settings(
        ("house-voice",),
        (Setting("n_epochs", "3", "4"),),
        {"house-voice": Source("jobs/voice.yaml", 4)},
    ),
    Settings(
        ("spa-offers",),
        (Setting("name", "spa-upsell", "spa-offers"),),
        {"spa-offers": Source("jobs/spa.yaml", 4)},
    ),
)
JOBS = (
    JobNote("night-report", "2.1 → 3.1", "ftjob-uDpUWN3V3svYkqKqHNlIKPfU", cancelled=True),
    JobNote("house-voice", "1.1 → 2.1", model="ft:gpt-4o-mini-2024-07-18:emulator:voice:gQ9ZhWWq"),
    JobNote("refund-clerk", "1.1 → 2.1", model="ft:gpt-4o-mini-2024-07-18:emulator:refunds:43M0XlQS"),
    JobNote("route-night", "1.1", model="curie:ft-emulator:night-2026-11-27-03-51-42"),
)
ALERT = Alert(
    "warning",
    "night-report is running and would be stopped.",
    "It is at 34 %. About $0.57 is spent and lost; its last model stays.",
)
FACTS = (
    Bullet("Cost", "about $4.79: $3.00 at once, $1.79 later. Limit of one apply: $25.00"),
    Bullet("Data", "5 of 480 rows in data/refunds.jsonl"),
    Bullet("Kept", "every finished model; 4 of 12 fine-tunes as they are"),
)

TYPICAL = Summary(
    project="almhof-x7f2",
    verdict=Verdict.STOPS,
    headline="trains 6 models for about $4.79, stops 1 running job",
    alert=ALERT,
    facts=FACTS,
    rows=ROWS,
    total=Sum(3, 3, 0, cost(4.79), cost(3.0), cost(1.79)),
    settings=SETTINGS,
    data=DATA,
    chains=CHAINS,
    jobs=JOBS,
    counts=Counts(kept=4, fine_tunes=12, stopped=1),
    origin=Origin("41c7e09b3f0d", "5d20c1e8f00", "8fead62aaa0", "main"),
    max_cost=25.0,
    commands=("ftops plan --base main", "ftops apply plan.ftops"),
)

REFUSED = replace(
    TYPICAL,
    verdict=Verdict.REFUSED,
    headline="blocked by 2 rules; would train 6 models for about $4.79",
    alert=Alert(
        "caution",
        "Apply will refuse this plan.",
        "",
        (
            Bullet("max_cost", "about $4.79 is more than the limit of $4.00. Split the change"),
            Bullet(
                "forbid_train_valid_overlap",
                "12 rows are in both files. Take them out of one",
                Source("jobs/voice.yaml", 16),
            ),
        ),
    ),
    facts=(
        Bullet("Cost", "about $4.79: $3.00 at once, $1.79 later. Limit of one apply: $4.00"),
        Bullet("Stops", "1 running job: night-report, at 34 %; about $0.57 is spent on it and lost"),
        *FACTS[1:],
    ),
    violations=(
        Violation("max_cost", "about $4.79 is more than the limit of $4.00", "split the change"),
        Violation(
            "forbid_train_valid_overlap",
            "12 rows are in both files",
            "take them out of one",
            source=Source("jobs/voice.yaml", 16),
            name="guest-answers",
        ),
    ),
    warnings=(
        Warned(
            "retirement",
            "gpt-4o-mini-2024-07-18 ends on 2027-02-01",
            ("house-voice",),
            source=Source("jobs/voice.yaml", 4),
        ),
    ),
    waived=(
        Waived(
            "max_epochs",
            "exam-week",
            "house-voice has 4 epochs, more than 3",
            "agreed with finance",
            "2026-12-31",
            Source("policies/waivers.yaml", 2),
        ),
    ),
    max_cost=4.0,
)

UNKNOWN = replace(
    TYPICAL,
    verdict=Verdict.COST_UNKNOWN,
    headline="trains 7 models for at least $3.10; the cost of 2 is unknown",
    alert=Alert("warning", "The cost of 2 trainings is unknown.", "house has no price for llama-3."),
    rows=(
        training(Word.CREATE, "house-voice", "n_epochs: 3 → 4", 3.1, 1_200),
        row(Word.CREATE, "own-model", "new", pays=True),
        row(Word.LATER, "own-model-small", "starts from the new own-model", depth=1, pays=True),
    ),
    total=Sum(2, 1, 2, cost(3.1), cost(3.1), None),
    counts=Counts(kept=4, fine_tunes=12),
    notes=("house answered slowly.",),
    afterwards=(
        (Afterwards("while it is deployed", 1.7, 1.7, "hour", about=True), ("house-voice", "own-model")),
    ),
)

NOTHING = Summary(
    project="almhof-x7f2",
    verdict=Verdict.NOTHING,
    headline="changes nothing",
    opening="All 12 fine-tunes are as declared. Nothing is trained, nothing is stopped, nothing is paid.",
    counts=Counts(kept=12, fine_tunes=12),
)

NOT_LOADED = Summary(
    project="almhof-x7f2",
    verdict=Verdict.NOT_LOADED,
    headline="cannot be planned; 2 errors in 2 files",
    errors=(
        Bullet("n_epochs", "must be a whole number, not a string", Source("jobs/voice.yaml", 12)),
        Bullet("data/refunds.jsonl", "row 4 is not JSON", Source("data/refunds.jsonl", 4)),
    ),
)

PREVIEW = replace(
    TYPICAL,
    verdict=Verdict.PREVIEW,
    headline="a preview without keys: 6 models would be trained for about $4.79",
    alert=Alert(
        "note",
        "No provider was asked.",
        "Whether a job runs now, and would be stopped, is not known here.",
    ),
    rows=tuple(
        replace(each, word=Word.TRAIN if each.word in (Word.CREATE, Word.REPLACE) else each.word, stops=None)
        for each in ROWS
    ),
    jobs=(),
    counts=Counts(fine_tunes=12),
    offline=True,
)

PENDING = replace(
    TYPICAL,
    pending=(
        training(Word.CREATE, "vip-desk", "its data changed on main", 0.4, 60),
        row(Word.HOLD, "intent-base", "its job failed twice"),
    ),
)

HOSTILE_SUMMARY = Summary(
    project=HOSTILE,
    verdict=Verdict.REFUSED,
    headline=HOSTILE,
    opening=HOSTILE,
    alert=Alert("caution", HOSTILE, HOSTILE, (Bullet(HOSTILE, HOSTILE, Source(HOSTILE, 1)),)),
    facts=(Bullet(HOSTILE, HOSTILE),),
    rows=(
        training(
            Word.REPLACE,
            HOSTILE,
            HOSTILE,
            1.0,
            10,
            message=HOSTILE,
            source=Source(HOSTILE, 1),
            stops=HOSTILE,
            stopped=StoppedJob(HOSTILE, 0.5, cost(1)),
        ),
        row(Word.FORGET, HOSTILE, HOSTILE),
    ),
    pending=(row(Word.HOLD, HOSTILE, HOSTILE),),
    total=Sum(1, 0, 0, cost(1.0), cost(1.0)),
    settings=(Settings((HOSTILE,), (Setting(HOSTILE, HOSTILE, HOSTILE),), {HOSTILE: Source(HOSTILE, 1)}),),
    data=(
        Data(
            RowsDifference(HOSTILE, 1, 1, changed=1),
            (HOSTILE,),
            (RowSample(SampleKind.CHANGED, 1, 1, HOSTILE, (PartDifference(HOSTILE, HOSTILE, HOSTILE),)),),
        ),
    ),
    chains=Chains((Node(HOSTILE, Word.REPLACE, pays=True, cost=cost(1)),), (), {HOSTILE: HOSTILE}),
    jobs=(JobNote(HOSTILE, HOSTILE, HOSTILE, cancelled=True, model=HOSTILE),),
    afterwards=((Afterwards(HOSTILE), (HOSTILE,)),),
    notes=(HOSTILE,),
    violations=(Violation(HOSTILE, HOSTILE, HOSTILE, source=Source(HOSTILE, 1), name=HOSTILE),),
    warnings=(Warned(HOSTILE, HOSTILE, (HOSTILE,), source=Source(HOSTILE, 1)),),
    waived=(Waived(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, Source(HOSTILE, 1)),),
    errors=(Bullet(HOSTILE, HOSTILE, Source(HOSTILE, 1)),),
    counts=Counts(1, 2, 3, 1, 1),
    origin=Origin(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    max_cost=1.0,
    commands=(HOSTILE,),
)


def large(count: int) -> Summary:
    """A plan of `count` changes in chains of four, every one of which is trained or forgotten."""
    rows: list[Row] = []
    edges: list[tuple[str, str]] = []
    models: dict[str, str] = {}
    for number in range(count):
        name = f"fine-tune-{number:04}"
        source = Source(f"jobs/team-{number % 7}.yaml", number + 1)
        place = number % 4
        if place == 3:
            rows.append(row(Word.FORGET, name, "removed; its model stays at the provider"))
        elif place:
            before = f"fine-tune-{number - 1:04}"
            why = f"starts from the new {before}"
            rows.append(training(Word.LATER, name, why, 0.5, 200, depth=place, source=source))
            edges.append((before, name))
        else:
            rows.append(training(Word.CREATE, name, "n_epochs: 3 → 4", 1.25, 200, source=source))
        if place in (0, 3):
            models[name] = "gpt-4o-mini-2024-07-18"
    paid = [each for each in rows if each.pays]
    now = sum(1 for each in paid if each.word is Word.CREATE)
    dollars = sum(each.cost.low for each in paid if each.cost)
    return replace(
        TYPICAL,
        verdict=Verdict.TRAINS,
        headline=f"trains {len(paid)} models for about ${dollars:.2f}",
        alert=None,
        rows=tuple(rows),
        total=Sum(now, len(paid) - now, 0, cost(dollars), cost(now * 1.25), cost(dollars - now * 1.25)),
        chains=Chains(
            tuple(Node(each.name, each.word, each.pays, each.cost) for each in rows), tuple(edges), models
        ),
        settings=(
            Settings(
                tuple(each.name for each in rows if each.word is Word.CREATE),
                (Setting("n_epochs", "3", "4"),),
                {each.name: each.source for each in rows if each.source},
            ),
        ),
        jobs=tuple(
            JobNote(each.name, "1.1 → 2.1", model=f"ft:gpt-4o-mini:acme::{each.name}") for each in rows
        ),
        counts=Counts(kept=4, fine_tunes=count + 4),
        max_cost=None,
    )


def longest() -> Summary:
    """Names, paths and commands as long as they can be."""
    source = Source("jobs/" + "a-folder-with-a-long-name/" * 4 + "manifest.yaml", 1234)
    rows = (
        training(Word.REPLACE, LONGEST, "x" * 60, 123_456, 1_234_567, source=source, stops="ftjob-1"),
        training(Word.LATER, LONGEST + "2", "y" * 60, 99_999, 1_234_567, depth=1, source=source),
        *(
            training(Word.LATER, f"{LONGEST[:-2]}{depth}", "z" * 60, 1, 10, depth=depth, source=source)
            for depth in range(2, 9)
        ),
    )
    names = [each.name for each in rows]
    return replace(
        TYPICAL,
        project=LONGEST,
        headline=f"trains 2 models for $223,455, stops 1 running job: {LONGEST}",
        rows=rows,
        total=Sum(1, 8, 0, cost(223_462), cost(123_456), cost(100_006)),
        chains=Chains(
            tuple(Node(each.name, each.word, each.pays, each.cost) for each in rows),
            tuple(pairwise(names)),
            {names[0]: "a-base-model-with-a-name-" + "that-goes-on-" * 5},
        ),
        settings=(
            Settings(
                (LONGEST,),
                (Setting("long_setting_" * 5, "q" * 300, "r" * 300),),
                {LONGEST: source},
            ),
        ),
        commands=("ftops apply " + "a-long-file-name-" * 12 + "plan.ftops",),
    )


ALL = {
    "typical": TYPICAL,
    "refused": REFUSED,
    "unknown": UNKNOWN,
    "nothing": NOTHING,
    "not-loaded": NOT_LOADED,
    "preview": PREVIEW,
    "pending": PENDING,
    "hostile": HOSTILE_SUMMARY,
    "longest": longest(),
    "large": large(120),
}
"""One of each kind that a renderer has to draw."""
