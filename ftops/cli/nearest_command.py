"""A group of commands that suggests what a misspelt one was meant to be."""

from __future__ import annotations

import click


class HelpfulGroup(click.Group):
    """Names the nearest command where there is none of that name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. Raises UsageError with what was probably meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from ftops.model.nearest import did_you_mean

            hint = did_you_mean(name, self.list_commands(ctx)) or f"see `{ctx.command_path} --help`"
            raise click.UsageError(f"no command is named {name!r} ({hint})", ctx)
        return super().resolve_command(ctx, args)
