"""What of a project ends when, by date, with the fine-tunes that each end concerns."""

from __future__ import annotations

from datetime import date

from ftops.doctor.retirement import concerns, retirement_check
from ftops.model.check import Verdict
from ftops.model.finetune import DataFile, FineTune, Source, Upstream
from ftops.model.job import JobStatus
from ftops.model.retirement import What
from ftops.model.state import Record, RecordedJob, State
from ftops.providers.retirements import known_retirements
from ftops.report.doctor import checks_document, render_agenda
from ftops.review.agenda import Concern, Due, Why, agenda
from ftops.review.endings import Calendar

TODAY = date(2026, 11, 28)
CALENDAR = Calendar(known_retirements().retirements)
SERVICES = {"oa": "openai", "az": "azure_openai", "local": None}


def tune(name: str, provider: str, model: str | Upstream) -> FineTune:
    return FineTune(name, provider, model, (DataFile("d.jsonl"),), source=Source("j.yaml", 1))


def record(provider: str, status: JobStatus, model: str | None = None) -> Record:
    job = RecordedJob(
        "job-1", provider, "f1:1", 1, 1, "n", status, model="gpt-4o-mini-2024-07-18", fine_tuned_model=model
    )
    return Record(provider, "f1:1", 1, 1, {"model": "gpt-4o-mini"}, job=job)


TUNED = "ft:gpt-4o-mini-2024-07-18:acme:x:1"
STATE = State(
    "p",
    "l",
    1,
    {
        "old": record("oa", JobStatus.SUCCEEDED, TUNED),
        "busy": record("az", JobStatus.RUNNING),
        "gone": record("oa", JobStatus.FAILED),
    },
)
DECLARED = (tune("old", "oa", "gpt-4o-mini"), tune("next", "oa", Upstream("old")), tune("mine", "local", "m"))


def dues() -> tuple[Due, ...]:
    return agenda(concerns(DECLARED, STATE), SERVICES, CALENDAR)


def test_ends_come_by_date_with_what_is_declared_runs_and_serves() -> None:
    shown = [
        (
            str(due.ending.date),
            due.provider,
            due.ending.what,
            {name: list(whys) for name, whys in due.names.items()},
        )
        for due in dues()
        if due.ending.date > TODAY
    ]
    declared = {"next": [Why.DECLARED], "old": [Why.DECLARED]}
    assert shown == [
        ("2027-01-06", "oa", What.CREATES, declared),
        ("2027-01-14", "oa", What.TUNED, {**declared, "old": [Why.DECLARED, Why.SERVING]}),
        ("2027-10-01", "az", What.TUNED, {"busy": [Why.RUNNING]}),
    ]


def test_a_server_of_ones_own_has_no_dates() -> None:
    assert (
        agenda([Concern("mine", "local", "gpt-4o-mini", "supervised", Why.SERVING)], SERVICES, CALENDAR) == ()
    )
    assert render_agenda((), TODAY) == ""


def test_what_is_near_is_worth_a_warning() -> None:
    near = retirement_check(dues(), TODAY)
    assert near.verdict is Verdict.WARN
    assert near.message == "4 dates have passed or come within 90 days, the first on 2026-05-07"
    far = [due for due in dues() if due.provider == "az"]
    assert retirement_check(far, TODAY).verdict is Verdict.OK


def test_the_calendar_is_drawn_and_written_as_data() -> None:
    coming = [due for due in dues() if due.ending.date > TODAY]
    text = render_agenda(coming, TODAY)
    assert text.splitlines()[1:4] == [
        "What of this project ends when:",
        "DAY         WHEN         PROVIDER  WHAT ENDS",
        "2027-01-06  in 39 days   oa        no new jobs: next (declared), old (declared)",
    ]
    assert "fine-tuned models of gpt-4o-mini-2024-07-18: next (declared), old (declared, serving)" in text
    (first, *_) = checks_document([], coming, TODAY)["calendar"]
    assert (first["date"], first["days"], first["what"], first["provider"]) == (
        "2027-01-06",
        39,
        "creates",
        "oa",
    )
    assert first["fine_tunes"][0] == {"name": "next", "why": ["declared"]}
    assert first["source"].startswith("https://developers.openai.com/")
