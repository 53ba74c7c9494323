"""Price x billed tokens, or the reason why nobody knows."""

from __future__ import annotations

from datetime import date

import pytest

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.change import Action, Change, Reason, Then
from ftops.model.dataset import Dataset, TokenCount
from ftops.model.finetune import DataFile, FineTune, Method, Upstream
from ftops.model.json_value import JSONObject
from ftops.model.observation import ProviderFacts
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate
from ftops.model.steps import steps_now
from ftops.providers.prices import known_prices
from ftops.review.estimate import Costing, tokens_wanted, with_costs
from ftops.review.prices import PriceBook, Prices, Unknown

PRICES: Prices = {"p": {"m": {"training_per_million_tokens": 3.0}}}
TODAY = date(2026, 11, 28)
MODELS = ("m", "gpt-4.1", "gpt-4.1-mini", "Qwen/Qwen3-8B", "qwen3-32b", "open-mistral-7b", "fireworks/x-32b")


def dataset(path: str, tokens: int, high: int | None = None, rows: int = 1, size: int = 1) -> Dataset:
    return Dataset(
        path, "0" * 64, size, rows, "0" * 64, TokenCount(tokens, high or tokens, ("why",) * bool(high))
    )


DATA = {
    one.path: one
    for one in (
        dataset("d", 1_000_000),
        dataset("two", 2_000_000, rows=1000),
        dataset("valid", 200_000),
        dataset("mini", 1_200_000),
        dataset("range", 1_000_000, 2_000_000),
        dataset("long", 20_000_000, rows=100),
        dataset("megabytes", 1_000_000, size=4_000_000),
    )
}
COUNTS = {path: {model: one.tokens for model in MODELS if one.tokens} for path, one in DATA.items()}


def tune(name: str = "a", model: str | Upstream = "m", **more: object) -> FineTune:
    values = {"training_files": (DataFile("d"),), "hyperparameters": {"n_epochs": 2}, **more}
    return FineTune(name, "p", model, **values)  # type: ignore[arg-type]


def book(prices: Prices = PRICES, service: str = "openai", *, own: bool = False) -> PriceBook:
    facts = ProviderFacts(
        "p", service, NO_CAPABILITIES, billing=service, service=service if own else None, allow_closed=True
    )
    return PriceBook(prices, {"p": facts}, TODAY, known_prices())


def costing(*tunes: FineTune, prices: Prices = PRICES) -> Costing:
    return Costing({one.name: one for one in tunes}, book(prices), DATA, COUNTS)


def cost(fine_tune: FineTune, by: Costing | None = None) -> tuple[float, float]:
    estimate = (by or costing()).estimate(fine_tune)
    return estimate.low, estimate.high


def at(service: str, model: str, file: str = "d", **more: object) -> CostEstimate:
    """Estimate at a service's own prices; `validated` names a validation file, `options` its options."""
    options, validated, method = (
        more.pop("options", {}),
        more.pop("validated", None),
        more.pop("method", None),
    )
    asked = FineTune(
        "a",
        "p",
        model,
        (DataFile(file),),
        DataFile(str(validated)) if validated else None,
        Method(str(method)) if method else Method.SUPERVISED,
        more,  # type: ignore[arg-type]
        provider_options=options,  # type: ignore[arg-type]
    )
    return Costing({}, book({}, service, own=True), DATA, COUNTS).estimate(asked)


def test_an_estimate_is_price_times_tokens_times_epochs() -> None:
    assert cost(tune()) == (6, 6)
    assert cost(tune(hyperparameters={"n_epochs": 2.0})) == (6, 6)


@pytest.mark.parametrize("hyperparameters", [{}, {"n_epochs": "auto"}, {"n_epochs": None}])
def test_epochs_that_the_provider_chooses_make_a_range(hyperparameters: object) -> None:
    made = costing().estimate(tune(hyperparameters=hyperparameters))
    assert (made.low, made.high, made.about) == (3, 75, False)
    assert made.because == ("the provider chooses from 1 to 25 epochs",)


def test_a_chain_and_an_earlier_fine_tune_cost_what_their_base_costs() -> None:
    second = tune("b", Upstream("a"))
    assert cost(second, costing(tune(), second)) == (6, 6)
    assert cost(tune(model="ft:m:org::1")) == (6, 6)


