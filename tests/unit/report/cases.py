"""Summaries as every renderer meets them: one for each verdict, and those that are hard to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ftops.errors import Problem
from ftops.model.change import Action, Change, FieldDifference, Reason, Then
from ftops.model.data_difference import PartDifference, RowSample, RowsDifference, SampleKind
from ftops.model.finetune import Source
from ftops.model.json_value import JSON
from ftops.model.plan import Base, Plan, PlanFacts
from ftops.model.review import Afterwards, Review, Violation, Waived, Warned
from ftops.model.value import replace
from ftops.report.summarizing import summarized
from ftops.report.summary import Summary
from tests.unit.report.examples import HOSTILE, change, hostile_plan, plan_of
from tests.unit.report.summaries import (
    ANSWERS,
    CLERK,
    FRENCH,
    GERMAN,
    GONE,
    HEAD,
    MAIN,
    NIGHT,
    OFFERS,
    ROWS,
    UNREADABLE,
    VOICE,
    cost,
)

DIGEST = "sha256:41c7e09b" + "0" * 56
PART = PartDifference("messages[2].content", "About parking: at the desk", "Refunds over 200 EUR")
SAMPLES = tuple(RowSample(SampleKind.CHANGED, n, n, parts=(PART,)) for n in (4, 41, 42, 201, 334))
HOUSE = (VOICE, ANSWERS, FRENCH, GERMAN)
RECORDS = (OFFERS, replace(GONE, serves="curie:ft-emulator:night-2026-11-27"))
REFUND_CLERK = replace(
    CLERK, differences=(FieldDifference("training_file.sha256", "0" * 64, "1" * 64, ROWS, SAMPLES),)
)


def trained(name: str, amount: float | None, *differences: FieldDifference, **more: object) -> Change:
    """Return a create of something that was trained before, with what differs."""
    price = None if amount is None else cost(amount)
    made = replace(VOICE, name=name, differences=differences, estimated_cost=price)
    return replace(made, source=Source(f"jobs/{name}.yaml", 4), **more)  # type: ignore[arg-type]


def setting(name: str, before: JSON, after: JSON) -> FieldDifference:
    return FieldDifference(f"hyperparameters.{name}", before, after)


def later(name: str, base: str, amount: float | None) -> Change:
    then = Then(Action.CREATE, Reason.CHANGED, "its base changes", 2, 1)
    priced = replace(then, estimated_cost=None if amount is None else cost(amount))
    return replace(ANSWERS, name=name, depends_on=(base,), then=priced)


AFTERWARDS = Afterwards("while it is deployed, used or not", 1.7, 1.7, "hour", about=True)


def kept(count: int) -> tuple[Change, ...]:
    return tuple(change(f"kept-{n}", Action.KEEP, "as declared") for n in range(count))


Planned = tuple[Plan, Review]


def planned(*changes: Change, review: Review | None = None, **more: object) -> Planned:
    facts: dict[str, object] = {"facts": PlanFacts(commit=HEAD), "base": Base("main", MAIN), **more}
    return plan_of(*changes, **facts), review or Review(max_cost=25.0)


def told(*changes: Change, review: Review | None = None, **more: object) -> Summary:
    return summarized(*planned(*changes, review=review, **more), digest=DIGEST)


def nothing() -> Planned:
    return planned(*kept(12), base=None)


def one_create() -> Planned:
    return planned(REFUND_CLERK, *kept(11))


def stops_a_job() -> Planned:
    cheap = replace(NIGHT, afterwards=(AFTERWARDS,))
    return planned(cheap, *HOUSE, REFUND_CLERK, *RECORDS, *kept(4))


def unknown_cost() -> Planned:
    base = trained("intent-base", None, setting("n_epochs", 2, 3))
    review = Review(cost_unknown_because=("no tokenizer is known for curie",), max_cost=25.0)
    return planned(base, later("route-day", "intent-base", None), *HOUSE, REFUND_CLERK, review=review)


def held() -> Planned:
    held = change(
        "vip-desk",
        Action.HOLD,
        "the provider refused it: the model is not available to this organization",
        reason=Reason.REJECTED,
    )
    return planned(held, REFUND_CLERK, *kept(10))


VIOLATIONS = (
    Violation("max_cost", "it may cost $4.79, the limit is $4", "--allow cost=4.79 lifts it"),
    Violation(
        "forbid_train_valid_overlap",
        "12 rows of data/answers-check.jsonl are also in data/answers.jsonl",
        "take them out of one",
        source=Source("jobs/voice.yaml", 16),
        name="house-voice",
    ),
)


def refused() -> Planned:
    waived = Waived(
        "max-epochs", "ana", "10 epochs are more than 5", "agreed for the launch", "2026-12-31", None
    )
    warned = Warned("retirement", "gpt-4o-mini takes no new jobs from 2027-01-06 (in 39 days)")
    review = Review(VIOLATIONS, waived=(waived,), warnings=(warned,), max_cost=4.0)
    return planned(NIGHT, *HOUSE, REFUND_CLERK, *RECORDS, *kept(4), review=review)


def not_loaded() -> Summary:
    more = (
        Problem("there is no such file", "jobs/refunds.yaml", 9),
        Problem("the name is used already", "jobs/refunds.yaml", 3),
    )
    return summarized(plan_of(), Review(), problems=(*UNREADABLE, *more))


def incomplete() -> Planned:
    resting = change("a", Action.HOLD, "the list of jobs is incomplete", reason=Reason.INCOMPLETE_LIST)
    return planned(resting, incomplete={"oa": "the list of jobs ends in the middle"})


def preview() -> Planned:
    fresh = replace(NIGHT, action=Action.CREATE, job_id=None)
    return planned(fresh, *HOUSE, REFUND_CLERK, *RECORDS, offline=True)


def records_only() -> Planned:
    return planned(*RECORDS, *kept(10))


def pending_too() -> Planned:
    drift = replace(NIGHT, brought=False)
    forgotten = replace(RECORDS[1], brought=False)
    return planned(replace(REFUND_CLERK, brought=True), drift, forgotten, *kept(9))


def hostile() -> Planned:
    review = Review(
        (Violation(HOSTILE, HOSTILE, HOSTILE, source=Source(HOSTILE, 1), name=HOSTILE),),
        None,
        (HOSTILE,),
        same_training=((HOSTILE, HOSTILE),),
        warnings=(Warned(HOSTILE, HOSTILE),),
        waived=(Waived(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )
    part = PartDifference(HOSTILE, HOSTILE, f"```\n</details>{HOSTILE}")
    sample = RowSample(SampleKind.CHANGED, 1, 1, parts=(part,))
    gone = RowSample(SampleKind.REMOVED, 2, text=HOSTILE)
    rows = RowsDifference(HOSTILE, 2, 2, changed=1, removed=1)
    after = (Afterwards(HOSTILE, 1.0, 1.0, HOSTILE),)
    data = trained(
        f"data {HOSTILE}",
        1.0,
        FieldDifference("training_file.sha256", "", "", rows, (sample, gone)),
        setting(HOSTILE, HOSTILE, HOSTILE),
        job_id=HOSTILE,
        serves=HOSTILE,
        afterwards=after,
    )
    follower = later(f"later {HOSTILE}", data.name, None)
    plan = replace(hostile_plan(), project=HOSTILE, base=Base(HOSTILE, MAIN))
    drift = replace(change(f"drift {HOSTILE}", message=HOSTILE), brought=False)
    return replace(plan, changes=(*plan.changes, data, follower, drift)), review


def crowd(count: int = 500) -> Planned:
    """Bases of one cause with what starts from them, data of its own, and records."""
    model = FieldDifference("model", "gpt-4o-mini-2024-07-18", "gpt-4.1-mini-2025-04-14")
    changes: list[Change] = [replace(NIGHT, name=f"region-{n}-concierge") for n in range(4)]
    while len(changes) < count * 3 // 4:
        base = trained(f"base-{len(changes)}", 9.01, model)
        changes += [base, *(later(f"{base.name}-{n}", base.name, 1.5) for n in range(11))]
    while len(changes) < count - 9:
        rows = replace(ROWS, path=f"data/summary-{len(changes)}.jsonl", changed=10 + len(changes) % 7)
        differs = FieldDifference("training_file.sha256", "0", "1", rows, SAMPLES)
        changes.append(trained(f"summary-{len(changes)}", 1.2, differs))
    changes += [replace(RECORDS[1], name=f"trial-{n}") for n in range(9)]
    return planned(*changes, *kept(31), review=Review(max_cost=5000.0))


def many(count: int = 500) -> Summary:
    return summarized(*crowd(count), digest=DIGEST)


PLANS: Mapping[str, Callable[[], Planned]] = {
    "nothing": nothing,
    "one-create": one_create,
    "stops-a-job": stops_a_job,
    "unknown-cost": unknown_cost,
    "held": held,
    "refused": refused,
    "incomplete": incomplete,
    "preview": preview,
    "records-only": records_only,
    "pending-too": pending_too,
    "many": crowd,
}
"""Each case as the plan that it is of; all but what could not be planned, and what strangers wrote."""


def _summary(make: Callable[[], Planned], digest: str = DIGEST) -> Summary:
    return summarized(*make(), digest=digest)


CASES: Mapping[str, Callable[[], Summary]] = {
    **{name: partial(_summary, make) for name, make in PLANS.items()},
    "not-loaded": not_loaded,
    "hostile": partial(_summary, hostile, HOSTILE),
}
