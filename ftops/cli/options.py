"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ftops.cli.completion import fine_tune_names
from ftops.cli.secrecy import blanked_problems, current_vault
from ftops.errors import ExitCode, FtopsError, Problem
from ftops.model.plan import Plan
from ftops.report.words import IN_ASCII, Styler, plain, printable
from ftops.review.freezing import LIFTED
from ftops.review.rules import LIFTABLE
from ftops.review.selection import ANY_COMMIT, Selection

NO_CACHE = "ftops.no_cache"
"""In a context's `meta`: whether every file is read. FTOPS_NO_CACHE says so for every command."""

_GREY = "bright_black"
_COLOURS = {
    "create": "green",
    "train": "green",
    "replace": "yellow",
    "cancel": "red",
    "forget": _GREY,
    "adopt": "magenta",
    "update": "magenta",
    "wait": "blue",
    "later": "blue",
    "hold": "red",
    "error": "red",
    "warning": "yellow",
    "dim": _GREY,
    "succeeded": "green",
    "running": "blue",
    "held": "red",
    "failed": "red",
    "unknown": "yellow",
    **dict.fromkeys(("pending", "waiting", "cancelling", "cancelled", "paused", "absent", "planned"), _GREY),
}
"""By role, of the 16 colours that every terminal has and its owner may have chosen."""


