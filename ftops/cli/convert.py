"""`ftops convert`: the same fine-tune for another provider."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.converting import Conversion, Target, convert, fetch_data, write_conversion
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import surroundings
from ftops.errors import NeedsPerson
from ftops.report.words import printable


@click.command("convert")
@click.argument("name", shell_complete=fine_tune_names)
@click.option("--to", "provider", metavar="PROVIDER", help="A provider of ftops.yaml.")
@click.option("--to-dialect", "dialect", metavar="DIALECT", help="A dialect without a provider yet.")
@click.option("--model", help="The base model there, where no table names one or you know better.")
@click.option(
    "--fetch-data", "fetch", is_flag=True, help="First download files that it names by id to data/."
)
@click.option("--write", is_flag=True, help="Write it beside the old manifest, as NAME-PROVIDER.")
@click.pass_obj
def convert_command(root: Path, /, name: str, *, fetch: bool, write: bool, **target: str | None) -> None:
    """Print a fine-tune for another provider, and what it cannot carry; the old manifest stays.

    What changed and what is left out stands in comments, and on stderr. It exits with 4 where something is
    missing, such as a model that nothing is known to stand for: then it would not pass `ftops validate`.
    """
    to = Target(**target)
    if (to.provider is None) is (to.dialect is None):
        raise click.UsageError("pass one of --to and --to-dialect")
    if write and to.dialect is not None:
        raise click.UsageError("--write goes with --to: add the provider to ftops.yaml first")
    for path in fetch_data(root, name, surroundings()) if fetch else ():
        click.echo(printable(f"fetched {root / path.relative_to(root.resolve())}"), err=True)
    made = convert(root, name, to)
    if not write:
        click.echo(made.text, nl=False)
    _tell(made)
    if write:
        write_conversion(root, made, surroundings())
        click.echo(printable(f"wrote {root / made.path.relative_to(root.resolve())}; {name} stays as it is"))
    elif made.missing:
        raise NeedsPerson(
            f"{made.name} is not valid as it is printed: {made.missing[0]}", hint="see the lines TO DO"
        )


def _tell(made: Conversion) -> None:
    for word, lines in (("changed", made.changed), ("left out", made.left_out), ("TO DO", made.missing)):
        for line in lines:
            click.echo(printable(f"{word}: {line}"), err=True)
