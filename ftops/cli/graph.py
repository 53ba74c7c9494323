"""`ftops graph`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.stored_state import open_stored_state
from ftops.cli import options
from ftops.cli.session import surroundings
from ftops.errors import FtopsError, InvalidInput
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import load_project
from ftops.model.project import Project
from ftops.model.state import State
from ftops.providers.registry import all_capabilities, dialects, facts_of
from ftops.report.graph import Graph, make_graph, render_dot, render_graph, render_json, render_mermaid
from ftops.report.words import printable


@click.command("graph")
@options.format_option("text", "mermaid", "dot", "json")
@click.pass_obj
def graph_command(root: Path, form: str) -> None:
    """Show the chains: base model, fine-tunes and their data. Asks no provider.

    Statuses are those that the state recorded last; `ftops status` asks.
    """
    with options.documented_failure(root, form, "graph"):
        graph = _graph(root.resolve())
    if form == "text":
        text = render_graph(graph, width=options.width())
    else:
        text = {"mermaid": render_mermaid, "dot": render_dot, "json": render_json}[form](graph)
    click.echo(text, nl=False)


def _graph(root: Path) -> Graph:
    """Load the project and read its state. Raises InvalidInput where manifests do not load."""
    project, document = load_project(root, dialects())
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    loaded = load_fine_tunes(root, project, document, facts, others=all_capabilities)
    if problems := (*loaded.misdeclared, *loaded.unseen):
        raise InvalidInput(problems)
    return make_graph(loaded.fine_tunes, _state(root, project))


def _state(root: Path, project: Project) -> State | None:
    """Read the state; a graph without statuses is still a graph, so an unreadable state is only reported."""
    try:
        return open_stored_state(project, root, surroundings()).manager.read()
    except FtopsError as error:
        click.echo(printable(f"Without statuses: {error.problems[0]}"), err=True)
        return None