def format_option(
    *forms: str, description: str = "Output format."
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --format, text where nothing is said; the command is given it as `form`."""
    return click.option("--format", "form", type=click.Choice(forms), default="text", help=description)


SUMMARY_FORMS = ("markdown", "html", "github")
"""Forms of a plan that are drawn from its summary."""


def plan_format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --format as a plan has it."""
    about = (
        "Output format; markdown is the comment on a pull request, html one file to look at, "
        "github annotates from a workflow."
    )
    return format_option("text", "json", *SUMMARY_FORMS, description=about)(command)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a selection; the command is given them as one `chosen`."""

    @wraps(command)
    def with_selection(
        *args: Any,
        target: tuple[str, ...],
        selector: tuple[str, ...],
        allow: tuple[str, ...],
        allow_empty: bool,
        allow_older: bool,
        **others: Any,
    ) -> Any:
        chosen = _selection(target, selector, allow, allow_empty=allow_empty, allow_older=allow_older)
        return command(*args, chosen=chosen, **others)

    made: Callable[..., Any] = with_selection
    for option in (
        click.option(
            "--no-cache",
            is_flag=True,
            expose_value=False,
            callback=_keep_no_cache,
            help="Read every file, also those that have not changed since an earlier run.",
        ),
        click.option(
            "--allow", multiple=True, metavar="LIMIT=N", help="Lift one limit by name, or `freeze` windows."
        ),
        click.option(
            "--allow-empty",
            is_flag=True,
            help="Accept a project without fine-tunes, and patterns that match nothing.",
        ),
        click.option("--allow-older", is_flag=True, help="Apply a commit older than the one applied last."),
        click.option("--selector", multiple=True, metavar="L=V", help="Only fine-tunes with this label."),
        click.option(
            "--target",
            multiple=True,
            metavar="NAME",
            help="Only this fine-tune and its upstreams.",
            shell_complete=fine_tune_names,
        ),
    ):
        made = option(made)
    return made


def _keep_no_cache(context: click.Context, _: click.Parameter, no_cache: bool) -> None:
    context.meta[NO_CACHE] = no_cache


def _selection(
    target: tuple[str, ...],
    selector: tuple[str, ...],
    allow: tuple[str, ...],
    *,
    allow_empty: bool,
    allow_older: bool,
) -> Selection:
    labels = dict(_pair(text, "--selector") for text in selector)
    older = ANY_COMMIT if allow_older else None
    return Selection(target, labels, allow_empty, limits_lifted(allow), allow_older=older)


def limits_lifted(allow: tuple[str, ...]) -> dict[str, float]:
    """Read the values of --allow. Raises UsageError for text that means nothing."""
    lifted: dict[str, float] = {}
    for text in allow:
        if text == LIFTED:
            lifted[LIFTED] = 1.0
            continue
        name, number = _pair(text, "--allow")
        if name not in LIFTABLE or not re.fullmatch(r"\d+(\.\d+)?", number):
            raise click.UsageError(
                f"--allow {text}: write LIMIT=N, where LIMIT is one of {', '.join(LIFTABLE)}; or {LIFTED}"
            )
        lifted[name] = float(number)
    return lifted


def seconds(text: str | None) -> float | None:
    """Read a duration like 90s, 30m, 6h. Raises UsageError."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not found:
        raise click.UsageError(f"{text!r} is not a duration; write 90s, 30m or 6h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def moment(text: str | None, now: float) -> float | None:
    """Read since when: 30d, 12h, 2w before `now`, or a date (its midnight in UTC). Raises UsageError."""
    if text is None:
        return None
    if found := re.fullmatch(r"(\d+)([mhdw])", text):
        return now - float(found[1]) * {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[found[2]]
    try:
        date = datetime.fromisoformat(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise click.UsageError(f"{text!r} is not a time; write 30d, 12h or 2026-01-31") from None


def revision(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Take what may name a commit. Raises UsageError for what git would read as an option."""
    if text is not None and (not text or text.startswith("-")):
        raise click.UsageError(f"--base {text}: write a branch, a tag or a commit")
    return text


def styler() -> Styler:
    """Colour for a terminal that wants it; NO_COLOR, TERM=dumb and pipes get none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return plain
    return _coloured


def width() -> int:
    """Return the columns of the terminal, 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def table_width() -> int:
    """Return the columns of the terminal; where there is none, those that COLUMNS names, or 80."""
    if sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    named = os.environ.get("COLUMNS", "")
    return int(named) if re.fullmatch("[1-9][0-9]{0,3}", named) else 80


def drawn(text: str, *, err: bool = False) -> str:
    """Return text with our signs as standard output, or standard error, can write them."""
    return text if takes_utf8(err=err) else text.translate(IN_ASCII)


def print_document(document: Mapping[str, Any], *, err: bool = False) -> None:
    """Print a document so that it is JSON on every terminal: one that has no UTF-8 gets escapes.

    Errors are messages: a secret in them is blanked, as on stderr, and the document is still printed.
    """
    from ftops.model.json_text import json_text

    if document.get("errors"):
        document = {**document, "errors": [_blanked(error) for error in document["errors"]]}
    click.echo(json_text(document, ascii_only=not takes_utf8(err=err)), err=err)


def takes_utf8(*, err: bool = False) -> bool:
    """Return whether standard output, or standard error, is written in UTF-8."""
    encoding = str(getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8")
    return encoding.lower().startswith("utf")


def _blanked(error: Mapping[str, Any]) -> dict[str, Any]:
    blank = current_vault().blank
    return {key: blank(value) if isinstance(value, str) else value for key, value in error.items()}


@contextmanager
def documented_failure(root: Path, form: str, command: str = "plan") -> Iterator[None]:
    """Write a failure in the form that was asked for, too; for what fails before the first document."""
    try:
        yield
    except FtopsError as error:
        if form == "json":
            _print_failure(root, command, error.problems)
        elif command == "plan" and form in SUMMARY_FORMS:
            _print_unplanned(root, form, error.problems)
        raise


def _print_failure(root: Path, command: str, problems: tuple[Problem, ...]) -> None:
    from ftops.files.commits import commit_of
    from ftops.model.json_text import json_line
    from ftops.report.failures import EMPTY, failure_document, failure_line
    from ftops.review.plan_document import error_document

    if command == "events":
        for problem in problems:
            click.echo(json_line(_blanked_line(failure_line(problem))))
    elif command in EMPTY:
        print_document(failure_document(command, problems))
    else:
        print_document(error_document(problems, project_name(root), commit_of(root)))


def _print_unplanned(root: Path, form: str, problems: tuple[Problem, ...]) -> None:
    """Say on the pull request why there is no plan: an old comment must not stay as if it held."""
    from ftops.cli.pull_request import print_summary
    from ftops.model.review import Review
    from ftops.report.summarizing import summarized

    plan = Plan(project_name(root) or "unknown", "", 0, ())
    print_summary(summarized(plan, Review(), problems=blanked_problems(problems)), form, root)


def _blanked_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {**_blanked(line), "data": _blanked(line["data"])}


def project_name(root: Path) -> str | None:
    """Return the name of a project that may be broken, None if even that cannot be read."""
    from ftops.manifests.project import load_project
    from ftops.providers.registry import dialects

    try:
        return load_project(root.resolve(), dialects())[0].name
    except (FtopsError, OSError):
        return None


def tell_invalid_data(plan: Plan, code: int) -> None:
    """Say on stderr what is wrong with data, each place once: an error where it decides the exit code."""
    problems = dict.fromkeys(problem for change in plan.changes for problem in change.problems)
    word = "Error" if code == ExitCode.ERROR else "Warning"
    for problem in problems:
        click.echo(printable(f"{word}: {problem}"), err=True)


def tell_resting(plan: Plan) -> None:
    """Report on stderr which providers rest, for whoever does not read the plan."""
    for name, why in plan.incomplete.items():
        click.echo(printable(f"Warning: nothing is done at provider {name}: {why}"), err=True)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise click.UsageError(f"{option} {text}: write it as {option} NAME=VALUE")
    return name, value


def _coloured(text: str, role: str) -> str:
    colour, bold = _COLOURS.get(role), role == "bold" or None
    return click.style(text, fg=colour, bold=bold) if text and (colour or bold) else text