def test_the_projects_price_says_where_it_is_from_and_is_never_about() -> None:
    prices: Prices = {"p": {"m": {"training_per_million_tokens": 3, "as_of": "2020-01-01", "source": "deal"}}}
    made = costing(prices=prices).estimate(tune())
    assert made.price
    assert (made.about, made.price.about, made.price.project) == (False, False, True)
    assert (made.price.as_of, made.price.source) == ("2020-01-01", "deal")


def test_tokens_that_are_estimated_make_a_range_that_says_why() -> None:
    made = costing().estimate(tune(training_files=(DataFile("range"),)))
    assert (made.low, made.high, made.about, made.because) == (6, 12, True, ("why",))


@pytest.mark.parametrize(
    ("made", "low", "high"),
    [
        (lambda: at("openai", "gpt-4.1-mini", "mini", n_epochs=3), 18.00, 18.00),
        (lambda: azure("GlobalStandard"), 50.00, 50.00),
        (lambda: azure("Standard"), 55.00, 55.00),
        (lambda: azure("developerTier"), 25.00, 25.00),
        (lambda: together(n_evals=5), 3.36, 4.00),
        (lambda: together(method="dpo"), 8.40, 8.40),
        (lambda: together(packing=False, max_seq_length=8192, n_epochs=3), 12.28, 12.28),
        (lambda: together(n_evals=0), 2.88, 4.00),
        (lambda: at("together", "Qwen/Qwen3-8B", "long", max_seq_length=8192), 0.39, 4.00),
        (lambda: at("fireworks", "fireworks/x-32b", "two", epochs=3, loraRank=8), 18.00, 18.00),
        (lambda: at("fireworks", "fireworks/x-32b", "two", epochs=3, loraRank=0), 36.00, 36.00),
        (lambda: at("fireworks", "fireworks/x-32b", "two", epochs=3), 18.00, 36.00),
        (lambda: at("alibaba", "qwen3-32b", "mini", n_epochs=3), 28.80, 28.80),
    ],
)
def test_the_providers_own_examples(made: object, low: float, high: float) -> None:
    estimate: CostEstimate = made()  # type: ignore[operator]
    assert (round(estimate.low, 2), round(estimate.high, 2)) == (low, high)
    assert estimate.price
    assert estimate.price.source
    assert estimate.price.as_of


def azure(tier: str) -> CostEstimate:
    return at("azure_openai", "gpt-4.1", n_epochs=2, options={"trainingType": tier}, validated="valid")


def together(**more: object) -> CostEstimate:
    asked = {"n_epochs": 3, "n_evals": 5, "validated": "valid", **more}
    if more.get("packing") is False:
        # Of the example's validation data, evaluated once in all, no row is padded.
        asked |= {"validated": None}
        whole = at("together", "Qwen/Qwen3-8B", "two", **asked)
        extra = 1_000_000 * 0.48 / 1_000_000
        return CostEstimate(whole.low + extra, whole.high + extra, price=whole.price)
    return at("together", "Qwen/Qwen3-8B", "two", **asked)


def test_a_minimum_in_dispute_is_the_high_end_and_one_that_is_not_is_both() -> None:
    disputed = together()
    assert "sources disagree on a minimum of $4.00 a job" in disputed.because
    mine: Prices = {"p": {"open-mistral-7b": {"training_per_million_tokens": 1}}}
    by = Costing({}, book(mine, "mistral", own=True), DATA, COUNTS)
    asked = tune(model="open-mistral-7b", hyperparameters={"epochs": 1})
    assert cost(asked, by) == (4, 4)


