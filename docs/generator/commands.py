"""The commands as values, read from click: whatever command is added, it is here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import click

from ftops.cli.main import cli


@dataclass(frozen=True, slots=True)
class Option:
    """One option as help shows it."""

    names: str
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command with its words, `ftops state show`."""

    words: str
    usage: str
    summary: str
    paragraphs: tuple[str, ...]
    options: tuple[Option, ...]
    children: tuple[tuple[str, str], ...]

    @property
    def page(self) -> str:
        """Name the man page."""
        return self.words.replace(" ", "-")


def walk() -> Iterator[Command]:
    """Yield ftops itself, then every command and subcommand."""
    yield from _walk(cli, None, "ftops")


def _walk(command: click.Command, parent: click.Context | None, name: str) -> Iterator[Command]:
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    children: list[tuple[str, click.Command]] = []
    if isinstance(command, click.Group):
        found = ((word, command.get_command(context, word)) for word in command.list_commands(context))
        children = [(word, child) for word, child in found if child is not None and not child.hidden]
    yield _described(command, context, children)
    for word, child in children:
        yield from _walk(child, context, word)


def _described(
    command: click.Command, context: click.Context, children: list[tuple[str, click.Command]]
) -> Command:
    paragraphs = tuple(
        " ".join(part.split()) for part in inspect.cleandoc(command.help or "").split("\n\n") if part.strip()
    )
    # Newer clicks list arguments here too; the usage line has them already.
    params = (param for param in command.get_params(context) if isinstance(param, click.Option))
    records = (param.get_help_record(context) for param in params)
    return Command(
        words=context.command_path,
        usage=" ".join([context.command_path, *command.collect_usage_pieces(context)]),
        summary=paragraphs[0] if paragraphs else "",
        paragraphs=paragraphs,
        options=tuple(Option(*(" ".join(text.split()) for text in record)) for record in records if record),
        children=tuple((word, child.get_short_help_str(200)) for word, child in children),
    )
