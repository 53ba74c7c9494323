"""A plan for reviewers: as a comment or a file on standard output, or as what a GitHub step leaves behind.

GitHub's files for a step (`GITHUB_STEP_SUMMARY`, `GITHUB_OUTPUT`) are appended to where they are; anywhere
else there are none, and only the annotations are printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click
from msgspec import to_builtins

from ftops.api.commenting import footer
from ftops.cli.secrecy import current_vault, print_commands
from ftops.errors import FtopsError
from ftops.files.commits import git_output
from ftops.model.json_text import encoded
from ftops.report.annotations import annotation_lines, step_outputs
from ftops.report.cutting import BUDGETS, Place
from ftops.report.markdown import Footer, render_comment, render_job_summary
from ftops.report.summary import Summary

MOST_OF_A_STEP = 1024 * 1024
"""Bytes of a step's summary. GitHub shows nothing at all of a longer one."""

_LEAST = 4_000


def print_summary(
    summary: Summary, form: str, root: Path, at: float | None = None, *, err: bool = False
) -> None:
    """Print a plan made `at` (Unix seconds) as `markdown`, the comment, as `html`, or for `github`."""
    # Before any of it is escaped: afterwards a key is not found any more.
    current_vault().refuse(encoded(to_builtins(summary)), "the output")
    made = footer(os.environ, at)
    if form == "html":
        from ftops.cli.html_report import print_html

        print_html(summary, at, err=err)
    elif form == "github":
        _print_github(summary, made, root)
    else:
        click.echo(render_comment(summary, footer=made), nl=False, err=err)


def _print_github(summary: Summary, made: Footer, root: Path) -> None:
    """Print annotations; append the summary of the job and the outputs of the step to GitHub's files."""
    print_commands(annotation_lines(summary, _prefix(root, os.environ)))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append_summary(Path(path), summary, made)
    if path := os.environ.get("GITHUB_OUTPUT"):
        _append(Path(path), "".join(f"{name}={value}\n" for name, value in step_outputs(summary).items()))


def _append_summary(path: Path, summary: Summary, made: Footer) -> None:
    room = min(BUDGETS[Place.JOB_SUMMARY], MOST_OF_A_STEP - _size(path) - 2)
    if room < _LEAST:
        click.echo("Warning: the job summary of this step is full: the plan is not in it", err=True)
        return
    _append(path, render_job_summary(summary, footer=made, budget=room))


def _append(path: Path, text: str) -> None:
    """Append lines; what somebody wrote there without an end of line stays a line of its own."""
    try:
        begun = bool(_size(path)) and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}" if begun else text)
    except OSError as error:
        message = f"cannot append to {path}: {error.strerror or error}"
        raise FtopsError(message, hint="GitHub sets its path; unset it anywhere else") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _prefix(root: Path, environ: Mapping[str, str]) -> str:
    """Return the folder of the project in its repository: annotations need the whole path."""
    told = git_output(root, "rev-parse", "--show-prefix")
    if told is not None:
        return told.decode("utf-8", "replace").strip()
    workspace = Path(environ.get("GITHUB_WORKSPACE") or root).resolve()
    inside = root.resolve()
    return inside.relative_to(workspace).as_posix() if inside.is_relative_to(workspace) else ""
