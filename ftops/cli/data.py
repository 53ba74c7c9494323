"""`ftops data`: look at training data, check it, and see what has changed in it."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.data_check import Rules, check_data, judged
from ftops.api.data_diff import Wanted, diff_data
from ftops.api.data_files import training_path
from ftops.api.data_fix import Fix, fix_data
from ftops.cli import options
from ftops.cli.completion import fine_tunes_and_files
from ftops.cli.nearest_command import HelpfulGroup
from ftops.cli.session import surroundings
from ftops.datasets.showing import shown_rows
from ftops.datasets.tables import correction
from ftops.errors import ExitCode, FtopsError
from ftops.model.data_check import DataCheck
from ftops.model.data_difference import DataDiff
from ftops.report.data import check_document, failed_check, render_check
from ftops.report.data_diff import diff_document, render_diff, render_diff_markdown
from ftops.report.data_rows import render_row


@click.group("data", cls=HelpfulGroup)
def data_command() -> None:
    """Check training data, look at it, and see what has changed."""


@data_command.command("check")
@click.argument("words", metavar="[FILE|NAME]...", nargs=-1, shell_complete=fine_tunes_and_files)
@click.option("--dialect", help="Check a FILE by the rules of this dialect, whatever uses it.")
@click.option("--method", help="The training method: supervised, dpo or reinforcement.")
@click.option("--model", metavar="ID", help="The base model to train.")
@click.option("--estimate", is_flag=True, help="Estimate tokens instead of counting them, which is faster.")
@click.option("--fix", is_flag=True, help="Write a corrected copy next to it, as FILE.fixed.jsonl.")
@click.option("--fix-duplicates", is_flag=True, help="With --fix: drop rows that repeat earlier ones.")
@click.option("--force", is_flag=True, help="With --fix: replace an earlier copy.")
@options.format_option("text", "json")
@click.pass_obj
def check_command(
    root: Path,
    /,
    words: tuple[str, ...],
    form: str,
    *,
    dialect: str | None,
    method: str | None,
    model: str | None,
    estimate: bool,
    fix: bool,
    fix_duplicates: bool,
    force: bool,
) -> ExitCode:
    """Check data files: figures, lengths, and every problem with its line.

    A FILE need not be in a project; without one, every data file of the project is checked. Exits with 1
    if there are errors; with --fix, if any are left in the corrected copy. The file itself is never changed.
    """
    if (fix_duplicates or force) and not fix:
        raise click.UsageError("--fix-duplicates and --force need --fix")
    how = Fix(fix_duplicates, force) if fix else None
    try:
        found = _checked(root, words, Rules(dialect, method, model), how, count=not estimate)
    except FtopsError as error:
        if form == "json":
            options.print_document(failed_check(error.problems))
        raise
    if form == "json":
        options.print_document(check_document(found))
    else:
        text = render_check(
            found,
            correction,
            width=options.width(),
            style=options.styler(),
            blocks=options.takes_utf8(),
        )
        click.echo(text, nl=False)
        for problem in found.problems:
            click.echo(f"Error: {problem}", err=True)
    return ExitCode.ERROR if found.errors else ExitCode.NOTHING


def _checked(root: Path, words: tuple[str, ...], rules: Rules, how: Fix | None, *, count: bool) -> DataCheck:
    asked = judged(root, words, rules)
    found = check_data(asked, count=count)
    return found if how is None else fix_data(asked, found, how, count=count)


@data_command.command("show")
@click.argument("word", metavar="FILE|NAME", shell_complete=fine_tunes_and_files)
@click.option("--row", type=click.IntRange(min=1), help="Show only this row, counted from 1.")
@click.option(
    "--head",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many rows to show, from the first.",
)
@click.pass_obj
def show_command(root: Path, word: str, row: int | None, head: int) -> None:
    """Show rows of a data file, or of a fine-tune's training file, as conversations.

    Only the part of the file that is shown is read.
    """
    first, most = (row, 1) if row is not None else (1, head)
    path = training_path(root, word)
    for number, shown in enumerate(shown_rows(root / path, path, first, most)):
        drawn = render_row(
            (shown.number, shown.line, shown.bytes),
            shown.value,
            shown.problem,
            width=options.width(),
            style=options.styler(),
        )
        click.echo(f"\n{drawn}" if number else drawn, nl=False)


@data_command.command("diff")
@click.argument(
    "words", metavar="NAME | FILE | OLD NEW", nargs=-1, required=True, shell_complete=fine_tunes_and_files
)
@click.option("--against", metavar="REVISION", help="Compare with a revision of git, such as main or HEAD~1.")
@click.option(
    "--samples",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="How many rows of each kind to show.",
)
@options.format_option(
    "text", "json", "markdown", description="Output format; markdown is for a pull request."
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 if rows differ, so that it trains again."
)
@click.pass_obj
def diff_command(
    root: Path,
    words: tuple[str, ...],
    form: str,
    *,
    against: str | None,
    samples: int,
    detailed_exitcode: bool,
) -> ExitCode:
    """Show which rows of the data were added, removed or changed.

    For a fine-tune: since it was last trained. The earlier rows are found in git, or by the digests that
    `apply` keeps in .ftops/cache. No provider is contacted.
    """
    if len(words) > 2:  # noqa: PLR2004 - OLD and NEW
        raise click.UsageError("name one fine-tune or file, or two files")
    try:
        found = diff_data(root, words, Wanted(against, samples), surroundings())
    except FtopsError as error:
        if form == "json":
            options.print_document(diff_document(DataDiff(()), error.problems))
        raise
    if form == "json":
        options.print_document(diff_document(found))
    elif form == "markdown":
        click.echo(render_diff_markdown(found), nl=False)
    else:
        click.echo(render_diff(found, width=options.width(), style=options.styler()), nl=False)
    if any(one.problem is not None for one in found.files):
        return ExitCode.ERROR
    differs = any(one.trains_again for one in found.files)
    return ExitCode.CHANGES if differs and detailed_exitcode else ExitCode.NOTHING
