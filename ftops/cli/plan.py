"""`ftops plan`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.session import open_session
from ftops.errors import ExitCode, FtopsError
from ftops.reconciler import Reviewed
from ftops.report.json_report import error_document, plan_document


@click.command("plan")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="How to print it; markdown is for a pull request.",
)
@click.option("--detailed-exitcode", is_flag=True, help="2 for changes, 4 and 5 for what needs a look.")
@options.selection_options
@click.pass_obj
def plan_command(
    root: Path,
    form: str,
    *,
    detailed_exitcode: bool,
    target: tuple[str, ...],
    selector: tuple[str, ...],
    allow_empty: bool,
    allow: tuple[str, ...],
) -> int:
    """Show what apply would do. Takes no lock and writes nothing."""
    chosen = options.selection(target, selector, allow, allow_empty=allow_empty)
    try:
        with open_session(root) as session:
            reviewed = session.plan(chosen)
    except FtopsError as error:
        if form == "json":
            click.echo(json.dumps(error_document(error.problems), indent=2))
        raise
    show_plan(reviewed, form)
    return _code(reviewed, detailed=detailed_exitcode)


def show_plan(reviewed: Reviewed, form: str, *, err: bool = False) -> None:
    """Print a plan in one of its forms."""
    if form == "json":
        document = plan_document(reviewed.plan, reviewed.review)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False), err=err)
    elif form == "markdown":
        from ftops.report.markdown import render_plan_markdown

        click.echo(render_plan_markdown(reviewed.plan, reviewed.review), nl=False, err=err)
    else:
        from ftops.report.terminal import render_plan

        text = render_plan(reviewed.plan, reviewed.review, width=options.width(), style=options.styler())
        click.echo(text, nl=False, err=err)


def _code(reviewed: Reviewed, *, detailed: bool) -> ExitCode:
    refused = options.refusal_code(reviewed)
    if refused is ExitCode.REFUSED or not detailed:
        return ExitCode.REFUSED if refused is ExitCode.REFUSED else ExitCode.NOTHING
    changes = ExitCode.CHANGES if reviewed.plan.effective_changes else ExitCode.NOTHING
    return refused or options.state_code(reviewed) or changes
