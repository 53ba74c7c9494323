"""`ftops completion`, and the fine-tune names that a shell completes."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ftops.errors import FtopsError

VARIABLE = "_FTOPS_COMPLETE"
"""By this variable click's scripts ask ftops for completions; it follows from the program's name."""


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell: commands, options, and the names of fine-tunes.

    For bash, write `source <(ftops completion bash)` into ~/.bashrc; for zsh, the same with zsh into
    ~/.zshrc, after compinit; for fish, save the script as ~/.config/fish/completions/ftops.fish.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise FtopsError(f"click has no completion for {shell}")
    completer = found(ctx.find_root().command, {}, "ftops", VARIABLE)
    # Not `source()`: for bash it also runs whatever bash is first in PATH, to check its version.
    click.echo(completer.source_template % completer.source_vars())


def fine_tune_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the declared names that begin so. Asks no provider and reads no data file.

    A person is typing: nothing is said about a project that is broken or absent.
    """
    return [name for name in _declared_names(ctx) if name.startswith(incomplete)]


def fine_tunes_and_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the declared names that begin so; the shell adds files, from where it is."""
    names = fine_tune_names(ctx, param, incomplete)
    # First: in bash, asking for files forgets what was offered before.
    return [CompletionItem(incomplete, type="file"), *map(CompletionItem, names)]


def _declared_names(ctx: click.Context) -> list[str]:
    from ftops.manifests.parser import load_fine_tunes
    from ftops.manifests.project import load_project
    from ftops.providers.registry import dialects, facts_of

    root = Path(ctx.find_root().params.get("directory") or ".").resolve()
    try:
        project, document = load_project(root, dialects())
        facts = {name: facts_of(settings) for name, settings in project.providers.items()}
        loaded = load_fine_tunes(root, project, document, facts)
    except (FtopsError, OSError, ValueError):
        return []
    return sorted(fine_tune.name for fine_tune in loaded.fine_tunes)
