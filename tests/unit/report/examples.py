"""Plans and events as a report is given them."""

from __future__ import annotations

from ftops.model.change import Action, Change, DataUse, FieldDifference, Reason, Then
from ftops.model.finetune import Source
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate, Review
from ftops.model.value import replace

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link \u202egnp.exe\u2066 \x9b2J\x08\r\n\ttab "
    "\u200b\ud800 "
    "@octocat @org/team #1 GH-2 !3 | a\\| `code` ``` ~~~ </pre></details><img src=x onerror=alert(1)> "
    "[link](http://evil.example) ![image](http://evil.example/x.png) <http://evil.example> www.evil.example "
    "http://evil.example a@evil.example mailto:a@evil.example &#64;octocat &lt;b&gt; *b* _i_ ~~s~~ $x$ ---"
)


def change(name: str = "a", action: Action = Action.CREATE, message: str = "new", **more: object) -> Change:
    values = {"reason": Reason.NEW, "provider": "p", "generation": 1, "attempt": 1, **more}
    return Change(name=name, action=action, message=message, **values)  # type: ignore[arg-type]


def plan_of(*changes: Change, **more: object) -> Plan:
    return Plan("demo", "l", 1, changes, **more)  # type: ignore[arg-type]


def hostile_plan() -> Plan:
    """A plan in which every text that a stranger writes is hostile."""
    made = change(
        HOSTILE,
        message=HOSTILE,
        provider=HOSTILE,
        job_id=HOSTILE,
        spec={"model": HOSTILE, "method": HOSTILE, "number": float("nan")},
        data=(DataUse("training", HOSTILE, None, "0" * 64, 1, 1), DataUse("training", None, HOSTILE)),
        differences=(FieldDifference(HOSTILE, HOSTILE, [HOSTILE, float("inf")]),),
        source=Source(HOSTILE, 1),
        labels={HOSTILE: HOSTILE},
    )
    then = Then(Action.CREATE, Reason.NEW, HOSTILE, 1, 1, (DataUse("training", HOSTILE),))
    made = replace(made, then=then)
    return plan_of(made, change("b", Action.HOLD, HOSTILE), incomplete={HOSTILE: HOSTILE}, notes=(HOSTILE,))


def chained_plan() -> Plan:
    """A base that changes while its old job runs, what is below it, and a revert that stops a job."""
    data = (DataUse("training", "data/b.jsonl", None, "0" * 64, 2048, 60),)
    base = change("base", Action.REPLACE, "changed", generation=2, job_id="job-1", estimated_cost=PRICE)
    then = Then(Action.CREATE, Reason.CHANGED, "its base model changes", 2, 1, data, LATER)
    below = change("below", Action.WAIT, "waiting for base", depends_on=("base",), then=then, spec=SPEC)
    revert = change("revert", Action.ADOPT, "trained before", job_id="job-2", cancel_first="job-3")
    return plan_of(base, below, revert)


SPEC = {"method": "supervised"}
PRICE, LATER = CostEstimate(1.2, 1.2), CostEstimate(0.5, 0.8)
CHAINED_REVIEW = Review((), PRICE, (), LATER, (("base", "below", "revert"),))
