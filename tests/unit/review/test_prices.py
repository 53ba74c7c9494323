"""Which price holds for a model at a provider, and when there is none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.job import JobStatus
from ftops.model.json_value import JSON, JSONObject
from ftops.model.observation import ProviderFacts
from ftops.model.prices import CutShort, Price, Status, Unit
from ftops.model.retirement import Confidence
from ftops.model.value import replace
from ftops.providers.prices import known_prices
from ftops.reconciler.pricing import cut_short_rules
from ftops.review.price_rows import billions, first_day
from ftops.review.prices import PriceBook, Prices, Unknown

TODAY = date(2026, 11, 28)
FULL: JSONObject = {"provider_options": {"training_type": {"type": "Full"}}}


def at(
    service: str, *, own: bool = True, emulated: bool = False, region: str | None = None, closed: bool = True
) -> PriceBook:
    facts = ProviderFacts(
        "p",
        service,
        NO_CAPABILITIES,
        billing=service,
        region=region,
        emulated=emulated,
        service=service if own else None,
        allow_closed=not closed,
    )
    return PriceBook({}, {"p": facts}, TODAY, known_prices())


def tier(name: JSON) -> JSONObject:
    return {"provider_options": {"trainingType": name}}


@pytest.mark.parametrize(
    ("service", "model", "method", "spec", "told"),
    [
        ("openai", "gpt-4.1-mini", "supervised", {}, ("5", "5", False)),
        ("openai", "gpt-4.1-mini-2025-04-14", "dpo", {}, ("5", "5", False)),
        ("openai", "ft:gpt-4o-2024-08-06:org::abc", "supervised", {}, ("25", "25", False)),
        ("openai", "gpt-4.1-2026-01-01", "supervised", {}, ("25", "25", True)),
        ("azure_openai", "gpt-4.1", "supervised", tier("GlobalStandard"), ("25", "25", True)),
        ("azure_openai", "gpt-4.1", "supervised", tier("globalStandard"), ("25", "25", True)),
        ("azure_openai", "gpt-4.1", "supervised", tier("Standard"), ("27.5", "27.5", True)),
        ("azure_openai", "gpt-4.1", "supervised", tier(1), ("27.5", "27.5", True)),
        ("azure_openai", "gpt-4.1", "supervised", tier("developerTier"), ("12.5", "12.5", True)),
        ("azure_openai", "gpt-4.1", "supervised", {}, ("12.5", "27.5", True)),
        ("azure_openai", "gpt-4.1-2025-04-14.ft-0123", "dpo", tier("Standard"), ("27.5", "27.5", True)),
        ("together", "Qwen/Qwen3-8B", "supervised", {}, ("0.48", "0.48", True)),
        ("together", "Qwen/Qwen3-8B", "supervised", FULL, ("0.54", "0.54", True)),
        ("together", "Qwen/Qwen3-8B", "dpo", {}, ("1.2", "1.2", True)),
        ("together", "acme/Qwen3-8B-ftops-a1-8e73ca47", "supervised", {}, ("0.48", "0.48", True)),
        ("together", "Qwen/Qwen3-30B-A3B", "supervised", {}, ("1.5", "1.5", True)),
        ("together", "Qwen/Qwen3-235B-A22B", "supervised", {}, ("6", "6", True)),
        ("together", "openai/gpt-oss-120b", "supervised", {}, ("5", "5", True)),
        ("alibaba", "qwen3-32b", "supervised", {}, ("8", "8", True)),
        ("alibaba", "qwen3-14b-ft-202410291653-1c7f", "supervised", {}, ("1.6", "1.6", True)),
        ("bedrock", "meta.llama2-70b-v1", "supervised", {}, ("7.99", "7.99", True)),
        ("vertex", "gemini-2.5-flash", "supervised", {}, ("5", "5", True)),
    ],
)
def test_the_tables_price(
    service: str, model: str, method: str, spec: JSONObject, told: tuple[str, str, bool]
) -> None:
    low, high, about = told
    rate = at(service, region="ap-southeast-1" if service == "alibaba" else None).known_rate(
        "p", model, method, spec
    )
    assert (rate.low, rate.high, rate.about) == (Decimal(low), Decimal(high), about)
    assert rate.source
    assert rate.as_of
    assert rate.confidence
    assert rate.unit is Unit.MILLION_TOKENS


@pytest.mark.parametrize(
    ("service", "model", "method", "spec", "why"),
    [
        ("openai", "gpt-4o-2024-11-20", "supervised", {}, "has no training price"),
        ("openai", "gpt-5", "supervised", {}, "no price is known"),
        ("openai", "babbage-002", "supervised", {}, "takes no new jobs"),
        ("azure_openai", "gpt-4.1-mini", "supervised", tier("developerTier"), "no price is known"),
        ("together", "deepseek-ai/DeepSeek-V3", "supervised", {}, "no price is published"),
        ("together", "Qwen/Qwen3.5-35B-A3B", "dpo", {}, "no price is known"),
        ("together", "mistralai/Mixtral-8x7B-v0.1", "supervised", {}, "no price is known"),
        ("together", "Qwen/Qwen3-235B-A22B", "supervised", FULL, "no price is known"),
        ("fireworks", "accounts/fireworks/models/qwen3-8b", "supervised", {}, "takes no new jobs"),
        ("mistral", "open-mistral-7b", "supervised", {}, "no price is known"),
        ("alibaba", "qwen-plus", "supervised", {}, "no price is published"),
        ("nebius", "Qwen/Qwen3-8B", "supervised", {}, "no price for"),
    ],
)
def test_what_the_table_does_not_say_is_unknown_with_its_reason(
    service: str, model: str, method: str, spec: JSONObject, why: str
) -> None:
    with pytest.raises(Unknown, match=why):
        at(service).known_rate("p", model, method, spec)
    assert at(service).rate("p", model, method, spec) is None


def test_a_price_of_another_region_is_none_here() -> None:
    assert at("alibaba", region="ap-southeast-1").rate("p", "qwen3-32b", "supervised")
    assert at("alibaba", region="cn-beijing").rate("p", "qwen3-32b", "supervised") is None


def test_closed_concerns_only_the_services_own_address() -> None:
    rate = at("openai", own=False, emulated=True).known_rate("p", "babbage-002", "supervised")
    assert (rate.low, rate.about) == (Decimal("0.4"), True)
    assert at("openai", closed=False).rate("p", "babbage-002", "supervised")
    assert at("openai").rate("p", "babbage-002", "supervised", past=True)


def test_a_strangers_server_has_no_price_but_the_projects() -> None:
    book = at("openai", own=False)
    assert book.rate("p", "gpt-4o", "supervised") is None
    own = replace(book, own={"p": {"gpt-4o": {"training_per_million_tokens": 2}}})
    assert own.known_rate("p", "gpt-4o", "supervised").low == 2


@pytest.mark.parametrize(
    ("prices", "method", "price", "unit"),
    [
        ({"gpt-4o-mini": {"training_per_million_tokens": 1.1}}, "supervised", "1.1", Unit.MILLION_TOKENS),
        (
            {"gpt-4o-mini-2024-07-18": {"training_per_million_tokens": 1}},
            "supervised",
            "1",
            Unit.MILLION_TOKENS,
        ),
        ({"*": {"training_per_million_tokens": 0}}, "supervised", "0", Unit.MILLION_TOKENS),
        ({"*": {"training_per_million_tokens": {"dpo": 7}}}, "dpo", "7", Unit.MILLION_TOKENS),
        ({"*": {"gpu_hour": 2.5}}, "dpo", "2.5", Unit.GPU_HOUR),
    ],
)
def test_the_projects_price_wins_and_is_never_about(
    prices: JSONObject, method: str, price: str, unit: Unit
) -> None:
    book = replace(at("openai"), own={"p": prices})
    rate = book.known_rate("p", "gpt-4o-mini", method)
    assert (rate.low, rate.high, rate.about, rate.own, rate.unit) == (
        Decimal(price),
        Decimal(price),
        False,
        True,
        unit,
    )


@pytest.mark.parametrize(
    "prices",
    [{"*": {"training_per_million_tokens": 9}}, {"gpt-4o": {"training_per_million_tokens": 9}}],
)
def test_a_method_that_the_project_has_no_price_for_costs_what_the_table_says(prices: Prices) -> None:
    assert replace(at("openai"), own={"p": prices}).known_rate("p", "gpt-4o-mini", "dpo").low == 3


def test_a_price_gets_old() -> None:
    for today, about in ((date(2027, 3, 1), False), (date(2027, 4, 1), True)):
        rate = replace(at("openai"), today=today).known_rate("p", "gpt-4o-mini", "supervised")
        assert rate.about is about


def test_rows_of_the_projects_file_come_before_ours() -> None:
    row = Price(
        "together",
        Unit.MILLION_TOKENS,
        "USD",
        Status.CURRENT,
        "2026-11",
        "our contract",
        Confidence.OFFICIAL,
        model="Qwen/*",
        methods=("supervised",),
        amount=Decimal("0.3"),
    )
    book = replace(at("together"), projects_rows=(row,))
    assert book.known_rate("p", "Qwen/Qwen3-235B-A22B", "supervised").low == Decimal("0.3")
    assert book.known_rate("p", "Qwen/Qwen3-8B", "dpo").low == Decimal("1.2")


def test_hours_are_another_unit() -> None:
    rate = at("openai").known_rate("p", "o4-mini", "reinforcement", past=True)
    assert (rate.low, rate.unit) == (Decimal(100), Unit.TRAINING_HOUR)
    gpus = at("fireworks").known_rate("p", "accounts/fireworks/models/qwen3-8b", "reinforcement", past=True)
    assert (gpus.low, gpus.high, gpus.unit) == (Decimal(8), Decimal(20), Unit.GPU_HOUR)
    assert at("azure_openai").cap("p", "o4-mini", "reinforcement").high == 5000  # type: ignore[union-attr]


def test_what_begins_with_a_tuned_model() -> None:
    (hosting,) = at("azure_openai").afterwards("p", "gpt-4.1", "supervised", tier("Standard"))
    assert (hosting.low, hosting.unit) == (Decimal("1.70"), Unit.HOSTING_HOUR)
    assert at("azure_openai").afterwards("p", "gpt-4.1", "supervised", tier("developerTier")) == ()
    (storage,) = at("mistral").afterwards("p", "open-mistral-7b", "supervised", {})
    assert (storage.low, storage.unit) == (Decimal(2), Unit.STORAGE_MONTH)
    assert at("openai").afterwards("p", "gpt-4.1", "supervised", {}) == ()


def test_a_disputed_minimum_counts_only_beside_the_tables_price() -> None:
    book = at("together")
    assert book.minimum("p", "Qwen/Qwen3-8B", "supervised", own=False).disputed  # type: ignore[union-attr]
    assert book.minimum("p", "Qwen/Qwen3-8B", "supervised", own=True) is None
    assert at("mistral").minimum("p", "open-mistral-7b", "supervised", own=True).low == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("Qwen/Qwen3-8B", "8"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "8"),
        ("qwen2p5-0p5b", "0.5"),
        ("meta-llama/Llama-3.2-1.5B", "1.5"),
        ("Qwen/Qwen3-235B-A22B", "235"),
        ("mistralai/Mixtral-8x7B-v0.1", None),
        ("meta-llama/Llama-4-Scout-17B-16E", None),
        ("google/gemma-3n-E4B", None),
        ("deepseek-ai/DeepSeek-V3", None),
        ("a-7b-of-13b", None),
    ],
)
def test_a_size_is_read_from_a_name(model: str, size: str | None) -> None:
    assert billions(model) == (None if size is None else Decimal(size))


def test_a_year_or_a_month_is_as_old_as_its_first_day() -> None:
    assert first_day("2026") == date(2026, 1, 1)
    assert first_day("2026-09") == date(2026, 9, 1)
    assert first_day("2026-09-25") == date(2026, 9, 25)


@pytest.mark.parametrize(
    ("book", "failed", "cancelled"),
    [
        (at("azure_openai"), CutShort.WORK_DONE, CutShort.WORK_DONE),
        (at("together"), CutShort.UNKNOWN, CutShort.WORK_DONE),
        (at("openai", own=False, emulated=True), CutShort.UNKNOWN, CutShort.UNKNOWN),
        (at("together", own=False), None, None),
        (at("nobody"), None, None),
    ],
)
def test_what_a_job_that_ends_early_is_billed_for_is_its_own_services_word(
    book: PriceBook, failed: CutShort | None, cancelled: CutShort | None
) -> None:
    rules = cut_short_rules(lambda: book)
    assert rules("p", JobStatus.FAILED) is failed
    assert rules("p", JobStatus.CANCELLED) is cancelled
    assert rules("gone", JobStatus.FAILED) is None
