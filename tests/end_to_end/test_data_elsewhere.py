"""Training data that lies elsewhere: fetched once, checked by its pin, and known whatever it is called."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftops.model.remote import Remote
from tests.conftest import Emulator, ProjectDirectory
from tests.services.file_server import FileServer, file_server


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server of files over https, which this machine trusts."""
    with file_server(tmp_path) as serving:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(serving.bundle))
        yield serving


def content_of(project: ProjectDirectory) -> bytes:
    return (project.root / "data/train.jsonl").read_bytes()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def declare(project: ProjectDirectory, web: FileServer, path: str, name: str = "a", **how: Any) -> str:
    """Declare a fine-tune whose data lies at a URL, pinned, and is served `how`; give the URL."""
    content = content_of(project)
    url = web.put(path, **{"content": content, **how})
    project.manifest(name)
    manifest = f"jobs/{name}.yaml"
    text = (project.root / manifest).read_text()
    reference = f"{{url: '{url}', sha256: {sha256(content)}}}"
    project.write(manifest, text.replace("{path: ../data/train.jsonl}", reference))
    return url


def test_what_lies_at_a_url_is_trained_once_whatever_it_is_called(
    project: ProjectDirectory, emulator: Emulator, web: FileServer
) -> None:
    url = declare(project, web, "/d/triage.jsonl")
    assert project.ftops("plan") == 0
    assert f"trains 12 rows, {url}, at local" in " ".join(project.out.split())
    assert f"fetched {url}" in project.err
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(100_000)
    assert project.plan() == {"a": "keep succeeded"}
    # The same bytes at another place, as a file of the project, and as one: the same training.
    declare(project, web, "/other/place.jsonl")
    assert project.plan()["a"].startswith("keep")
    project.manifest("a")
    assert project.plan()["a"].startswith("keep")
    assert emulator.requests("create") == 1


def test_a_second_plan_fetches_nothing_and_reads_nothing(project: ProjectDirectory, web: FileServer) -> None:
    declare(project, web, "/triage.jsonl")
    project.ftops("plan")
    del web.files["/triage.jsonl"]
    assert project.ftops("plan") == 0
    assert "fetch" not in project.err
    assert project.ftops("plan", "--no-cache") == 0
    assert web.paths == ["/triage.jsonl"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"status": 404}, "it does not exist: 127.0.0.1 answered with 404"),
        ({"status": 403}, "ftops sends no credentials to a URL in a manifest"),
        ({"content": b"{}\n"}, "its content does not match the pin: its sha256 is ca3d163bab05"),
        (
            {"status": 302, "headers": {"Location": "http://127.0.0.1/x"}},
            "redirects to an address that is not https",
        ),
        ({"status": 302, "headers": {"Location": "/t.jsonl"}}, "redirects more than 5 times"),
        ({"status": 302, "headers": {"Location": "https://169.254.169.254/x"}}, "only from this machine"),
    ],
)
def test_what_cannot_be_fetched_holds_its_own_fine_tune_alone(
    project: ProjectDirectory, emulator: Emulator, web: FileServer, how: dict[str, Any], words: str
) -> None:
    declare(project, web, "/t.jsonl", **how)
    project.manifest("b")
    project.manifest("c", model="{from: a}")
    assert project.ftops("apply", "--yes") == 1
    assert "jobs/a.yaml:6:24: spec.training_file.url" in project.out + project.err
    assert words in project.out + project.err
    assert emulator.requests("create") == 1
    assert "b" in json.loads((project.root / ".ftops/state.json").read_text())["fine_tunes"]


