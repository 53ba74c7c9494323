"""A plan as annotations and outputs: ten of a kind, and nothing of a stranger that a runner obeys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from ftops.model.finetune import Source
from ftops.model.review import Violation, Warned
from ftops.model.value import replace
from ftops.report.annotations import MOST_OF_A_KIND, annotation_lines, step_outputs
from ftops.report.summary import Summary
from tests.unit.report.cases import CASES
from tests.unit.report.test_markdown import SUMMARIES

COMMAND = re.compile(r"::(error|warning|notice) (?:file=[^,:]*,line=\d+,)?title=[^,:]*::.+")


def test_each_violation_is_an_error_at_its_line() -> None:
    lines = annotation_lines(CASES["refused"](), "models")
    cost, overlap = lines[:2]
    assert cost == (
        "::error title=ftops%3A max_cost::it may cost $4.79, the limit is $4. --allow cost=4.79 lifts it"
    )
    assert overlap == (
        "::error file=models/jobs/voice.yaml,line=16,title=ftops%3A forbid_train_valid_overlap::house-voice: "
        "12 rows of data/answers-check.jsonl are also in data/answers.jsonl. Take them out of one"
    )
    stops = "::warning file=models/jobs/night-report.yaml,line=4,title=ftops%3A stops a running job::"
    assert f"{stops}replace night-report: stops its job, which is at 34 %25" in lines
    assert lines[-2].startswith("::notice title=ftops%3A Apply will refuse this plan::blocked by 2 rules; ")
    assert "waived for ana until 2026-12-31: agreed for the launch" in lines[-1]


def test_an_error_that_stops_the_planning_is_at_its_line() -> None:
    assert annotation_lines(CASES["not-loaded"]())[0] == (
        "::error file=jobs/a.yaml,line=7,title=ftops%3A not planned::spec.n_epoch: n_epoch is no setting "
        "(did you mean n_epochs?)"
    )


def test_the_tenth_of_a_kind_says_how_many_more_there_are() -> None:
    found = tuple(Violation(f"r{n}", "no", source=Source("a.yaml", n)) for n in range(40))
    warned = tuple(Warned("retirement", "soon") for _ in range(MOST_OF_A_KIND))
    lines = annotation_lines(replace(CASES["nothing"](), violations=found, warnings=warned))
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == MOST_OF_A_KIND
    assert errors[-1].startswith("::error title=ftops%3A and 31 more::r9, r10, ")
    assert sum(line.startswith("::warning") for line in lines) == MOST_OF_A_KIND


@given(SUMMARIES)
def test_no_text_ends_a_line_or_begins_a_command(summary: Summary) -> None:
    source = Source(summary.headline, 0)
    hostile = replace(
        summary,
        violations=(Violation(summary.project, summary.opening, summary.headline, source=source),),
        warnings=(Warned(summary.opening, summary.project, source=source),),
    )
    for line in annotation_lines(hostile, "a,b:c%"):
        assert line.isprintable()
        assert COMMAND.match(line) or line.endswith("::")
        assert not re.search(r"##[A-Za-z]{0,20}\[", line)


@pytest.mark.parametrize("case", CASES)
def test_outputs_are_words_and_a_number_of_ours(case: str) -> None:
    for name, value in step_outputs(CASES[case]()).items():
        assert re.fullmatch(r"[a-z-]+=[a-z0-9.-]*", f"{name}={value}")


def test_what_the_outputs_say() -> None:
    def outputs(case: str) -> tuple[str, ...]:
        return tuple(step_outputs(CASES[case]()).values())

    assert outputs("nothing") == ("false", "0", "nothing")
    assert outputs("stops-a-job") == ("true", "4.79", "stops")
    assert outputs("unknown-cost") == ("true", "", "cost-unknown")
    assert outputs("not-loaded") == ("true", "0", "not-loaded")
