"""`ftops init`."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import click

from ftops.cli.git_lines import GIT_LINES, GitLine, with_line
from ftops.errors import FtopsError
from ftops.manifests.project import PROJECT_FILE
from ftops.manifests.writing import modeline, schema_address

_PROJECT = """\
apiVersion: ftops/v1
kind: Project
metadata: {{name: {name}}}  # stamped on every job: unique in the provider's account
spec:
  manifests: [jobs/]
  default_provider: local
  providers:
    # The embedded emulator: no key, no cost, no training. 600 of its seconds pass in one of yours.
    local: {{dialect: openai, base_url: "emulator:.ftops/emulator.db", emulator: {{speed: 600}}}}
    # A real provider beside it, for example:
    # oa: {{dialect: openai, api_key: {{env: OPENAI_API_KEY}}}}
"""

_MANIFEST = """\
apiVersion: ftops/v1
kind: FineTune
metadata:
  name: hello
spec:
  model: gpt-4o-mini
  training_file: {path: ../data/hello.jsonl}  # relative to this file
  hyperparameters: {n_epochs: 3}
  suffix: hello  # becomes part of the model's name
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


@click.command("init")
@click.argument("directory", default=".", required=False)
@click.pass_obj
def init_command(root: Path, directory: str) -> None:
    """Create a project in DIRECTORY that is ready to plan and apply on the embedded emulator."""
    target = root / directory
    files = {
        PROJECT_FILE: modeline(schema_address("project", target))
        + _PROJECT.format(name=f"{_word(target)}-{secrets.token_hex(2)}"),
        "jobs/hello.yaml": modeline(schema_address("finetune", target, "jobs")) + _MANIFEST,
        "data/hello.jsonl": "".join(_line(country, city) for country, city in _CAPITALS.items()),
    }
    existing = [name for name in files if (target / name).exists()]
    if existing:
        raise FtopsError(f"{target / existing[0]} already exists", hint="nothing was written")
    before = {each: _content(target / each.file) for each in GIT_LINES}
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    for wanted, content in before.items():
        _add_line(target / wanted.file, content, wanted)
    where = "" if directory == "." else f" -C {directory}"
    click.echo("Its provider is the embedded emulator: no key, no cost, and nothing is trained.")
    click.echo(f"Next: ftops{where} plan, then ftops{where} apply --wait")
    click.echo("Then: put your own data into data/, declare it in jobs/ as jobs/hello.yaml does,")
    click.echo("      and add a real provider to ftops.yaml")


def _content(path: Path) -> bytes | None:
    """Read a file of Git's, None where there is none. Git itself follows no link there."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise FtopsError(f"{path} is not a regular file", hint="nothing was written; move it away")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FtopsError(f"cannot read {path}: {error.strerror}", hint="nothing was written") from error


def _add_line(path: Path, content: bytes | None, wanted: GitLine) -> None:
    """Write a file of Git's with our line, or add the line to one that lacks it."""
    after = with_line(content or b"", wanted)
    if after == content:
        return
    try:
        path.write_bytes(after)
    except OSError as error:
        hint = f"the project was created; add this line yourself: {wanted.line}"
        raise FtopsError(f"cannot write {path}: {error.strerror}", hint=hint) from error
    click.echo(f"wrote {path}" if content is None else f"added {wanted.line} to {path}")


def _word(target: Path) -> str:
    """Make a project name from the directory's name."""
    letters = (sign if sign.isascii() and sign.isalnum() else "-" for sign in target.resolve().name.lower())
    return "".join(letters).strip("-")[:40].strip("-") or "project"


def _line(country: str, city: str) -> str:
    messages = [
        {"role": "user", "content": f"What is the capital of {country}?"},
        {"role": "assistant", "content": f"{city}."},
    ]
    return json.dumps({"messages": messages}) + "\n"