def test_steps_stand_for_epochs_at_mistral() -> None:
    mine: Prices = {"p": {"*": {"training_per_million_tokens": 10}}}
    by = Costing({}, book(mine, "mistral", own=True), DATA, COUNTS)
    steps = {"training_steps": 8}
    files = (DataFile("megabytes"),)
    assert cost(tune(model="open-mistral-7b", hyperparameters=steps, training_files=files), by) == (20, 20)


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (
            lambda: at("alibaba", "qwen3-32b", n_epochs=3, data_augmentation=True),
            "the provider's own data",
        ),
        (lambda: at("fireworks", "fireworks/x-32b"), "the number of epochs is not known"),
        (lambda: at("together", "Qwen/Qwen3-8B", packing=False), "without packing"),
        (lambda: at("openai", "o4-mini", method="reinforcement"), r"costs \$100.00 an hour"),
        (lambda: at("azure_openai", "o4-mini", method="reinforcement"), r"at most \$5,000 before it pauses"),
        (lambda: at("mistral", "open-mistral-7b", epochs=1), "no price is known"),
    ],
)
def test_what_no_rule_gives_is_unknown_with_its_reason(ask: object, why: str) -> None:
    with pytest.raises(Unknown, match=why):
        ask()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("fine_tune", "prices", "why"),
    [
        (tune(model="other"), PRICES, "no price for other at p"),
        (tune(), {"p": {"m": {"training_per_million_tokens": float("nan")}}}, "no price for m"),
        (tune(), {"p": {"m": {"training_per_million_tokens": float("inf")}}}, "not a price"),
        (tune(), {"p": {"m": {"training_per_million_tokens": 1e300}}}, "not a price"),
        (tune(), {"p": {"m": {"gpu_hour": 2.5}}}, "known only once it has ended"),
        (tune(method=Method.REINFORCEMENT), PRICES, "no price for m at p"),
        (tune(training_files=(DataFile(file_id="file-1"),)), PRICES, "only at the provider"),
        (tune(training_files=(DataFile("e"),)), PRICES, "only at the provider"),
        (tune(hyperparameters={"n_epochs": 0}), PRICES, "n_epochs"),
        (tune(hyperparameters={"n_epochs": 1e300}), PRICES, "beyond all bounds"),
        (tune(model=Upstream("gone")), PRICES, "not declared"),
    ],
)
def test_what_is_unknown_is_said_and_never_zero(fine_tune: FineTune, prices: Prices, why: str) -> None:
    with pytest.raises(Unknown, match=why):
        costing(fine_tune, prices=prices).estimate(fine_tune)


def test_one_unknown_makes_the_sum_unknown_and_only_priced_creates_are_counted() -> None:
    changes = tuple(
        Change(name, action, Reason.NEW, "", "p", 1, 1)
        for name, action in (("a", Action.CREATE), ("b", Action.CREATE), ("c", Action.KEEP))
    )
    made = costing(tune("a"), tune("b", "other"), tune("c", training_files=(DataFile("x"),)))
    plan = Plan("demo", "l", 1, changes)
    assert tokens_wanted(plan, made) == {"d": frozenset({"m"})}
    priced, causes = with_costs(plan, made)
    assert priced.changes[0].estimated_cost
    assert priced.changes[0].estimated_cost.high == 6
    assert causes == ("ftops.yaml has no price for other at p",)
    assert steps_now(priced.changes).cost is None
    assert steps_now(priced.changes[:1]).cost == CostEstimate(6, 6)


def test_what_follows_is_priced_like_what_is_done_now() -> None:
    then = Then(Action.CREATE, Reason.NEW, "new", 1, 1)
    change = Change("b", Action.WAIT, Reason.WAITING_FOR, "", "p", then=then)
    made = costing(tune("a"), tune("b", Upstream("a")))
    assert tokens_wanted(Plan("demo", "l", 1, (change,)), made) == {"d": frozenset({"m"})}
    (priced,) = with_costs(Plan("demo", "l", 1, (change,)), made)[0].changes
    assert priced.estimated_cost is None
    assert priced.then
    assert priced.then.estimated_cost
    assert priced.then.estimated_cost.high == 6


def test_what_a_model_costs_afterwards_is_named_with_its_change_even_where_training_is_unknown() -> None:
    change = Change("a", Action.CREATE, Reason.NEW, "", "p", 1, 1)
    tier: JSONObject = {"trainingType": "Standard"}
    asked = tune(model="gpt-4o", provider_options=tier)
    made = Costing({"a": asked}, book({}, "azure_openai", own=True), DATA, COUNTS)
    ((priced,), causes) = (with_costs(Plan("demo", "l", 1, (change,)), made)[0].changes, 1)
    assert priced.estimated_cost is None
    assert [(one.low, one.per, one.about) for one in priced.afterwards] == [(1.7, "hour", True)]
    assert causes


@pytest.mark.parametrize(
    ("service", "words"), [("together", "a dedicated endpoint is paid"), ("openai", None)]
)
def test_endpoints_without_one_price_are_named_in_words(service: str, words: str | None) -> None:
    found = Costing({}, book({}, service, own=True)).afterwards(tune())
    assert (found[0].words if found else "").startswith(words or "")
    assert bool(found) is bool(words)
    assert not Costing({}, book({}, service)).afterwards(tune())
