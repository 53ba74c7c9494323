"""`ftops convert`: the same fine-tune for another provider."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from ftops.api.converting import Conversion, Target, convert, fetch_data, write_conversion
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import surroundings
from ftops.errors import NeedsPerson
from ftops.manifests.loader import parse_yaml
from ftops.report.words import counted, printable


@click.command("convert")
@click.argument("name", shell_complete=fine_tune_names)
@click.option("--to", "provider", metavar="PROVIDER", help="A provider of ftops.yaml.")
@click.option("--to-dialect", "dialect", metavar="DIALECT", help="A dialect without a provider yet.")
@click.option("--model", help="The base model there, where no table names one or you know better.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Set a provider option there.")
@click.option("--fetch-data", "fetch", is_flag=True, help="First download to data/ what it names by id.")
@click.option("--write", is_flag=True, help="Write it beside the old manifest, as NAME-PROVIDER.")
@click.pass_obj
def convert_command(
    root: Path, /, name: str, *, options: tuple[str, ...], fetch: bool, write: bool, **asked: Any
) -> None:
    """Print a fine-tune for another provider, and what it cannot carry; the old manifest stays.

    What changed and what is left out stands in comments, and on stderr. It exits with 4 where something is
    missing, such as a model that nothing is known to stand for: then it would not pass `ftops validate`.
    """
    to = Target(**asked, options=dict(map(_option, options)))
    if (to.provider is None) is (to.dialect is None):
        raise click.UsageError("pass one of --to and --to-dialect")
    if write and to.dialect is not None:
        raise click.UsageError("--write goes with --to: add the provider to ftops.yaml first")
    for path in fetch_data(root, name, surroundings()) if fetch else ():
        click.echo(printable(f"fetched {root / path.relative_to(root.resolve())}"), err=True)
    made = convert(root, name, to, time.time())
    if not write:
        click.echo(made.text, nl=False)
    _tell(made)
    if made.missing:
        to_do = counted(len(made.missing), "thing is", "things are")
        nothing = "nothing was written; " if write else ""
        raise NeedsPerson(
            f"{made.name} is not valid as it is: {to_do} still to do",
            hint=f"{nothing}see the lines TO DO; --model and --option set what you know",
        )
    if write:
        write_conversion(root, made, surroundings())
        click.echo(printable(f"wrote {root / made.path.relative_to(root.resolve())}; {name} stays as it is"))


def _option(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE, the value as YAML reads it."""
    name, equals, value = text.partition("=")
    parsed = parse_yaml(value.encode(), "--option")
    if not (name and equals) or parsed.problems or len(parsed.documents) != 1:
        raise click.UsageError(f"--option {text}: write it as --option NAME=VALUE")
    return name, parsed.documents[0].value


def _tell(made: Conversion) -> None:
    for line in made.warnings:
        click.echo(printable(f"Warning: {line}"), err=True)
    for word, lines in (("changed", made.changed), ("left out", made.left_out), ("TO DO", made.missing)):
        for line in lines:
            click.echo(printable(f"{word}: {line}"), err=True)
