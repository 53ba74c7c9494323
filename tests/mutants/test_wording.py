"""The sample leaves out what changes a sentence, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.mutants.wording import only_words

SOURCE = """
def x_told__mutmut_orig(name):
    return "the job runs", name, "running"

def x_told__mutmut_1(name):
    return "XXthe job runsXX", name, "running"

def x_told__mutmut_2(name):
    return "the job runs", name, "XXrunningXX"

def x_told__mutmut_3(name):
    return None
"""


def test_a_mutant_of_a_sentence_is_told_from_one_of_a_value(tmp_path: Path) -> None:
    (tmp_path / "ftops" / "report").mkdir(parents=True)
    (tmp_path / "ftops" / "report" / "words.py").write_text(SOURCE)
    assert only_words(tmp_path / "ftops") == {"ftops.report.words.x_told__mutmut_1"}


def test_code_that_was_not_broken_has_no_mutant(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("def told() -> str:\n    return 'a job'\n")
    assert only_words(tmp_path) == set()