def test_a_file_that_breaks_is_gone_on_with_in_this_run_and_in_the_next(
    project: ProjectDirectory, web: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(project, web, "/t.jsonl", cuts=[100, 50])
    assert project.ftops("plan") == 0
    assert [headers.get("Range") for _, headers in web.asked] == [None, "bytes=100-", "bytes=150-"]


def test_without_its_place_the_state_is_enough_to_see_that_nothing_changed(
    project: ProjectDirectory, emulator: Emulator, web: FileServer
) -> None:
    declare(project, web, "/t.jsonl")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(100_000)
    project.ftops("apply", "--yes")
    shutil.rmtree(project.root / ".ftops/cache")
    web.files.clear()
    assert project.ftops("plan") == 0
    assert project.plan() == {"a": "keep succeeded"}
    # What would train needs the bytes.
    project.write("jobs/a.yaml", (project.root / "jobs/a.yaml").read_text() + "  seed: 7\n")
    assert project.ftops("apply", "--yes") == 1
    assert emulator.requests("create") == 1


def test_a_pointer_of_git_lfs_is_enough_for_a_plan_and_is_never_uploaded(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    content = content_of(project)
    project.manifest("a")
    project.ftops("apply", "--yes")
    emulator.advance(100_000)
    project.ftops("apply", "--yes")
    digest, size = sha256(content), len(content)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n"
    project.write("data/train.jsonl", pointer)
    assert project.plan() == {"a": "keep succeeded"}
    assert project.ftops("plan") == 0
    changed = pointer.replace(digest, "0" * 64)
    project.write("data/train.jsonl", changed)
    assert project.plan() == {"a": "hold invalid-data"}
    project.write("data/train.jsonl", pointer)
    project.write("jobs/a.yaml", (project.root / "jobs/a.yaml").read_text() + "  seed: 7\n")
    assert project.ftops("apply", "--yes") == 1
    assert "git lfs pull" in project.out + project.err
    assert emulator.requests("create") == 1


def test_validate_says_what_it_did_not_read(project: ProjectDirectory, web: FileServer) -> None:
    url = declare(project, web, "/t.jsonl")
    assert project.ftops("validate") == 0
    assert f"{url}: not read: validate uses no network" in project.out
    assert "1 file not read" in project.out
    assert not web.asked
    project.ftops("validate", "--format", "json")
    assert json.loads(project.out)["unread"] == [url]
    project.ftops("plan")
    assert project.ftops("validate") == 0
    assert f"(from {url}): 12 examples" in project.out


def test_in_ci_a_private_address_is_read_only_where_the_environment_names_it(
    project: ProjectDirectory, web: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(project, web, "/t.jsonl")
    monkeypatch.setenv("CI", "true")
    assert project.ftops("plan") == 1
    assert "in CI nothing is read from 127.0.0.1" in project.out + project.err
    assert not web.asked
    monkeypatch.setenv("FTOPS_ALLOWED_HOSTS", "127.0.0.1")
    assert project.ftops("plan") == 0


def test_a_copy_that_was_changed_or_brought_by_a_branch_is_not_believed(
    project: ProjectDirectory, web: FileServer
) -> None:
    content = content_of(project)
    declare(project, web, "/t.jsonl")
    project.ftops("plan")
    (copy,) = (project.root / ".ftops/cache/data").glob("*/t.jsonl")
    copy.write_bytes(content.replace(b"q1", b"qX"))
    assert project.ftops("plan") == 0
    assert copy.read_bytes() == content
    copy.unlink()
    copy.symlink_to(project.root / "ftops.yaml")
    assert project.ftops("plan") == 0
    assert copy.read_bytes() == content
    assert not copy.is_symlink()
    shutil.rmtree(project.root / ".ftops/cache")
    (project.root / ".ftops/cache").symlink_to(project.root.parent)
    assert project.ftops("plan") == 1
    assert "link" in project.out + project.err
    assert not (project.root.parent / "data").exists()


def test_a_copy_that_a_branch_brought_is_neither_checked_nor_shown(
    project: ProjectDirectory, web: FileServer
) -> None:
    content = content_of(project)
    url = declare(project, web, "/triage.jsonl")
    path = project.root / Remote(url, sha256(content)).path
    path.parent.mkdir(parents=True)
    path.write_bytes(content.replace(b"q1", b"q2"))
    commands = (("check",), ("show",), ("diff", "--against", "HEAD"))
    for command in commands:
        assert project.ftops("data", *command, "a") == 1
        assert "there is no copy of it here yet (`ftops plan` fetches it)" in project.err
        assert "q2" not in project.out
    assert project.ftops("plan") == 0
    for command in commands[:2]:
        assert project.ftops("data", *command, "a") == 0


def test_the_doctor_says_whether_it_can_be_read_and_fetches_nothing(
    project: ProjectDirectory, web: FileServer
) -> None:
    url = declare(project, web, "/t.jsonl")
    assert project.ftops("doctor") == 0
    assert f"{url} can be read; the next plan fetches it" in project.out
    assert not (project.root / ".ftops/cache/data").exists()
    web.files.clear()
    assert project.ftops("doctor") == 1
    assert "it does not exist: 127.0.0.1 answered with 404" in project.out


def test_the_same_bytes_are_sent_once_whatever_they_are_called_and_without_a_state(
    project: ProjectDirectory, emulator: Emulator, web: FileServer
) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    state = json.loads((project.root / ".ftops/state.json").read_text())
    project.write(".ftops/state.json", json.dumps({**state, "datasets": {}}))
    declare(project, web, "/quite/another/name.jsonl", "b")
    project.write("jobs/b.yaml", (project.root / "jobs/b.yaml").read_text() + "  seed: 7\n")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.requests("create") == 2
    assert emulator.requests("upload") == 1
