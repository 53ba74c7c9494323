"""`ftops plan`."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Struct

from ftops.api.exit_codes import plan_code
from ftops.api.freeze import Freeze, frozen
from ftops.api.saved_plans import bound, encoded_plan, write_plan_file
from ftops.cli import options
from ftops.cli.secrecy import current_vault
from ftops.cli.session import open_session, surroundings
from ftops.errors import FtopsError
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.plan_document import plan_document
from ftops.review.plan_text import plan_text
from ftops.review.selection import Selection
from ftops.state.sealing import Seal


@click.command("plan")
@options.plan_format_option
@click.option("--out", metavar="FILE", help="Save the plan, for `ftops apply FILE`; - is standard output.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 for changes, and 4 or 5 for what needs attention."
)
@click.option(
    "--base",
    metavar="REF",
    callback=options.revision,
    help="Tell what is new since this branch left REF from what was pending there.",
)
@click.option(
    "--offline",
    is_flag=True,
    help="Ask no provider and need no key: from files and the last known state; it cannot be applied.",
)
@click.option("--state", metavar="FILE", help="With --offline: a state, as `ftops state pull` prints it.")
@options.selection_options
@click.pass_obj
def plan_command(
    root: Path,
    form: str,
    *,
    out: str | None,
    detailed_exitcode: bool,
    base: str | None,
    offline: bool,
    state: str | None,
    chosen: Selection,
) -> int:
    """Show what apply would do. Takes no lock; writes --out and the cache of unchanged files alone."""
    to_stdout = out == "-"
    if to_stdout and form == "json":
        raise click.UsageError("--out - and --format json both use standard output: leave one out")
    if state is not None and not offline:
        raise click.UsageError("--state is for --offline: any other plan reads the state of the project")
    with options.documented_failure(root, form):
        made = _offline(root, chosen, base, state) if offline else _online(root, chosen, base)
        reviewed = made.reviewed
        # What can never be applied is bound to nothing.
        if not offline and (out is not None or form != "text"):
            reviewed = bound(made.loaded, reviewed, chosen)
        if out is not None:
            if offline and made.loaded.project.encryption is not None:
                raise FtopsError(
                    "an offline plan cannot be saved: this project encrypts plans, and no key is looked for"
                )
            data = encoded_plan(reviewed, made.seal, surroundings())
            if to_stdout:
                click.echo(data, nl=False)
            else:
                write_plan_file(root / out, data)
    show_plan(reviewed, form, root, err=to_stdout)
    options.tell_resting(reviewed.plan)
    code = plan_code(reviewed, detailed=detailed_exitcode)
    options.tell_invalid_data(reviewed.plan, code)
    if freeze := made.freeze:
        click.echo(f"{freeze}: apply and reconcile refuse ({freeze.way_out})", err=True)
    return code


class _Made(Struct, frozen=True):
    """A plan with what it was made from, and what is needed to save it."""

    loaded: Loaded
    reviewed: Reviewed
    freeze: Freeze | None
    seal: Seal | None = None


def _online(root: Path, chosen: Selection, base: str | None) -> _Made:
    with open_session(root) as session:
        reviewed = session.plan(chosen, base=base)
        return _Made(session.loaded, reviewed, session.freeze(), session.state.seal)


def _offline(root: Path, chosen: Selection, base: str | None, state: str | None) -> _Made:
    from ftops.api.offline import Given, plan_offline

    around = surroundings()
    given = Given(root / state if state is not None else None, base)
    loaded, reviewed = plan_offline(root, around, chosen, given)
    return _Made(loaded, reviewed, frozen(loaded.root, around.environ))


def show_plan(reviewed: Reviewed, form: str, root: Path = Path(), *, err: bool = False) -> None:
    """Print a plan in one of its forms; `root` is the project's directory."""
    if form == "json":
        _print_document(reviewed, err=err)
    elif form in options.SUMMARY_FORMS:
        from ftops.cli.pull_request import print_summary
        from ftops.report.summarizing import summarized

        digest = plan_document(reviewed.plan, reviewed.review)["digest"]
        summary = summarized(reviewed.plan, reviewed.review, digest=digest)
        print_summary(summary, form, root, reviewed.at, err=err)
    else:
        from ftops.report.terminal import render_plan

        text = render_plan(reviewed.plan, reviewed.review, width=options.width(), style=options.styler())
        click.echo(options.drawn(text, err=err), nl=False, err=err)


def _print_document(reviewed: Reviewed, *, err: bool) -> None:
    """Print the document; one that would show a secret is refused before any of it is out."""
    if not options.takes_utf8(err=err):
        options.print_document(plan_document(reviewed.plan, reviewed.review), err=err)
        return
    vault = current_vault()
    for piece in plan_text(reviewed.plan, reviewed.review, lambda text: vault.refuse(text, "the output")):
        click.echo(piece, nl=False, err=err)
    click.echo(err=err)
