"""Histories: lists of steps, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec import Struct

from ftops.model.finetune import Lifecycle, OnChange, OnRemove, Retry, RetryOn
from ftops.model.value import replace
from tests.simulator import laws
from tests.simulator.account import DUPLICATING_FAULTS, FAULTS, GATEWAY_FAULTS, LYING_FAULT
from tests.simulator.bends import WORLDS
from tests.simulator.store import STORE_FAULTS

Step = tuple[str | int | None, ...]
NAMES = ("a", "b", "c", "d")
LEASE_SECONDS = 120.0
FOR_EVER = 10**9


class History(Struct, frozen=True):
    """Where it plays and what happens. Steps are plain values, so that a shrunk history can be printed."""

    dialect: str
    lease_seconds: float | None
    max_active: int | None
    steps: tuple[Step, ...]
    world: str = "plain"
    budget: int | None = None
    per_day: int | None = None


def generate(
    seed: int,
    dialect: str | None = None,
    focus: tuple[Step, ...] = (),
    world: str | None = None,
    budget: int | None = None,
    *,
    days: bool = True,
) -> History:
    """Draw a history; the same seed gives the same one.

    `focus` are steps to draw more often, a step of one word with any numbers. With `days`, some may only
    create so much in a day; not in a chosen world, nor with a budget: their laws count other things.
    """
    draw = random.Random(seed)
    chosen = dialect or ("openai", "openai_legacy")[seed % 2]
    stamps = chosen != "openai_legacy"
    lease, most = draw.choice((None, LEASE_SECONDS)), draw.choice((None, None, None, 2))
    kinds = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    bent = world or (draw.choice(sorted(WORLDS)) if draw.random() < BENT_SHARE else "plain")
    steps: list[Step] = [("declare", draw.choice(NAMES), 1)]
    for _ in range(draw.randint(3, 24)):
        step = draw.choice(focus) if focus and draw.random() < FOCUS_SHARE else (draw.choice(kinds),)
        steps.append(DRAWS[str(step[0])](draw, stamps) if len(step) == 1 else step)
    # Drawn apart, so that the steps of a seed stay those that they are without it.
    limits = (None, None, 1, 2, 3) if days and budget is None and world is None else (None,)
    per_day = random.Random(f"day {seed}").choice(limits)
    return History(chosen, lease, most, tuple(steps), bent, budget, per_day)


FOCUS_SHARE = 0.6
BENT_SHARE = 0.6
BACKOFF_SECONDS = 1500.0
"""Of the histories, so many play behind a gateway that bends what passes."""


def _fault(draw: random.Random, stamps: bool) -> Step:  # one table of functions of one shape
    operation = draw.choice(("create", "create", "create", "list", "cancel", *FAULTS))
    kinds = FAULTS[operation]
    if operation == "create":
        kinds = (*kinds, *DUPLICATING_FAULTS, *GATEWAY_FAULTS)
    if stamps and operation == "list":
        kinds = (*kinds, LYING_FAULT)
    return ("fault", operation, draw.choice(kinds))


Draw = Callable[[random.Random, bool], Step]
WEIGHTS = {
    "declare": 9,
    "chain": 2,
    "set": 4,
    "rename": 2,
    "quiet rename": 1,
    "remove": 4,
    "fault": 9,
    "store": 2,
    "lag": 2,
    "time": 6,
    "finish": 4,
    "outside": 1,
    "vanish": 2,
    "run": 9,
    "crash": 7,
    "start": 5,
    "go": 5,
    "kill": 1,
    "steal": 2,
    "stranger": 2,
    "retry": 2,
    "jump": 1,
    "restore": 1,
    "lose": 1,
    "hand": 0,
    "forget": 0,
}
MONEY: tuple[Step, ...] = (
    ("declare",),
    ("declare",),
    ("run",),
    ("finish",),
    ("crash",),
    ("fault", "create", "lost reply"),
    ("fault", "create", "late"),
    ("fault", "create", "error after"),
    ("remove",),
    ("time", 30_000),
)
"""What a budget is about: creates, ends, doubts, and days that pass."""

DRAWS: dict[str, Draw] = {
    "declare": lambda draw, _: ("declare", draw.choice(NAMES), draw.randint(1, 3)),
    "chain": lambda draw, _: ("chain", draw.choice(NAMES[1:]), draw.choice(NAMES)),
    "set": lambda draw, _: ("set", draw.choice(NAMES), draw.choice(sorted(SETTINGS))),
    "rename": lambda draw, _: ("rename", draw.choice(NAMES), draw.choice(NAMES)),
    "quiet rename": lambda draw, _: ("quiet rename", draw.choice(NAMES), draw.choice(NAMES)),
    "remove": lambda draw, _: ("remove", draw.choice(NAMES)),
    "fault": _fault,
    "store": lambda draw, _: ("store", draw.choice(STORE_FAULTS)),
    "lag": lambda draw, _: ("lag", draw.choice((0, int(laws.LONGEST_LAG_SECONDS)))),
    "time": lambda draw, _: ("time", draw.choice((1, 100, 130, 1000, 2000))),
    "finish": lambda draw, _: (
        "finish",
        draw.choice(("succeeded", "succeeded", "failed")),
        draw.randint(0, 4),
    ),
    "outside": lambda draw, _: ("outside", draw.randint(0, 9)),
    "vanish": lambda draw, _: ("vanish", draw.randint(0, 9), draw.choice((100, 2000, FOR_EVER))),
    "run": lambda draw, _: ("run",),
    "crash": lambda draw, _: ("crash", draw.randint(0, 30)),
    "start": lambda draw, _: ("start", draw.randint(0, 1), draw.randint(0, 25)),
    "go": lambda draw, _: ("go", draw.randint(0, 1), draw.choice((0, 1, 2, 5, None))),
    "kill": lambda draw, _: ("kill", draw.randint(0, 1)),
    "steal": lambda draw, _: ("steal",),
    "stranger": lambda draw, _: ("stranger", draw.choice(NAMES), draw.randint(1, 3)),
    "retry": lambda draw, _: ("retry", draw.choice(NAMES)),
    "lose": lambda draw, _: ("lose",),
    "forget": lambda draw, _: ("forget",),
    "jump": lambda draw, _: ("jump", draw.choice((1000, 5000))),
    "restore": lambda draw, _: ("restore", draw.randint(1, 4)),
    "hand": lambda draw, _: ("hand", draw.choice(NAMES), draw.choice((None, draw.randint(0, 20)))),
}
SETTINGS: dict[str, Callable[[Lifecycle], Lifecycle]] = {
    "suspend": lambda one: replace(one, suspend=not one.suspend),
    "protect": lambda one: replace(one, protect=not one.protect),
    "drain": lambda one: replace(one, on_change=OnChange.DRAIN),
    "replace": lambda one: replace(one, on_change=OnChange.REPLACE),
    "detach": lambda one: replace(one, on_remove=OnRemove.DETACH),
    "retry": lambda one: replace(
        one, retry=Retry(3, (RetryOn.PROVIDER_ERROR, RetryOn.CANCELLED), BACKOFF_SECONDS)
    ),
    "retry vanished": lambda one: replace(one, retry=Retry(3, (RetryOn.VANISHED,))),
    "rerun": lambda one: replace(one, rerun=one.rerun + "x"),
}
