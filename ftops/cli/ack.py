"""`ftops ack`: a known failure no longer raises the alarm until it changes."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ftops.api.acknowledging import acknowledge, acknowledgements, unacknowledge
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import lock_timeout_option, open_session, open_state
from ftops.model.duration import span
from ftops.report.layout import columns
from ftops.report.words import printable


@click.command("ack")
@click.argument("names", metavar="NAME...", nargs=-1, shell_complete=fine_tune_names)
@click.option("--for", "period", metavar="DURATION", help="For how long: 12h, 7d, 2w; at most 90d.")
@click.option("--reason", metavar="TEXT", help="What is known of it: one line, for whoever looks next.")
@click.option("--list", "listing", is_flag=True, help="List what is acknowledged; asks no provider.")
@click.option("--remove", is_flag=True, help="Let these fine-tunes raise the alarm again.")
@lock_timeout_option
@click.pass_obj
def ack_command(
    root: Path,
    names: tuple[str, ...],
    *,
    period: str | None,
    reason: str | None,
    listing: bool,
    remove: bool,
) -> None:
    """Acknowledge what is wrong with NAME now: `ftops reconcile` no longer exits with 1, 3, 4 or 5 for it.

    Until it changes (another job, other data or settings, other words of the provider) or DURATION is over.
    It decides over the alarm alone: nothing is created, cancelled, retried or sent, and `ftops plan`, `apply`
    and `status` go on showing it. A provider that cannot be listed cannot be acknowledged.
    """
    _check_usage(names, period, reason, listing=listing, remove=remove)
    if listing:
        _list(root)
    elif remove:
        click.echo(printable(unacknowledge(open_state(root), names).words))
    else:
        with open_session(root) as session:
            edited = acknowledge(session, names, _seconds(period or ""), reason or "")
        click.echo(printable(edited.words))


def _check_usage(
    names: tuple[str, ...], period: str | None, reason: str | None, *, listing: bool, remove: bool
) -> None:
    given = period is not None or reason is not None
    if listing and (names or given or remove):
        raise click.UsageError("--list takes no names and no other option")
    if listing:
        return
    if not names:
        raise click.UsageError("name the fine-tunes, or pass --list")
    if remove and given:
        raise click.UsageError("--remove takes names alone")
    if not remove and (period is None or reason is None):
        raise click.UsageError("pass --for and --reason: who looks next has to know until when and why")


def _seconds(text: str) -> float:
    try:
        return span(text)
    except ValueError:
        raise click.UsageError(f"--for {text}: write 12h, 7d or 2w") from None


def _list(root: Path) -> None:
    known = acknowledgements(open_state(root))
    if not known:
        click.echo("Nothing is acknowledged.")
        return
    now = time.time()
    table = [("NAME", "UNTIL (UTC)", "BY", "REASON")]
    for name, ack in known.items():
        until = time.strftime("%Y-%m-%d %H:%M", time.gmtime(ack.until))
        table.append((name, until if ack.in_force(now) else "expired", ack.by, ack.reason))
    click.echo(columns(table), nl=False)
