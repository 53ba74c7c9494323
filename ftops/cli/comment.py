"""`ftops comment`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ftops.api.commenting import Done, Wish, comment_on
from ftops.cli.session import surroundings
from ftops.forge.port import Clock
from ftops.forge.settling import Outcome, Settled
from ftops.forge.sticky import Behavior
from ftops.report.conditions import FORMS, known


def _conditions(_: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for condition in given:
        if not known(condition):
            raise click.UsageError(f"--only-if {condition}: write {FORMS}")
    return given


@click.command("comment")
@click.option("--plan", "planfile", metavar="FILE", required=True, help="The plan, from `ftops plan --out`.")
@click.option("--github", "forge", flag_value="github", help="Comment at GitHub, with GITHUB_TOKEN.")
@click.option("--gitlab", "forge", flag_value="gitlab", help="Comment at GitLab, with GITLAB_TOKEN.")
@click.option(
    "--pull-request",
    "number",
    type=click.IntRange(1),
    metavar="N",
    help="The pull or merge request; without it, that of the event or of the commit.",
)
@click.option(
    "--behavior",
    type=click.Choice(["update", "new"]),
    default="update",
    show_default=True,
    help="Keep one comment up to date, or add one each time.",
)
@click.option(
    "--only-if",
    multiple=True,
    metavar="CONDITION",
    callback=_conditions,
    help="Post only for changes, violations or cost>X; may be repeated, one suffices.",
)
@click.pass_obj
def comment_command(
    root: Path,
    /,
    planfile: str,
    forge: str | None,
    number: int | None,
    behavior: str,
    only_if: tuple[str, ...],
) -> None:
    """Show a saved plan in a comment on its pull request, and keep that comment up to date.

    Needs the plan and the environment alone: no project, unless the plan is encrypted. A plan of an older
    commit than the head of the pull request is not posted. Where --only-if is not met nothing is posted,
    but a comment that is there already is brought up to date.
    """
    if forge is None:
        raise click.UsageError("say where to comment: --github or --gitlab")
    wish = Wish(root / planfile, forge, number, Behavior(behavior), only_if)
    done = comment_on(wish, root, surroundings(), Clock(time.time, time.sleep))
    click.echo(_words(done))
    if done.commented.settled is not None:
        for reason in done.commented.settled.left:
            click.echo(f"Warning: an older comment is still there: {reason}", err=True)


def _words(done: Done) -> str:
    """Say in one sentence what was done."""
    settled = done.commented.settled
    if settled is None:
        return f"nothing was posted: {done.commented.why}"
    where = f"the comment on {done.thing} {done.commented.number}"
    unmet = "" if done.met else "; --only-if is not met, so no new one would have been posted"
    match settled.outcome:
        case Outcome.NOTHING:
            return f"nothing was posted on {done.thing} {done.commented.number}: --only-if is not met"
        case Outcome.UNCHANGED:
            return f"{where} says this already{_place(settled)}{unmet}"
    return f"{settled.outcome} {where}{_place(settled)}{unmet}"


def _place(settled: Settled) -> str:
    older = f", deleted {settled.deleted} older" if settled.deleted else ""
    return f"{older}: {settled.url}" if settled.url else older
