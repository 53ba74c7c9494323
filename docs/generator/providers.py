"""The matrix of providers and a page for each, drawn from whatever the registry has.

Pages must not change with the day they are drawn on: what stands open or closed is judged on the day when
the table of retirements was collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from docs.generator.field_words import type_words
from docs.generator.reference import NOTICE
from ftops.model.capabilities import Capabilities, StampPlace
from ftops.model.json_value import JSON
from ftops.model.retirement import Retirement
from ftops.providers.catalog import Offer, offers
from ftops.providers.failure_classes import FailureClasses
from ftops.providers.registry import OURS
from ftops.providers.retirements import known_retirements
from ftops.report.next_steps import FAILURE_ADVICE
from ftops.report.providers import MARKS, method_words
from ftops.review.endings import Calendar
from ftops.review.outlook import Creates, Outlook, outlook

FOLDER = "docs/reference/providers"
_SOURCE = "the dialect's `CAPABILITIES` and `DESCRIPTION` and ftops/providers/retirements.json"
_SUBJECTS: Mapping[str, str] = {
    "job_creation": "new jobs",
    "base_inference": "the base model",
    "tuned_inference": "fine-tuned models",
    "base_and_tuned_inference": "the base model and what is made of it",
}
_DAYS = {"no_earlier_than": "not before ", "on_or_before": "by ", "at_base_retirement": "with its base, "}


def our_offers() -> tuple[Offer, ...]:
    """Return what ftops itself speaks: pages do not depend on what else is installed."""
    return offers(OURS)


def matrix_page() -> str:
    """Draw what each can do, side by side."""
    known = known_retirements()
    lines = [
        NOTICE.format(source=_SOURCE),
        "# Providers",
        "",
        "A dialect is one wire format, the word that `dialect:` takes in `ftops.yaml`. What it does not",
        "have, a manifest cannot ask for: `ftops validate` says so. `ftops providers` shows this table with",
        f"what the project uses. Dates were collected on {known.collected}; each page has their sources,",
        "and [what a plan does with them](../../how-to/know-what-ends.md) has a page of its own.",
        "",
        *matrix("", ".md"),
        "",
        *_table(("provider", *map(_words, _FLAGS), "longest suffix"), map(_abilities, our_offers())),
        "",
        "How a job is marked decides what is known after a create whose reply was lost:",
        "",
        *(f"- **{words}**: {_MEANINGS[place]}" for place, words in MARKS.items()),
        "",
        "## When a job fails",
        "",
        "Each dialect has a table of whose fault a failure is, by its codes and words; `ftops status` shows",
        "the class with what to do. `lifecycle.retry` tries no user error or moderation refusal again.",
        "",
        *_table(
            ("class", "what to do"), ((f"`{kind}`", _advice(words)) for kind, words in FAILURE_ADVICE.items())
        ),
    ]
    return "\n".join(lines) + "\n"


_MEANINGS: Mapping[StampPlace, str] = {
    StampPlace.METADATA: "the job carries the whole mark, and is found by it even without a state.",
    StampPlace.SUFFIX: "the job carries a short tag of the mark, which the state that made it can read.",
    StampPlace.CLIENT_ID: "ftops chooses the job's id, and the provider refuses a second one.",
    StampPlace.NONE: "the job is recognised by what it trains; look-alikes are held for a person.",
}


def matrix(folder: str, ending: str) -> Iterator[str]:
    """Draw the table of providers and what ends when, who takes jobs first; links lead to the pages."""
    yield "| provider | `dialect` | new jobs | fine-tuned models end | methods | mark |"
    yield "|---|---|---|---|---|---|"
    for one in sorted(our_offers(), key=_standing):
        stands = outlook_of(one)
        cells = (
            _link(one, folder, ending),
            f"`{one.name}`",
            stands.new_jobs if one.description.service else "as its server says",
            stands.tuned_models if one.description.service else "as its server says",
            method_words(one.capabilities),
            MARKS[one.capabilities.stamp],
        )
        yield f"| {' | '.join(cells)} |"


_OPEN = (Creates.YES, Creates.SOME_METHODS, Creates.SOME_ACCOUNTS)


def _standing(one: Offer) -> int:
    """Rank a provider: open services, other people's servers, closed services."""
    if one.description.service is None:
        return len(_OPEN)
    taken = outlook_of(one).creates
    return _OPEN.index(taken) if taken in _OPEN else len(_OPEN) + 1


def outlook_of(one: Offer) -> Outlook:
    """Judge a provider on the day of the table."""
    known = known_retirements()
    methods = [str(method) for method in one.capabilities.methods]
    return outlook(Calendar(known.retirements), one.description.service, methods, known.collected)


