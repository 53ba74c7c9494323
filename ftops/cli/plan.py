"""`ftops plan`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.saved_plans import STDOUT, bound, write_plan_file
from ftops.cli.session import open_session
from ftops.errors import ExitCode
from ftops.reconciler.values import Reviewed
from ftops.review.plan_document import plan_document
from ftops.review.selection import Selection


@click.command("plan")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="How to print it; markdown is for a pull request.",
)
@click.option("--out", metavar="FILE", help="Save the plan, for `ftops apply FILE`; - is standard output.")
@click.option("--detailed-exitcode", is_flag=True, help="2 for changes, 4 and 5 for what needs a look.")
@options.selection_options
@click.pass_obj
def plan_command(
    root: Path,
    form: str,
    *,
    out: str | None,
    detailed_exitcode: bool,
    chosen: Selection,
) -> int:
    """Show what apply would do. Takes no lock and writes nothing but --out."""
    to_stdout = out == "-"
    if to_stdout and form == "json":
        raise click.UsageError("--out - and --format json both take standard output: leave one out")
    with options.documented_failure(root, form):
        with open_session(root) as session:
            reviewed = session.plan(chosen)
            freeze = session.freeze()
            if out is not None or form == "json":
                reviewed = bound(session.loaded, reviewed, chosen)
        if out is not None:
            write_plan_file(STDOUT if to_stdout else root / out, reviewed, session.state.seal)
    show_plan(reviewed, form, err=to_stdout)
    options.tell_resting(reviewed.plan)
    code = _code(reviewed, detailed=detailed_exitcode)
    options.tell_invalid_data(reviewed.plan, code)
    if freeze:
        click.echo(f"{freeze}: apply and reconcile refuse ({freeze.way_out})", err=True)
    return code


def show_plan(reviewed: Reviewed, form: str, *, err: bool = False) -> None:
    """Print a plan in one of its forms."""
    if form == "json":
        options.print_document(plan_document(reviewed.plan, reviewed.review), err=err)
    elif form == "markdown":
        from ftops.report.markdown import render_plan_markdown

        click.echo(render_plan_markdown(reviewed.plan, reviewed.review), nl=False, err=err)
    else:
        from ftops.report.terminal import render_plan

        text = render_plan(reviewed.plan, reviewed.review, width=options.width(), style=options.styler())
        click.echo(text, nl=False, err=err)


def _code(reviewed: Reviewed, *, detailed: bool) -> ExitCode:
    if detailed and (invalid := options.data_code(reviewed.plan)):
        return invalid
    refused = options.refusal_code(reviewed)
    if refused is ExitCode.REFUSED:
        return refused
    if not detailed:
        return ExitCode.ERROR if reviewed.plan.fruitless else ExitCode.NOTHING
    changes = ExitCode.CHANGES if reviewed.plan.effective_changes else ExitCode.NOTHING
    return refused or options.state_code(reviewed) or changes
