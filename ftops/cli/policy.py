"""`ftops policy`: try rules of one's own, and list what a project forbids."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ftops.api.policy_cases import run_cases
from ftops.cli.nearest_command import HelpfulGroup
from ftops.errors import ExitCode, InvalidInput
from ftops.reconciler.checking import check
from ftops.report.policies import render_policies, render_tested
from ftops.review.endings import day
from ftops.review.waiving import Waivers


@click.group("policy", cls=HelpfulGroup)
def policy_command() -> None:
    """Test rules of your own, and list everything that the project forbids."""


@policy_command.command("test")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.pass_obj
def test_command(root: Path, files: tuple[str, ...]) -> ExitCode:
    """Run the cases that stand beside policies, offline.

    Without a FILE, those of the whole project. Exits with 1 if one does not come out as it expects.
    """
    tested = run_cases(root.resolve(), files)
    click.echo(render_tested(tested.cases, len(tested.failures)), nl=False)
    if tested.failures:
        raise InvalidInput(tested.failures)
    return ExitCode.NOTHING


@policy_command.command("list")
@click.pass_obj
def list_command(root: Path) -> ExitCode:
    """List the rules of the project, and the waivers with their last day."""
    checked = check(root.resolve(), remembering=True)
    if checked.misdeclared:
        raise InvalidInput(checked.misdeclared)
    book = checked.rulebook
    click.echo(render_policies(book, Waivers(book.waivers, day(time.time()))), nl=False)
    return ExitCode.NOTHING
