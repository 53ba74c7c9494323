"""What was spent: from the recorded jobs, each once, bounded where nobody tells, and never zero unasked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.fingerprint import digest
from ftops.model.job import Job, JobStatus
from ftops.model.observation import ProviderFacts
from ftops.model.spending import Amount, Charge, ChargeSource, Purchase, amount, micro, total
from ftops.model.spent import Spending, Waste
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.providers.prices import known_prices
from ftops.reconciler.pricing import job_rates
from ftops.records.charges import Rates, counted, with_charges
from ftops.records.ledger import Ledger
from ftops.records.provider_names import follow_providers
from ftops.records.spending import spendings
from ftops.records.surgery import removed, renamed, take_over
from ftops.review.prices import PriceBook, Prices
from tests.simulator.world import fine_tune

ONE, TWO = digest("one"), digest("two")
BOUGHT = Purchase(100.0, amount(1, 3), {"team": "a"}, "mira", "c" * 40)
INTENT = Intent("p", "n9", ONE, 1, 1, {}, 100.0, 160.0, purchase=BOUGHT)


def job(job_id: str, status: JobStatus = JobStatus.SUCCEEDED, **more: object) -> RecordedJob:
    made = RecordedJob(job_id, "p", ONE, 1, 1, f"nonce-{job_id}", status, 90.0, purchase=BOUGHT)
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a test


def record(**more: object) -> Record:
    return replace(Record("p", ONE, 1, 1, {}), **more)  # type: ignore[arg-type]  # fields of a test


def state(**records: Record) -> State:
    return State("sim", "l", fine_tunes=records)


def only(found: State) -> Spending:
    (one,) = spendings(found)
    return one


def test_amounts_are_decimals_with_one_written_form() -> None:
    assert [str(micro(value)) for value in (100, 1.2, 0.1 + 0.2, 0, 1e-7)] == ["100", "1.2", "0.3", "0", "0"]
    for wrong in (float("nan"), float("inf"), -1, 1e13):
        with pytest.raises(ValueError, match="amount"):
            micro(wrong)
    with pytest.raises(ValueError, match="low end"):
        Amount(Decimal(2), Decimal(1))


def test_currencies_are_never_added() -> None:
    euro = amount(1, currency="EUR")
    assert total([euro, amount(1, 2), amount(0.5)]) == (amount(1.5, 2.5), euro)
    with pytest.raises(ValueError, match="cannot be added"):
        _ = euro + amount(1)


@pytest.mark.parametrize(
    ("status", "low", "high"),
    [
        (JobStatus.RUNNING, 1, 3),
        (JobStatus.UNKNOWN, 1, 3),
        (JobStatus.SUCCEEDED, 1, 3),
        (JobStatus.FAILED, 0, 3),
        (JobStatus.CANCELLED, 0, 3),
    ],
)
def test_what_nobody_tells_is_bounded_by_the_estimate(status: JobStatus, low: float, high: float) -> None:
    found = only(state(a=record(job=job("j1", status))))
    assert (found.amount, found.source) == (amount(low, high), ChargeSource.ESTIMATE)
    assert (found.open, found.at, found.by, found.commit) == (status.active, 100.0, "mira", "c" * 40)


def test_without_an_estimate_or_a_word_the_cost_is_unknown_and_not_zero() -> None:
    found = only(state(a=record(job=job("j1", purchase=None), labels={"team": "b"})))
    assert (found.amount, found.source, found.at, found.labels) == (None, None, 90.0, {"team": "b"})


def test_a_second_job_of_a_training_is_expected_to_cost_the_same() -> None:
    stray = job("j2", JobStatus.CANCELLED, purchase=None)
    found = {one.job_id: one for one in spendings(state(a=record(job=job("j1"), history=(stray,))))}
    assert found["j2"].amount == amount(0, 3)
    assert found["j2"].estimate is None


def test_a_create_in_doubt_counts_as_running_and_one_that_lapsed_does_not() -> None:
    decided = replace(BOUGHT, at=90.0)
    found = only(state(a=record(intent=replace(INTENT, purchase=decided), labels={"team": "now"})))
    assert (found.job_id, found.open, found.amount) == (None, True, amount(1, 3))
    assert (found.at, found.labels) == (90.0, {"team": "a"})
    assert spendings(state(a=record(intent=replace(INTENT, lapsed=True)))) == ()


def test_a_job_in_two_records_or_at_two_rows_of_one_account_counts_once() -> None:
    priced = Charge(amount(2), ChargeSource.PROVIDER)
    twice = state(a=record(job=job("j1")), b=record(job=job("j1", purchase=None, charge=priced)))
    assert only(twice).amount == amount(2)
    assert only(twice).by == "mira"
    rows = state(a=record(job=job("j1")), b=record(job=job("j1", provider="q")))
    assert only(rows).amount == amount(1, 3)


def test_one_id_at_two_accounts_is_two_jobs() -> None:
    later = job("j1", provider="q", created_at=91.0)
    assert len(spendings(state(a=record(job=job("j1")), b=record(job=later)))) == 2


def test_money_survives_forget_rename_and_another_name_of_the_provider() -> None:
    before = state(a=record(job=job("j1"), history=(job("j0", JobStatus.FAILED, created_at=80.0),)))
    wanted = sorted((one.job_id, one.amount, one.labels, one.by) for one in spendings(before))

    def as_now(after: State) -> list[Any]:
        return sorted((one.job_id, one.amount, one.labels, one.by) for one in spendings(after))

    assert as_now(removed(before, "a")) == wanted
    assert as_now(renamed(before, "a", "b")) == wanted
    assert as_now(follow_providers(before, {"p": "q"})) == wanted
    assert {one.provider for one in spendings(follow_providers(before, {"p": "q"}))} == {"q"}


def test_a_found_job_keeps_the_labels_of_its_fine_tune_when_that_is_forgotten() -> None:
    found = state(a=record(job=job("j1", purchase=None), labels={"team": "b"}))
    assert only(removed(found, "a")).labels == {"team": "b"}


def test_taking_a_job_over_again_keeps_what_it_was_bought_for() -> None:
    before = state(a=record(job=job("j1", likeness=True)))
    change = type("Change", (), {"fingerprint": ONE, "spec": {}})
    shown = Job("j1", "p", JobStatus.SUCCEEDED, created_at=90.0)
    after = take_over(before, fine_tune("a"), change, shown)  # type: ignore[arg-type]  # two fields
    assert only(after).by == "mira"


def test_the_job_of_an_intent_takes_the_purchase_along() -> None:
    ledger = Ledger(state(a=record(intent=INTENT)))
    ledger.created("a", Job("j1", "p", JobStatus.PENDING, created_at=120.0))
    found = only(ledger.snapshot())
    assert (found.job_id, found.at, found.amount) == ("j1", 100.0, amount(1, 3))


def test_the_providers_word_counts_before_every_other_and_may_become_newer() -> None:
    seen = job("j1").seen_as(Job("j1", "p", JobStatus.SUCCEEDED, price=amount(2.5)))
    assert seen.charge == Charge(amount(2.5), ChargeSource.PROVIDER)
    thinner = seen.seen_as(Job("j1", "p", JobStatus.SUCCEEDED))
    assert thinner == seen
    assert thinner.seen_as(Job("j1", "p", JobStatus.SUCCEEDED, price=amount(3))).charge == Charge(
        amount(3), ChargeSource.PROVIDER
    )


def rates(prices: Prices) -> Rates:
    return job_rates(lambda: PriceBook(prices, {}, date(2026, 11, 28)))


RATES = rates({"p": {"m": {"training_per_million_tokens": 5}, "own": {"gpu_hour": 2}}})


def test_tokens_and_gpu_hours_are_counted_at_the_price_of_what_was_asked_for() -> None:
    asked = SentRequest("p", {"model": "m"})
    ended = job("j1", trained_tokens=1_234_567, model="m-2026", request=asked)
    assert counted(ended, RATES) == Charge(amount(6.172835), ChargeSource.TOKENS)
    result = {"gpus": 2, "seconds": 900.0, "base_model": "own"}
    assert counted(job("j1", result=result), RATES) == Charge(amount(1), ChargeSource.GPU_HOURS)
    assert counted(job("j1", trained_tokens=1), RATES) is None


def at_together(options: dict[str, Any] | None, tokens: int, own: float | None = None) -> Charge | None:
    known = {"model": "Qwen/Qwen3-8B", "method": "supervised", **(options or {})}
    asked = None if options is None else SentRequest("p", known)
    ours = {} if own is None else {"p": {"*": {"training_per_million_tokens": own}}}
    facts = ProviderFacts("p", "together", NO_CAPABILITIES, billing="together", service="together")
    book = PriceBook(ours, {"p": facts}, date(2026, 11, 28), known_prices())
    return counted(
        job("j1", trained_tokens=tokens, model="Qwen/Qwen3-8B", request=asked), job_rates(lambda: book)
    )


def test_a_small_job_came_to_no_less_than_its_estimate_for_want_of_the_minimum() -> None:
    lora = {"provider_options.training_type": {"type": "Lora"}}
    assert at_together(lora, 100_000_000) == Charge(amount(48), ChargeSource.TOKENS)
    assert at_together(lora, 1_000_000) == Charge(amount(0.48, 4), ChargeSource.TOKENS)
    assert at_together(lora, 1_000_000, own=0.48) == Charge(amount(0.48), ChargeSource.TOKENS)


def test_a_found_job_is_charged_between_all_that_it_may_have_been_asked_for() -> None:
    full = {"provider_options.training_type": {"type": "Full"}}
    assert at_together(full, 100_000_000) == Charge(amount(54), ChargeSource.TOKENS)
    assert at_together(None, 100_000_000) == Charge(amount(48, 135), ChargeSource.TOKENS)


def test_a_charge_that_is_recorded_is_not_counted_anew() -> None:
    ended = job("j1", trained_tokens=1_000_000, model="m")
    running = job("j2", JobStatus.RUNNING, trained_tokens=1_000_000, model="m")
    before = replace(
        state(a=record(job=running, history=(ended,)), b=record(history=(ended,))),
        archive={"c": ArchivedRecord(1, (ended,))},
    )
    after = with_charges(before, RATES)
    charge = Charge(amount(5), ChargeSource.TOKENS)
    assert after.fine_tunes["a"] == record(job=running, history=(replace(ended, charge=charge),))
    assert after.fine_tunes["b"].history[0].charge == charge
    assert after.archive["c"].jobs[0].charge == charge
    dearer = rates({"p": {"*": {"training_per_million_tokens": 50}}})
    assert with_charges(after, dearer) is after


@pytest.mark.parametrize("tokens", [0, -1])
def test_a_job_that_trained_nothing_yet_is_not_free(tokens: int) -> None:
    before = state(a=record(job=job("j1", trained_tokens=tokens, model="m")))
    assert with_charges(before, RATES) == before


@pytest.mark.parametrize(
    ("one", "others", "waste"),
    [
        (job("j1", JobStatus.FAILED), (), Waste.FAILED),
        (job("j1", JobStatus.CANCELLED), (), Waste.CANCELLED),
        (job("j1", JobStatus.CANCELLED, cancel_requested=1.0), (job("j2", generation=2),), Waste.SUPERSEDED),
        (job("j1", JobStatus.CANCELLED), (job("j2", generation=2),), Waste.CANCELLED),
        (job("j1"), (job("j2", nonce="nonce-j1"),), Waste.SUPERSEDED),
        (job("j1"), (job("j2", generation=2),), None),
        (job("j1", JobStatus.RUNNING), (), None),
    ],
)
def test_what_bought_nothing_says_why(
    one: RecordedJob, others: tuple[RecordedJob, ...], waste: Waste | None
) -> None:
    jobs = (*others, one)
    found = spendings(state(a=record(job=jobs[0], history=jobs[1:])))
    assert next(row.waste for row in found if row.job_id == "j1") == waste
