"""`ftops plan`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.exit_codes import plan_code
from ftops.api.saved_plans import bound, encoded_plan, write_plan_file
from ftops.cli import options
from ftops.cli.secrecy import current_vault
from ftops.cli.session import open_session
from ftops.reconciler.values import Reviewed
from ftops.review.plan_document import plan_document
from ftops.review.plan_text import plan_text
from ftops.review.selection import Selection


@click.command("plan")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="Output format; markdown is for a pull request.",
)
@click.option("--out", metavar="FILE", help="Save the plan, for `ftops apply FILE`; - is standard output.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 for changes, and 4 or 5 for what needs attention."
)
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
    """Show what apply would do. Takes no lock; writes --out and the cache of unchanged files alone."""
    to_stdout = out == "-"
    if to_stdout and form == "json":
        raise click.UsageError("--out - and --format json both use standard output: leave one out")
    with options.documented_failure(root, form):
        with open_session(root) as session:
            reviewed = session.plan(chosen)
            freeze = session.freeze()
            if out is not None or form == "json":
                reviewed = bound(session.loaded, reviewed, chosen)
        if out is not None:
            data = encoded_plan(reviewed, session.state.seal, current_vault())
            if to_stdout:
                click.echo(data, nl=False)
            else:
                write_plan_file(root / out, data)
    show_plan(reviewed, form, err=to_stdout)
    options.tell_resting(reviewed.plan)
    code = plan_code(reviewed, detailed=detailed_exitcode)
    options.tell_invalid_data(reviewed.plan, code)
    if freeze:
        click.echo(f"{freeze}: apply and reconcile refuse ({freeze.way_out})", err=True)
    return code


def show_plan(reviewed: Reviewed, form: str, *, err: bool = False) -> None:
    """Print a plan in one of its forms."""
    if form == "json":
        _print_document(reviewed, err=err)
    elif form == "markdown":
        from ftops.report.markdown import render_plan_markdown

        click.echo(render_plan_markdown(reviewed.plan, reviewed.review), nl=False, err=err)
    else:
        from ftops.report.terminal import render_plan

        text = render_plan(reviewed.plan, reviewed.review, width=options.width(), style=options.styler())
        click.echo(text, nl=False, err=err)


def _print_document(reviewed: Reviewed, *, err: bool) -> None:
    """Print the document; one that would show a secret is refused before any of it is out."""
    if not options.takes_utf8(err=err):
        options.print_document(plan_document(reviewed.plan, reviewed.review), err=err)
        return
    vault = current_vault()
    for piece in plan_text(reviewed.plan, reviewed.review, lambda text: vault.refuse(text, "the output")):
        click.echo(piece, nl=False, err=err)
    click.echo(err=err)
