"""Where a credential stands, and what is said when it does not."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ftops.errors import FtopsError, InvalidInput, Refused
from ftops.model.project import EnvReference, ExecReference, FileReference, ProviderSettings, Reference
from ftops.providers.registry import open_provider
from ftops.transport.references import LONGEST, References, Unresolved
from ftops.transport.secret import Vault

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CI forbids is tested by saying so; the rest must not depend on where the tests run."""
    monkeypatch.delenv("CI", raising=False)


def python(code: str) -> ExecReference:
    return ExecReference((sys.executable, "-c", code))


def test_a_value_comes_from_a_variable_a_file_or_a_command(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"\ufeff{KEY}\r\n")
    references = References({"KEY": KEY}, tmp_path)
    for reference in (
        EnvReference("KEY"),
        FileReference("key.txt"),
        FileReference(str(tmp_path / "key.txt")),
        ExecReference(("cat", "key.txt")),
        python("import os; print(os.environ['KEY'])"),
    ):
        assert references.resolve(reference) == KEY


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    assert References({}, tmp_path).resolve(ExecReference(("echo", "$(id) ; `id` > x"))) == "$(id) ; `id` > x"
    assert not (tmp_path / "x").exists()


def test_a_command_is_run_once_however_many_providers_ask(tmp_path: Path) -> None:
    command = python("open('count', 'a').write('x'); print('0123456789')")
    references = References(dict(os.environ), tmp_path)
    assert references.resolve(command) == references.resolve(command) == "0123456789"
    assert (tmp_path / "count").read_text() == "x"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (EnvReference("NONE"), "NONE is not set"),
        (EnvReference("EMPTY"), "EMPTY is empty"),
        (EnvReference("BLANK"), "BLANK is empty"),
        (FileReference("nowhere"), "cannot be read: No such file"),
        (FileReference("."), "not a regular file"),
        (FileReference("fifo"), "not a regular file"),
        (FileReference("empty"), "is empty"),
        (FileReference("binary"), "is not UTF-8"),
        (FileReference("two-lines"), "not one line of text"),
        (FileReference("/dev/zero"), "not a regular file"),
        (FileReference("huge"), "is larger than"),
        (ExecReference(("/no/such/program",)), "cannot be started: No such file"),
        (ExecReference(("echo", "a\0b")), "it holds a zero byte"),
        (ExecReference(("false",)), "exited with 1"),
        (ExecReference(("true",)), "is empty"),
        (ExecReference(("yes",)), "is larger than"),
        (python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "exited with -9"),
    ],
)
def test_a_reference_that_leads_nowhere_is_one_sentence(
    tmp_path: Path, reference: Reference, words: str
) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "two-lines").write_text("a\nb\n")
    (tmp_path / "huge").write_text("x" * (LONGEST + 1))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Unresolved) as caught:
        References({"EMPTY": "", "BLANK": " ", "PATH": os.environ["PATH"]}, tmp_path).resolve(reference)
    assert words in caught.value.message


@pytest.mark.parametrize(
    "command", [("sleep", "60"), ("sh", "-c", "sleep 60 & echo done"), ("sh", "-c", "exec 1>&-; sleep 60")]
)
def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path, command: tuple[str, ...]) -> None:
    started = time.monotonic()
    with pytest.raises(Unresolved, match="took longer than"):
        References(dict(os.environ), tmp_path, exec_seconds=0.2).resolve(ExecReference(command))
    assert time.monotonic() - started < 10


def test_what_a_command_complains_is_not_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unresolved) as caught:
        References({}, tmp_path).resolve(python(f"import sys; sys.stderr.write('{KEY}'); sys.exit(3)"))
    assert "exited with 3" in caught.value.message
    assert KEY not in "".join((*capfd.readouterr(), caught.value.message, caught.value.hint))


def test_ci_runs_no_command_unless_it_is_allowed(tmp_path: Path) -> None:
    command = ExecReference(("touch", "ran"))
    for environ in ({"CI": "true"}, {"CI": "1", "FTOPS_ALLOW_EXEC": "0"}):
        with pytest.raises(Refused, match="no command"):
            References({**environ, "PATH": os.environ["PATH"]}, tmp_path).resolve(command)
    assert not (tmp_path / "ran").exists()
    allowed = {"CI": "true", "FTOPS_ALLOW_EXEC": "1", "PATH": os.environ["PATH"]}
    assert References(allowed, tmp_path).resolve(ExecReference(("echo", KEY))) == KEY


