"""The scripts are sourced by real shells and asked for completions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ftops.cli.main import COMMANDS, cli
from tests.conftest import ProjectDirectory

NEW_NAMES = {("import", "name")}
"""Arguments called name that are no declared fine-tune: import makes one."""

ASK = """\
source {script}
COMP_WORDS=({words}) COMP_CWORD={index} COMP_LINE="{words}" COMP_POINT=${{#COMP_LINE}}
$(complete -p ftops | sed 's/.*-F \\([^ ]*\\) .*/\\1/') ftops
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def _complete(root: Path, script: str, words: str) -> list[str]:
    """Ask a real bash what follows; a last word that ends with _ stands for an empty one."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed here")
    (root / "completion.bash").write_text(script)
    index = len(words.split()) - 1
    words = words.replace(" _", ' ""')
    program = ASK.format(script="completion.bash", words=words.replace('"', "'"), index=index)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", program],
        cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def script(project: ProjectDirectory) -> str:
    assert project.ftops("completion", "bash") == 0
    return project.out


def test_bash_completes_commands_and_options(project: ProjectDirectory, script: str) -> None:
    assert "validate" in _complete(project.root, script, "ftops val")
    assert "--detailed-exitcode" in _complete(project.root, script, "ftops plan --det")


def test_bash_completes_names_of_fine_tunes(project: ProjectDirectory, script: str) -> None:
    for name in ("triage", "triage-short", "other"):
        project.manifest(name)
    for words in ("ftops status tri", "ftops state show tri", "ftops plan --target tri", "ftops resolve tri"):
        assert _complete(project.root, script, words) == ["triage", "triage-short"]


def test_names_and_files_are_completed_where_either_may_stand(project: ProjectDirectory) -> None:
    project.manifest("triage")
    command = cli.get_command(click.Context(cli), "data")
    assert isinstance(command, click.Group)
    for word, argument in (("check", "words"), ("show", "word"), ("diff", "words")):
        context = click.Context(command.commands[word], parent=click.Context(cli))
        context.find_root().params["directory"] = str(project.root)
        (param,) = (one for one in command.commands[word].params if one.name == argument)
        found = [(one.type, one.value) for one in param.shell_complete(context, "tri")]
        assert found == [("file", "tri"), ("plain", "triage")]


def test_bash_completes_names_of_the_project_that_minus_c_names(
    project: ProjectDirectory, script: str, tmp_path: Path
) -> None:
    project.manifest("triage")
    assert _complete(tmp_path, script, "ftops -C project status tri") == ["triage"]


def test_a_broken_manifest_does_not_hide_the_other_names(project: ProjectDirectory, script: str) -> None:
    project.manifest("triage")
    project.write("jobs/broken.yaml", "oops: [")
    assert _complete(project.root, script, "ftops status tri") == ["triage"]


@pytest.mark.parametrize("text", ["spec: [", "", "kind: Project\n", "\x00"])
def test_a_broken_project_completes_to_nothing_quietly(
    project: ProjectDirectory, script: str, text: str
) -> None:
    project.write("ftops.yaml", text)
    assert _complete(project.root, script, "ftops status t") == []


def test_names_are_completed_without_network_key_and_data(
    project: ProjectDirectory, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FTOPS_TEST_KEY")
    settings = project.root / "ftops.yaml"
    address = settings.read_text().split("base_url: '")[1].split("'")[0]
    settings.write_text(settings.read_text().replace(address, "http://127.0.0.1:1/v1"))
    project.manifest("triage")
    assert _complete(project.root, script, "ftops status tri") == ["triage"]


@pytest.mark.parametrize(("shell", "check"), [("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_another_shell_accepts_its_script(project: ProjectDirectory, shell: str, check: list[str]) -> None:
    assert project.ftops("completion", shell) == 0
    assert "_FTOPS_COMPLETE" in project.out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed here")
    project.write(f"completion.{shell}", project.out)
    subprocess.run([program, *check, str(project.root / f"completion.{shell}")], check=True)


def _arguments(command: click.Command, words: str) -> list[tuple[str, click.Parameter]]:
    found = [(words, param) for param in command.params if param.name in ("name", "target")]
    children = command.commands.items() if isinstance(command, click.Group) else ()
    return found + [item for word, child in children for item in _arguments(child, f"{words} {word}")]


def test_every_command_that_takes_a_name_completes_it() -> None:
    context = click.Context(cli)
    for word in COMMANDS:
        command = cli.get_command(context, word)
        assert command is not None
        for words, param in _arguments(command, word):
            completes = param._custom_shell_complete is not None
            assert completes or (words, param.name) in NEW_NAMES, (
                f"{words}: pass shell_complete=fine_tune_names"
            )
