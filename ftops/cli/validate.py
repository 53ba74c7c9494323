"""`ftops validate`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.cli import options
from ftops.datasets.tokens import count_tokens
from ftops.errors import ExitCode, FtopsError, InvalidInput
from ftops.model.finetune import root_model
from ftops.model.json_text import json_text
from ftops.model.tuned_model import base_model
from ftops.reconciler.checking import Checked, check
from ftops.report.validation import Validation, failed_document, render_validation, validation_document


@click.command("validate")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
@click.option(
    "--tokens", is_flag=True, help="Count the tokens of valid files, too (needs the extra `tokens`)."
)
@click.option("--allow-empty", is_flag=True, help="Accept patterns that match nothing.")
@click.pass_obj
def validate_command(root: Path, form: str, *, tokens: bool, allow_empty: bool) -> ExitCode:
    """Check manifests, project file and data. Needs no network and no key.

    Warnings name what a provider may refuse or what spoils training; the exit code stays 0.
    """
    if form == "json":
        return _as_document(root.resolve(), tokens=tokens, allow_empty=allow_empty)
    validation = _validation(root.resolve(), tokens=tokens, allow_empty=allow_empty)
    click.echo(render_validation(validation, options.styler()), nl=False)
    if validation.problems:
        raise InvalidInput(validation.problems)
    return ExitCode.NOTHING


def _as_document(root: Path, *, tokens: bool, allow_empty: bool) -> ExitCode:
    try:
        validation = _validation(root, tokens=tokens, allow_empty=allow_empty)
    except FtopsError as error:
        click.echo(json_text(failed_document(error.problems)))
        return error.exit_code
    click.echo(json_text(validation_document(validation)))
    return ExitCode.ERROR if validation.problems else ExitCode.NOTHING


def _validation(root: Path, *, tokens: bool, allow_empty: bool) -> Validation:
    checked = check(root)
    data = checked.data
    counted = count_tokens(root, data.datasets, _models(checked) if tokens else {})
    return Validation(
        checked.project.name,
        checked.fine_tunes,
        counted.datasets,
        data.files,
        data.verdicts,
        checked.problems if allow_empty else (*checked.problems, *checked.unseen),
        counted.uncounted,
        checked.absent,
    )


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