def settings(base_url: str | None, **more: Reference) -> ProviderSettings:
    return ProviderSettings("oa", "openai", base_url, more.get("api_key", EnvReference("KEY")))


@pytest.mark.parametrize(
    ("url", "allowed", "goes"),
    [
        (None, "", True),
        ("https://api.openai.com/v1", "", True),
        ("https://API.OpenAI.com:443/v1", "", True),
        ("http://127.0.0.1:8090/v1", "", True),
        ("http://localhost/v1", "", True),
        ("http://[::1]:8090/v1", "", True),
        ("https://llm.example/v1", "other.example, LLM.example", True),
        ("https://llm.example/v1", "", False),
        ("https://llm.example/v1", "example", False),
        ("http://api.openai.com/v1", "", False),
        ("https://api.openai.com.evil.example/v1", "", False),
        ("https://evil.example/api.openai.com", "", False),
        ("https://evil.example#api.openai.com", "", False),
        ("https://evil.example\\.api.openai.com/v1", "", False),
        ("https://127.0.0.1.evil.example/v1", "", False),
        ("https://api.openai.com@evil.example/v1", "", False),
        ("https://evil.example\\@api.openai.com/v1", "", False),
        ("https://api.openai.com\t.evil.example/v1", "", False),
        ("https:///v1", "", False),
        ("https://[", "", False),
    ],
)
def test_ci_sends_a_credential_only_where_it_belongs(url: str | None, allowed: str, goes: bool) -> None:
    environ = {"CI": "true", "KEY": KEY, "FTOPS_ALLOWED_HOSTS": allowed}
    if goes:
        open_provider(settings(url), environ).close()
        return
    with pytest.raises(FtopsError) as caught:
        open_provider(settings(url), environ)
    assert KEY not in str(caught.value.problems[0])
    if url is not None and "@" not in url and "[" not in url and ":///" not in url:
        assert isinstance(caught.value, Refused)


def test_no_credential_is_read_before_its_host_is_allowed(tmp_path: Path) -> None:
    environ = {"CI": "true", "FTOPS_ALLOW_EXEC": "1", "PATH": os.environ["PATH"]}
    references = References(environ, tmp_path)
    with pytest.raises(Refused, match=r"not sent to evil\.example"):
        open_provider(
            settings("https://evil.example", api_key=ExecReference(("touch", "ran"))),
            environ,
            references=references,
        )
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ("headers", "X-Portkey-Custom-Host", "https://evil.example/v1"),
        ("headers", "x-portkey-custom-host", EnvReference("BRANCH")),
        ("headers", "x-portkey-config", '{"custom_host": "https://evil.example"}'),
        ("headers", "x-portkey-azure-resource-name", "evil"),
        ("headers", "Helicone-Target-Url", "https://evil.example"),
        ("query", "api_base", "https://evil.example"),
        ("body", "api_base", "https://evil.example"),
        ("body", "base_url", {"host": "evil.example"}),
    ],
)
def test_in_ci_no_gateway_is_told_where_to_send_the_key(place: str, name: str, value: Any) -> None:
    extras: dict[str, Any] = {place: {name: value, "x-portkey-trace-id": "t"}}
    asked = ProviderSettings(
        "pk", "portkey", "https://gw.example/v1", EnvReference("KEY"), own={"upstream": "openai"}, **extras
    )
    environ = {"KEY": KEY, "BRANCH": "https://evil.example"}
    open_provider(asked, environ).close()
    trusting = {**environ, "CI": "1", "FTOPS_ALLOWED_HOSTS": "gw.example"}
    with pytest.raises(Refused, match=rf"spec\.providers\.pk\.{place}\.{name}"):
        open_provider(asked, trusting)
    if isinstance(value, str) and "{" not in value:
        told = {**trusting, "FTOPS_ALLOWED_HOSTS": "gw.example, evil.example, evil"}
        open_provider(asked, told).close()


def test_every_reference_without_a_value_is_told_at_once() -> None:
    asked = ProviderSettings(
        "oa",
        "openai",
        api_key=EnvReference("A"),
        organization=FileReference("nowhere"),
        headers={"X-Token": ExecReference(("false",))},
    )
    with pytest.raises(InvalidInput) as caught:
        open_provider(asked, {"PATH": os.environ["PATH"]})
    places = [problem.path for problem in caught.value.problems]
    assert places == [
        f"spec.providers.oa.{field}" for field in ("api_key", "organization", "headers.X-Token")
    ]


