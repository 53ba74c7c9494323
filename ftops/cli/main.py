"""The group and the global options. Errors become messages and exit codes in `failures`."""

from __future__ import annotations

import io
import signal
import sys
from importlib import import_module
from pathlib import Path

import click

from ftops.cli.nearest_command import HelpfulGroup
from ftops.cli.secrecy import secrecy
from ftops.cli.streams import output_trouble
from ftops.version import __version__

LOG_FORMAT = "ftops.log_format"
"""In a context's `meta`: `text` or `json`."""

COMMANDS = {
    "init": "ftops.cli.init",
    "validate": "ftops.cli.validate",
    "data": "ftops.cli.data",
    "plan": "ftops.cli.plan",
    "show": "ftops.cli.show",
    "comment": "ftops.cli.comment",
    "apply": "ftops.cli.apply",
    "reconcile": "ftops.cli.reconcile",
    "ack": "ftops.cli.ack",
    "cancel": "ftops.cli.cancel",
    "policy": "ftops.cli.policy",
    "status": "ftops.cli.status",
    "history": "ftops.cli.history",
    "cost": "ftops.cli.cost",
    "outputs": "ftops.cli.outputs",
    "events": "ftops.cli.events",
    "metrics": "ftops.cli.events",
    "graph": "ftops.cli.graph",
    "doctor": "ftops.cli.doctor",
    "providers": "ftops.cli.providers",
    "import": "ftops.cli.adoption",
    "convert": "ftops.cli.convert",
    "resolve": "ftops.cli.adoption",
    "state": "ftops.cli.state",
    "schema": "ftops.cli.schema",
    "emulator": "ftops.cli.emulator",
    "completion": "ftops.cli.completion",
}
"""Command -> the module that has it, imported only when it is called."""

HELP = {
    "init": "Create a project that is ready to plan and apply.",
    "validate": "Check manifests and data; no network.",
    "data": "Check training data, look at it, compare it.",
    "plan": "Show what apply would do.",
    "show": "Show a saved plan.",
    "comment": "Show a saved plan on its pull request.",
    "apply": "Plan, show, ask, and apply; or apply a saved plan.",
    "reconcile": "Plan and apply within the limits, unattended.",
    "ack": "Silence a known failure until it changes.",
    "cancel": "Stop paid jobs now, and hold them.",
    "policy": "Test policies, and list what they forbid.",
    "status": "Show the status of every fine-tune.",
    "history": "Show what has happened, and by whom.",
    "cost": "Show what was spent, and by whom.",
    "outputs": "Show the models that are ready.",
    "events": "Show what the provider reports about a job.",
    "metrics": "Show the losses of a job.",
    "graph": "Show the chains: base models, fine-tunes, data.",
    "doctor": "Check everything that a run needs.",
    "providers": "Show which providers there are, and until when.",
    "import": "Take over existing jobs, one or all.",
    "convert": "Print a fine-tune for another provider.",
    "resolve": "Clear a hold that needs a person.",
    "state": "Inspect and repair the state.",
    "schema": "Print a JSON Schema.",
    "emulator": "Serve the emulator; it trains nothing.",
    "completion": "Print a completion script.",
}


class LazyGroup(HelpfulGroup):
    """A group that imports a command's module when it is called, so that the start stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(HELP.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ftops", message="%(prog)s %(version)s")
@click.option("-C", "directory", metavar="DIR", default=".", help="Work in this directory.")
@click.option("-v", "verbose", is_flag=True, help="Log each request that is sent.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the logs of -v and reconcile: sentences, or one JSON object per line.",
)
@click.pass_context
def cli(ctx: click.Context, directory: str, log_format: str, *, verbose: bool) -> None:
    """GitOps for fine-tuning jobs: declare them in YAML, plan, apply; never pay for one twice."""
    root = Path(directory)
    if not root.is_dir():
        raise click.UsageError(f"-C {directory}: no such directory")
    ctx.meta[LOG_FORMAT] = log_format
    if verbose:
        from ftops.cli.request_log import set_up_logging

        ctx.call_on_close(set_up_logging(log_format))
    ctx.obj = root


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code; no error of a user or network gets past here."""
    _accept_every_sign()
    # Asked to end, a command frees what it holds, such as the lock of the state, as on Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with secrecy():
            code = _run(arguments)
            sys.stdout.flush()
            return _with_output(code, output_trouble())
    finally:
        signal.signal(signal.SIGTERM, before)


def _with_output(code: int, trouble: OSError | None) -> int:
    """Say that output was lost, which is an error if there is no other; the work was done anyway."""
    if trouble is None:
        return code
    click.echo(f"Error: the output could not be written: {trouble.strerror or trouble}", err=True)
    return code or 1


def _run(arguments: list[str]) -> int:
    try:
        return int(cli.main(arguments, prog_name="ftops", standalone_mode=False) or 0)
    except (Exception, KeyboardInterrupt) as error:
        from ftops.cli.failures import told

        code = told(error)
        if code is None:
            raise
        return code


def _accept_every_sign() -> None:
    """A terminal that cannot show a character gets its number: printing never fails because of its text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
