"""`ftops validate`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ftops.cli import options
from ftops.datasets.tokens import count_tokens
from ftops.errors import ExitCode, FtopsError, InvalidInput, Problem
from ftops.manifests.price_table import read_price_table
from ftops.model.finetune import root_model
from ftops.model.json_text import json_text
from ftops.model.tuned_model import base_model
from ftops.reconciler.checking import Checked, check
from ftops.reconciler.policies import basis_of_declarations
from ftops.report.validation import Validation, failed_document, render_validation, validation_document
from ftops.review.policies import judged_declarations


@click.command("validate")
@options.format_option("text", "json")
@click.option(
    "--tokens", is_flag=True, help="Also count the tokens of valid files (exactly, with the extra `tokens`)."
)
@click.option("--allow-empty", is_flag=True, help="Accept patterns that match nothing.")
@click.pass_obj
def validate_command(root: Path, form: str, *, tokens: bool, allow_empty: bool) -> ExitCode:
    """Check manifests, project file and data. Needs no network and no key.

    Warnings name what a provider may refuse or what spoils training; the exit code stays 0. What a policy
    of ftops.yaml forbids makes it 3, whether or not it is trained already.
    """
    if form == "json":
        return _as_document(root.resolve(), tokens=tokens, allow_empty=allow_empty)
    validation = _validation(root.resolve(), tokens=tokens, allow_empty=allow_empty)
    click.echo(render_validation(validation, options.styler()), nl=False)
    if validation.problems:
        raise InvalidInput(validation.problems)
    return _exit_code(validation)


def _as_document(root: Path, *, tokens: bool, allow_empty: bool) -> ExitCode:
    try:
        validation = _validation(root, tokens=tokens, allow_empty=allow_empty)
    except FtopsError as error:
        click.echo(json_text(failed_document(error.problems)))
        return error.exit_code
    click.echo(json_text(validation_document(validation)))
    return _exit_code(validation)


def _exit_code(validation: Validation) -> ExitCode:
    if validation.problems:
        return ExitCode.ERROR
    return ExitCode.REFUSED if validation.violations else ExitCode.NOTHING


def _validation(root: Path, *, tokens: bool, allow_empty: bool) -> Validation:
    checked = check(root)
    prices = _price_problems(root, checked)
    data = checked.data
    ruled = judged_declarations(basis_of_declarations(root, checked, time.time()))
    counted = count_tokens(root, data.datasets, _models(checked) if tokens else {})
    return Validation(
        checked.project.name,
        checked.fine_tunes,
        counted.datasets,
        data.files,
        data.verdicts,
        (*checked.problems, *prices) if allow_empty else (*checked.problems, *prices, *checked.unseen),
        counted.uncounted,
        checked.absent,
        checked.unread,
        ruled.violations,
        ruled.warnings,
    )


def _price_problems(root: Path, checked: Checked) -> tuple[Problem, ...]:
    try:
        read_price_table(root, checked.project.price_table)
    except InvalidInput as error:
        return error.problems
    return ()


def _models(checked: Checked) -> dict[str, set[str]]:
    """Which base models train on each file that nothing is wrong with."""
    by_name = {fine_tune.name: fine_tune for fine_tune in checked.fine_tunes}
    broken = {problem.file for problem in checked.data.problems}
    wanted: dict[str, set[str]] = {}
    for fine_tune in checked.fine_tunes:
        for _, file in fine_tune.data_files:
            if file.path is not None and file.path not in broken:
                wanted.setdefault(file.path, set()).add(base_model(root_model(fine_tune, by_name)))
    return wanted