def test_the_vault_knows_whatever_a_reference_leads_to(tmp_path: Path) -> None:
    vault = Vault()
    environ = {
        "KEY": KEY,
        "ORG": "org-0123456789",
        "TOKEN": "Bearer token-0123456789",
        "URL": "http://localhost",
    }
    asked = ProviderSettings(
        "oa",
        "openai",
        EnvReference("URL"),
        EnvReference("KEY"),
        EnvReference("ORG"),
        headers={"X-Proxy": EnvReference("TOKEN"), "X-Team": "support-team"},
    )
    open_provider(asked, environ, references=References(environ, tmp_path, vault)).close()
    text = f"{KEY} org-0123456789 token-0123456789 support-team http://localhost"
    assert vault.blank(text) == "*** *** *** support-team ***"


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A machine with secrets mounted as Kubernetes does it, and a project that would like to read them."""
    mounted = tmp_path / "run" / "..2026"
    mounted.mkdir(parents=True)
    (mounted / "token").write_text("mounted-token\n")
    (tmp_path / "run" / "..data").symlink_to("..2026")
    (tmp_path / "run" / "token").symlink_to("..data/token")
    (tmp_path / "project" / ".keys").mkdir(parents=True)
    (tmp_path / "project" / ".keys" / "own").write_text("own-token\n")
    (tmp_path / "project" / "linked").symlink_to(tmp_path / "run")
    return tmp_path


def read_in_ci(runner: Path, path: str, allowed: str) -> str:
    allowed = ":".join(f"{runner}{glob}" if glob.startswith("/") else glob for glob in allowed.split(":"))
    environ = {"CI": "1", "FTOPS_ALLOW_FILES": allowed}
    return References(environ, runner / "project").resolve(FileReference(path.format(runner=runner)))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("{runner}/run/token", "/run/token"),
        ("{runner}/run/token", "/other/*:/run/*"),
        ("{runner}/run/token", "/**"),
        ("{runner}/run/token", "/run/..2026/token"),
        ("linked/token", "/run/..2026/*"),
        (".keys/own", ".keys/*"),
        (".keys/own", "**/own"),
        (".keys/own", "/project/.keys/own"),
    ],
)
def test_ci_reads_a_file_that_its_settings_allow(runner: Path, path: str, allowed: str) -> None:
    assert read_in_ci(runner, path, allowed).endswith("-token")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("{runner}/run/token", ""),
        ("{runner}/run/token", "::"),
        ("{runner}/run/token", "/run"),
        ("{runner}/run/token", "/*"),
        ("{runner}/run/token", "/run/toke"),
        ("{runner}/run/../run/token", "/run/token"),
        ("linked/token", "linked/token"),
        ("{runner}/project/linked/token", "/project/linked/*"),
        ("{runner}/run/absent", "/other"),
        ("{runner}\0/run/token", "/other"),
    ],
)
def test_ci_reads_no_other_file_whatever_the_links_of_the_project(
    runner: Path, path: str, allowed: str
) -> None:
    with pytest.raises((Refused, Unresolved)) as refused:
        read_in_ci(runner, path, allowed)
    told = f"{refused.value} {getattr(refused.value, 'hint', '')}"
    assert "FTOPS_ALLOW_FILES" in told or "zero byte" in told


def test_an_expected_organization_out_of_a_reference_is_compared_and_never_shown() -> None:
    environ = {"KEY": KEY, "ORG": "org-0123456789", "SHORT": "org-1"}
    for name, known in (("ORG", "***"), ("SHORT", "org-1")):
        settings = ProviderSettings("oa", "openai", None, EnvReference("KEY"), EnvReference(name))
        provider = open_provider(settings, environ)
        assert (provider.facts.organization, provider.facts.organization_shown) == (known, f"{{env: {name}}}")
        provider.close()


@pytest.mark.parametrize("account", ["a/../b", "..", "a/b", "a?x=1", "a b", "accounts/", "-a"])
def test_an_account_never_leads_to_another_address(account: str) -> None:
    settings = ProviderSettings(
        "fw", "fireworks", api_key=EnvReference("KEY"), own={"account": EnvReference("ACCOUNT")}
    )
    with pytest.raises(InvalidInput) as caught:
        open_provider(settings, {"KEY": KEY, "ACCOUNT": account})
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == ("spec.providers.fw.account", "is not an account's name")
