"""A plan like that of a real project: a chain, a job that is stopped, five changed rows, four keeps."""

from __future__ import annotations

from ftops.errors import Problem
from ftops.model.change import Action, Change, DataUse, FieldDifference, Reason, StoppedJob, Then
from ftops.model.commit import Commit
from ftops.model.data_difference import PartDifference, RowSample, RowsDifference, SampleKind
from ftops.model.finetune import Source
from ftops.model.plan import Base, Plan, PlanFacts
from ftops.model.review import CostEstimate, Review, Violation
from ftops.model.value import replace
from tests.unit.report.examples import change

MODEL = "gpt-4o-mini-2024-07-18"
HEAD, MAIN = Commit("5d20c1e" + "0" * 33, 1_795_700_000), Commit("8fead62" + "0" * 33, 1_795_600_000)
ROWS = RowsDifference("data/refunds.jsonl", 480, 480, changed=5)
SAMPLE = RowSample(
    SampleKind.CHANGED,
    4,
    4,
    None,
    (PartDifference("messages[2].content", "About parking: at the desk", "Refunds over 200 EUR"),),
)


def cost(amount: float) -> CostEstimate:
    return CostEstimate(amount, amount, about=True)


def spec(epochs: int = 3) -> dict[str, object]:
    return {"model": MODEL, "method": "supervised", "hyperparameters": {"n_epochs": epochs}}


def _trained(name: str, action: Action, amount: float, path: str, before: object, after: object) -> Change:
    return change(
        name,
        action,
        "it is declared otherwise",
        reason=Reason.CHANGED,
        generation=2,
        spec=spec(),
        data=(DataUse("training", f"data/{name}.jsonl", None, "0" * 64, 65_000, 260),),
        differences=(FieldDifference(f"hyperparameters.{path}", before, after),),  # type: ignore[arg-type]
        estimated_cost=cost(amount),
        source=Source(f"jobs/{name}.yaml", 4),
        serves=f"ft:{MODEL}:{name}",
    )


def _later(name: str, base: str, amount: float) -> Change:
    then = Then(Action.CREATE, Reason.CHANGED, "its base changes", 2, 1, (), cost(amount))
    return change(
        name,
        Action.WAIT,
        f"waits for {base}",
        reason=Reason.WAITING_FOR,
        depends_on=(base,),
        differences=(FieldDifference("model.fingerprint", "f1:a", "f1:b"),),
        then=then,
        spec={"method": "supervised"},
        source=Source("jobs/guests.yaml", 9),
    )


NIGHT = replace(
    _trained("night-report", Action.REPLACE, 1.69, "learning_rate_multiplier", None, 0.5),
    job_id="ftjob-1",
    stopped=StoppedJob("running", 0.34, cost(0.57)),
)
VOICE = _trained("house-voice", Action.CREATE, 0.94, "n_epochs", 3, 4)
ANSWERS = _later("guest-answers", "house-voice", 1.09)
FRENCH = _later("guest-answers-french", "guest-answers", 0.34)
GERMAN = _later("guest-answers-german", "guest-answers", 0.36)
CLERK = replace(
    _trained("refund-clerk", Action.CREATE, 0.37, "n_epochs", 3, 3),
    differences=(FieldDifference("training_file.sha256", "0" * 64, "1" * 64, ROWS, (SAMPLE,)),),
    depends_on=("support-triage",),
)
OFFERS = change(
    "spa-offers", Action.UPDATE, "renamed from spa-upsell; nothing is trained", reason=Reason.RENAMED
)
GONE = change("route-night", Action.FORGET, "removed; its model stays at the provider", reason=Reason.REMOVED)
KEPT = [
    change(name, Action.KEEP, "succeeded", reason=Reason.SUCCEEDED, spec=spec())
    for name in ("support-triage", "intent-base", "route-day", "vip-desk")
]
PLAN = Plan(
    "almhof-x7f2",
    "l",
    3,
    (ANSWERS, CLERK, FRENCH, GERMAN, VOICE, NIGHT, OFFERS, GONE, *KEPT),
    facts=PlanFacts(commit=HEAD),
    base=Base("main", MAIN),
)
REVIEW = Review(estimated_cost=cost(3.0), estimated_cost_later=cost(1.79), max_cost=25.0)
REFUSED = replace(
    REVIEW,
    violations=(
        Violation("max_cost", "it may cost $4.79, the limit is $4", "--allow cost=4.79 lifts it"),
        Violation(
            "forbid_train_valid_overlap",
            "12 rows are in both files",
            "take them out of one",
            source=Source("jobs/house-voice.yaml", 16),
            name="house-voice",
        ),
    ),
)
UNREADABLE = (
    Problem("n_epoch is no setting", "jobs/a.yaml", 7, 5, "spec.n_epoch", "did you mean n_epochs?"),
)
