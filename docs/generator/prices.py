"""The page of prices, drawn from the table that plans use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from docs.generator.providers import our_offers
from docs.generator.reference import NOTICE
from ftops.model.prices import Billing, CutShort, Price, PriceTable, Sized, Unit
from ftops.providers.prices import known_prices

_UNITS: Mapping[Unit, str] = {
    Unit.MILLION_TOKENS: "1M trained tokens",
    Unit.TRAINING_HOUR: "an hour of training",
    Unit.GPU_HOUR: "a GPU hour",
    Unit.MINIMUM: "a job, at least",
    Unit.CAP: "a job, at most",
    Unit.HOSTING_HOUR: "an hour, while deployed",
    Unit.STORAGE_MONTH: "a month, for each model",
}


def prices_page() -> str:
    """Draw every price, rule, conflict and gap, provider by provider."""
    table = known_prices()
    titles = {one.description.service: one.description.title for one in our_offers()}
    services = list(dict.fromkeys(row.provider for row in table.prices))
    services += [one.provider for one in table.billing if one.provider not in services]
    lines = [
        NOTICE.format(source="ftops/providers/prices.json"),
        "# Prices",
        "",
        f"What training costs, as collected on {table.collected}. How plans use it:",
        "[know what it costs](../how-to/know-what-it-costs.md). `ftops schema prices` describes the format.",
        "A plan says *about* if a price is not official, not `current`, or seen more than half a year ago.",
        *(line for name in services for line in _service(name, titles.get(name, name), table)),
        "",
        "## Where sources disagree",
        "",
        *(
            f"- **{one.topic}**: {one.one}; or {one.other}. Decision: {one.decided}."
            for one in table.conflicts
        ),
        "",
        "## What no source says",
        "",
        *(f"- {one.provider}: {one.what}" for one in table.not_found),
    ]
    return "\n".join(lines) + "\n"


def _service(name: str, title: str, table: PriceTable) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    rows = [row for row in table.prices if row.provider == name]
    if rows:
        yield "| for | method | USD | per | status | seen | confidence |"
        yield "|---|---|---|---|---|---|---|"
        yield from (f"| {' | '.join(_cells(row))} |" for row in rows)
    else:
        yield "No price was found."
    notes = dict.fromkeys(f"{_what(row)}: {row.note}" for row in rows if row.note)
    if notes:
        yield from ("", *(f"- {_plain(note)}" for note in notes))
    billing = [one for one in table.billing if one.provider == name]
    rules = [one for one in table.rules if one.provider == name]
    if billing or rules:
        yield ""
    yield from (f"- Billed: {_billed(one)} ({one.confidence}, {one.as_of})" for one in billing)
    for one in rules:
        yield f"- {one.about.replace('_', ' ')}: {_plain(one.rule)} ({one.confidence}, {one.as_of})"
    sources = dict.fromkeys([*(row.source for row in rows), *(one.source for one in billing)])
    yield from ("", f"Sources: {', '.join(_linked(sources))}.")


def _cells(row: Price) -> Iterator[str]:
    yield _what(row)
    yield ", ".join((*row.methods, *row.training, *row.tiers, *([row.region] if row.region else []))) or "any"
    amount = str(row.amount) if row.amount is not None else f"{row.low} to {row.high}"
    yield amount if row.currency == "USD" else f"{amount} {row.currency}"
    yield from (_UNITS[row.unit], row.status, row.as_of, row.confidence)


def _what(row: Price) -> str:
    if row.size:
        return _size(row.size)
    if row.gpu:
        return row.gpu
    return "every model" if row.model == "*" else ", ".join(f"`{one}`" for one in (row.model, *row.aliases))


def _size(size: Sized) -> str:
    low = f"from {size.least}B" if size.least else f"above {size.above}B" if size.above else ""
    return " ".join(part for part in (low, f"up to {size.up_to}B" if size.up_to else "") if part)


def _billed(one: Billing) -> str:
    validation = {
        "free": "validation is free",
        "per_evaluation": f"validation tokens times `{one.evaluations}`",
        "unknown": "whether validation is billed is not published",
    }
    epochs = f"tokens times `{one.epochs}`"
    absent = {one.most_epochs: f", {one.fewest_epochs} where absent", None: ""}.get(
        one.fewest_epochs, f", {one.fewest_epochs} to {one.most_epochs} where absent"
    )
    return "; ".join([f"{epochs}{absent}", validation[one.validation], *_ended_early(one)])


def _ended_early(one: Billing) -> Iterator[str]:
    jobs = {"failed": one.failed, "cancelled": one.cancelled}
    for rule, words in (
        (CutShort.WORK_DONE, "a {} job is billed for the work done"),
        (CutShort.UNKNOWN, "what a {} job costs is not published"),
    ):
        if ended := [end for end, found in jobs.items() if found is rule]:
            yield words.format(" or ".join(ended))


def _linked(sources: Iterable[str]) -> Iterator[str]:
    return (f"<{one}>" if one.startswith("https://") and " " not in one else _plain(one) for one in sources)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