def provider_page(one: Offer) -> str:
    """Draw everything that is known of one."""
    told, can = one.description, one.capabilities
    sections = (
        [told.summary, "", *_table(("", ""), _facts(one))],
        _ends(one),
        _fields(can),
        _section("Limits", _table(("of", "limit"), ((row.what, row.limit) for row in told.limits))),
        _section(
            "Statuses", _table(("its word", "ours"), ((f"`{k}`", f"{v}") for k, v in told.statuses.items()))
        ),
        _section("When a job fails", _failures(one.failure_classes)),
        _section("Tested", _table(("what", "against"), ((row.what, row.against) for row in told.tested))),
        _section("Good to know", [f"- {note}" for note in told.notes]),
        _section("Written from", [_document(row.title, row.url, row.read) for row in told.documents]),
    )
    head = [NOTICE.format(source=_SOURCE), f"# {told.title}", ""]
    return "\n".join([*head, *(line for part in sections for line in part)]).rstrip("\n") + "\n"


def _document(title: str, url: str, read: str | None) -> str:
    return f"- [{title}]({url}){f', read {read}' if read else ''}"


def _facts(one: Offer) -> Iterator[tuple[str, str]]:
    told, can = one.description, one.capabilities
    yield "in `ftops.yaml`", f"`dialect: {one.name}`"
    address = f"`{one.default_base_url}`" if one.default_base_url else "none of its own: write `base_url`"
    yield "address", address
    if told.home:
        yield "its own page", f"<{told.home}>"
    if told.since:
        yield "in ftops since", told.since
    if told.service:
        yield "new jobs", outlook_of(one).new_jobs
        yield "fine-tuned models end", outlook_of(one).tuned_models
    yield "its mark", told.mark
    yield "at most one job", told.at_most_one
    forms = (f"{method}: {', '.join(sorted(found))}" for method, found in can.data_formats.items())
    yield "data", "; ".join(forms)
    yield "longest suffix", f"{can.longest_suffix} characters"
    yield from ((_words(flag), _yes(getattr(can, flag))) for flag in _FLAGS)


_FLAGS = (
    "seed",
    "integrations",
    "weighted_files",
    "pause",
    "checkpoints",
    "file_upload",
    "event_stream",
    "price_estimate",
)


def _abilities(one: Offer) -> tuple[str, ...]:
    can = one.capabilities
    flags = (_yes(getattr(can, flag)) for flag in _FLAGS)
    return _link(one, "", ".md"), *flags, str(can.longest_suffix)


def _words(flag: str) -> str:
    return flag.replace("_", " ")


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _ends(one: Offer) -> list[str]:
    service = one.description.service
    if service is None:
        return []
    known = known_retirements()
    rows = [row for row in known.retirements if row.provider == service]
    missing = [row.what for row in known.not_found if row.provider == service]
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        alike.setdefault(_retirement(row), []).append(f"`{row.model}`")
    cells = ((what, ", ".join(of), *rest) for (what, *rest), of in alike.items())
    lines = _table(("what", "model", "when", "for", "source"), cells)
    noted: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            noted.setdefault(row.note, []).append(f"`{row.model}`")
    if noted:
        lines += ["", *(f"- {', '.join(dict.fromkeys(of))}: {note}." for note, of in noted.items())]
    lines = [line.replace("`*`", "every model") for line in lines] or ["No end is announced."]
    if missing:
        lines += ["", f"Looked for on {known.collected} and not found: {'; '.join(missing)}."]
    return _section("What ends when", lines)


def _retirement(row: Retirement) -> tuple[str, ...]:
    """Write everything of a row but its model."""
    what = _SUBJECTS.get(row.subject, row.subject.replace("_", " "))
    methods = f" ({', '.join(row.methods)})" if row.methods else ""
    day = f"{_DAYS.get(row.precision, '')}{row.date}" if row.date else row.when or "not known"
    sure = "" if row.confidence == "official" else f", {row.confidence}"
    return f"{what}{methods}", day, row.applies_to, f"[read {row.read}]({row.source}){sure}"


def _fields(can: Capabilities) -> list[str]:
    lines: list[str] = []
    for method, knobs in can.methods.items():
        lines += _section(
            f"Hyperparameters: {method}", _schemas(knobs, auto=True, needed=can.required_hyperparameters)
        )
    return lines + _section(
        "provider_options", _schemas(can.options, auto=False, needed=can.required_options)
    )


def _schemas(schemas: Mapping[str, JSON], *, auto: bool, needed: frozenset[str] = frozenset()) -> list[str]:
    rows = []
    for name, schema in schemas.items():
        told: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
        shown = f"**`{name}`**" if name in needed else f"`{name}`"
        value = f"{type_words(told)}{' or `auto`' if auto else ''}"
        rows.append((shown, value, str(told.get("description", ""))))
    return _table(("name", "value", "meaning"), rows)


_UNKNOWN = "Anything else is `unknown`. [What to do](README.md#when-a-job-fails)."


def _failures(classes: FailureClasses) -> list[str]:
    tables = (
        (classes.phrases, "message says `{}`"),
        (classes.codes, "code is `{}`"),
        (classes.parts, "code has `{}`"),
    )
    rows = [(words.format(said), f"`{kind}`") for table, words in tables for said, kind in table.items()]
    return [*_table(("the first that fits", "class"), rows), "", _UNKNOWN]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *lines] if lines else []


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    found = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    head = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return [*head, *found] if found else []


def _advice(words: str) -> str:
    return words.format(name="NAME")


def _link(one: Offer, folder: str, ending: str) -> str:
    return f"[{one.description.title}]({folder}{one.name}{ending})"


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
