"""The line of the crontab, and the script of a CI step, as their pages show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Emulator
from tests.documentation.blocks import blocks_of, pages
from tests.recipes.bare import run_bare
from tests.recipes.conftest import KEY, Installed, Project, project_of
from tests.recipes.crontab import LINE, Cron
from tests.repository import Repository

PAGE = REPOSITORY / "docs/how-to/scheduled-reconcile.md"
WAIT = REPOSITORY / "docs/how-to/wait-in-ci.md"
SOURCE = "git+https://github.com/ftops/ftops"
VENV = "python3.11 -m venv ~/ftops\n"
WHERE = "/srv/models"


def text_blocks(page: Path) -> list[str]:
    return [block.text for block in blocks_of(page.read_text()) if block.language == "text"]


def setup() -> str:
    (block,) = (text for text in text_blocks(PAGE) if "-m venv" in text)
    return block


def crontab() -> str:
    (block,) = (text for text in text_blocks(PAGE) if LINE.search(text))
    (line,) = LINE.findall(block)
    return str(line[1])


class User:
    """Who has the crontab: a home with what the page says to put there, and a clone."""

    def __init__(self, home: Path, clone: Repository, command: str) -> None:
        self.home = home
        self.clone = clone
        self._command = command

    def tick(self) -> str:
        mail = Cron(self.home).run(self._command)
        print(f"--- mail\n{mail}--- log\n{self.log()}")  # noqa: T201 - shown by pytest -rP
        return mail

    def log(self) -> str:
        path = self.home / "ftops.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def project(tmp_path: Path, provider: Emulator) -> Project:
    return project_of(tmp_path / "origin", provider.base_url)


@pytest.fixture
def user(tmp_path: Path, project: Project, installed: Installed) -> User:
    home = tmp_path / "home"
    home.mkdir()
    (home / "ftops").symlink_to(installed.environment)
    text = setup()
    assert text.count(SOURCE) == 1
    assert text.count("sk-...") == 1
    # The environment is there already: one for all tests of a session.
    assert text.startswith(VENV)
    script = text.removeprefix(VENV).replace(SOURCE, installed.source).replace("sk-...", KEY)
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    done = run_bare(["bash", "-e", "-c", script], environ, home)
    assert done.returncode == 0, done.stdout
    clone = project.repository.clone(tmp_path / "models")
    command = crontab()
    assert command.count(WHERE) == 1
    return User(home, clone, command.replace(WHERE, str(clone.root)))


@pytest.mark.slow
def test_cron_pulls_and_creates_what_is_new_once_and_sends_no_mail(
    user: User, project: Project, provider: Emulator
) -> None:
    assert (user.home / ".ftops-key").stat().st_mode & 0o077 == 0
    assert user.tick() == ""
    assert provider.jobs() == 1
    assert user.tick() == ""
    assert provider.jobs() == 1
    project.declare("second")
    assert user.tick() == ""
    assert provider.jobs() == 2
    assert "second" in user.log()
    assert KEY not in user.log()


@pytest.mark.slow
def test_what_goes_wrong_is_mailed_with_its_code_and_trains_nothing(
    user: User, project: Project, provider: Emulator
) -> None:
    key = (user.home / ".ftops-key").read_text()
    (user.home / ".ftops-key").unlink()
    assert user.tick() == "ftops reconcile ended with 2, see ~/ftops.log\n"
    (user.home / ".ftops-key").write_text(key.replace(KEY, "sk-old"))
    assert user.tick() == "ftops reconcile ended with 4, see ~/ftops.log\n"
    (user.home / ".ftops-key").write_text(key)
    text = (project.repository.root / "ftops.yaml").read_text()
    project.repository.commit({"ftops.yaml": text.replace("max_cost: 5", "max_cost: 0.0001")})
    assert user.tick() == "ftops reconcile ended with 3, see ~/ftops.log\n"
    user.clone.commit({"jobs/mine.yaml": "never pushed\n"})
    project.declare("second")
    assert user.tick() == "ftops reconcile ended with 128, see ~/ftops.log\n"
    assert "fast-forward" in user.log()
    assert provider.jobs() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "code"), [(False, 0), (True, 5)])
def test_the_step_that_waits_hands_over_the_model_or_says_what_to_look_at(
    tmp_path: Path, installed: Installed, user: User, provider: Emulator, fault: bool, code: int
) -> None:
    (script,) = (text for text in text_blocks(WAIT) if "case" in text)
    if fault:
        provider.fault("fail_job", "create", code="bad", message="bad")
    environ = {
        "HOME": str(user.home),
        "PATH": f"{installed.environment / 'bin'}:/usr/bin:/bin",
        "CI": "true",
        "GITHUB_ENV": str(tmp_path / "env"),
        "OPENAI_API_KEY": KEY,
    }
    done = run_bare(["bash", "-e", "-c", script], environ, user.clone.root)
    print(done.stdout)  # noqa: T201 - shown by pytest -rP
    assert done.returncode == code, done.stdout
    if fault:
        assert "ftops events hello" in done.stdout
        assert not (tmp_path / "env").exists()
    else:
        assert (tmp_path / "env").read_text().startswith("HELLO_MODEL=ft:gpt-4o-mini")


def test_every_crontab_line_of_the_pages_is_run_here() -> None:
    lines = {line for page in pages() for text in text_blocks(page) for _, line in LINE.findall(text)}
    # With metrics, a node_exporter's directory and somebody's address: too much of a machine to be run.
    (measured,) = (line for line in lines if "--metrics-file" in line)
    assert lines - {measured} == {crontab()}


def test_a_percent_sign_would_end_the_command(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="line's end"):
        Cron(tmp_path).run("date +%F")
