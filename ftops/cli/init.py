"""`ftops init`."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import click

from ftops.errors import FtopsError
from ftops.manifests.project import PROJECT_FILE

_PROJECT = """\
apiVersion: ftops/v1
kind: Project
metadata: {{name: {name}}}            # stamped on every job; unique in the provider's account
spec:
  manifests: [jobs/]
  default_provider: local
  providers:
    # The embedded emulator needs no key and trains nothing. For a real provider write, for example:
    #   oa: {{dialect: openai, api_key: {{env: OPENAI_API_KEY}}}}
    local: {{dialect: openai, base_url: "emulator:.ftops/emulator.db", emulator: {{speed: 600}}}}
"""

_MANIFEST = """\
apiVersion: ftops/v1
kind: FineTune
metadata:
  name: hello
spec:
  model: gpt-4o-mini
  training_file: {path: ../data/hello.jsonl}
  hyperparameters: {n_epochs: 3}
  suffix: hello
"""

_CAPITALS = {
    "Austria": "Vienna",
    "Belgium": "Brussels",
    "Chile": "Santiago",
    "Denmark": "Copenhagen",
    "Egypt": "Cairo",
    "Finland": "Helsinki",
    "Ghana": "Accra",
    "Hungary": "Budapest",
    "Iceland": "Reykjavik",
    "Japan": "Tokyo",
    "Kenya": "Nairobi",
    "Latvia": "Riga",
}


_FOR_GIT = {
    ".gitignore": ".ftops/",
    # Without this git may turn the line ends of data on Windows, and other bytes would be sent.
    ".gitattributes": "*.jsonl text eol=lf",
}
"""File -> the line that it has to have."""


@click.command("init")
@click.argument("directory", default=".", required=False)
@click.pass_obj
def init_command(root: Path, directory: str) -> None:
    """Make a project in DIRECTORY that plans and applies at once, on the embedded emulator."""
    target = root / directory
    files = {
        PROJECT_FILE: _PROJECT.format(name=f"{_word(target)}-{secrets.token_hex(2)}"),
        "jobs/hello.yaml": _MANIFEST,
        "data/hello.jsonl": "".join(_line(country, city) for country, city in _CAPITALS.items()),
    }
    existing = [name for name in files if (target / name).exists()]
    if existing:
        raise FtopsError(f"{target / existing[0]} exists already", hint="nothing was written")
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    for name, line in _FOR_GIT.items():
        _add_line(target / name, line)
    where = "" if directory == "." else f" -C {directory}"
    click.echo(f"Next: ftops{where} plan, then ftops{where} apply --wait")
    click.echo("Then: put your own data into data/, and declare it in jobs/ as jobs/hello.yaml does")


def _add_line(path: Path, line: str) -> None:
    """Add a line to a file of git's, in the line ends that it has; one that is there is left alone."""
    old = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    if line in (known.strip() for known in old.splitlines()):
        return
    ending = "\r\n" if "\r\n" in old else "\n"
    gap = ending if old and not old.endswith("\n") else ""
    path.write_bytes(f"{old}{gap}{line}{ending}".encode("utf-8", "surrogateescape"))
    click.echo(f"{'added a line to' if old else 'wrote'} {path}")


def _word(target: Path) -> str:
    """Make a project name of the directory's."""
    letters = (sign if sign.isascii() and sign.isalnum() else "-" for sign in target.resolve().name.lower())
    return "".join(letters).strip("-")[:40].strip("-") or "project"


def _line(country: str, city: str) -> str:
    messages = [
        {"role": "user", "content": f"What is the capital of {country}?"},
        {"role": "assistant", "content": f"{city}."},
    ]
    return json.dumps({"messages": messages}) + "\n"
