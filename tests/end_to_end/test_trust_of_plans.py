"""What a plan file from a pull request can make an apply do: no more than a new plan would."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pyrage
import pytest

from ftops.manifests.schema import schema_text
from ftops.model.fingerprint import digest
from tests.conftest import Emulator, ProjectDirectory
from tests.repository import Repository

KEY = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
Document = dict[str, Any]


def save(project: ProjectDirectory, *arguments: str, name: str = "saved.json") -> Path:
    assert project.ftops("plan", "--out", name, *arguments) == 0, project.err
    return project.root / name


def forge(path: Path, change: Callable[[Document], object]) -> None:
    """Edit a plan as an attacker does, who computes the digest again."""
    document = json.loads(path.read_text())
    change(document)
    content = {key: value for key, value in document.items() if key not in ("digest", "signature")}
    path.write_text(json.dumps({**document, "digest": digest(content)}))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    def given(value: str | None) -> None:
        if value is None:
            monkeypatch.delenv("FTOPS_PLAN_KEY", raising=False)
        else:
            monkeypatch.setenv("FTOPS_PLAN_KEY", value)

    return given


Key = Callable[[str | None], None]


def test_a_signed_plan_is_taken_by_whoever_has_the_key_and_by_who_checks_none(
    project: ProjectDirectory, emulator: Emulator, key: Key
) -> None:
    key(KEY)
    project.manifest("a")
    path = save(project)
    document = json.loads(path.read_text())
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    assert document["signature"].startswith("hmac-sha256:")
    assert KEY not in path.read_text() + project.out + project.err
    assert project.ftops("show", "saved.json") == 0
    assert project.ftops("apply", "saved.json") == 0
    key(None)
    assert project.ftops("show", "saved.json") == 0
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 1


@pytest.mark.parametrize("made_with", [None, OTHER])
def test_a_plan_of_another_workflow_is_refused(
    project: ProjectDirectory, emulator: Emulator, key: Key, made_with: str | None
) -> None:
    project.manifest("a")
    key(made_with)
    save(project)
    key(KEY)
    for command in ("apply", "show"):
        assert project.ftops(command, "saved.json") == 3
        assert ("signed with another key" if made_with else "is not signed") in project.err
        assert len(project.err.splitlines()) == 1
        assert KEY not in project.err
    assert emulator.requests("list") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["commit"].update(id="b" * 40),
        lambda d: d["changes"][0].update(generation=2),
        lambda d: d["bindings"]["selection"].update(lifted={"creates": 99}),
        lambda d: d.update(notes=["nothing to see"]),
        lambda d: d.update(signature="hmac-sha256:" + "0" * 64),
        lambda d: d.update(signature="é"),
        lambda d: d.update(signature=7),
        lambda d: d.update(signature=[]),
        lambda d: d.update(signature=""),
    ],
)
def test_what_was_signed_is_not_changed_any_more(
    project: ProjectDirectory, emulator: Emulator, key: Key, change: Callable[[Document], object]
) -> None:
    key(KEY)
    project.manifest("a")
    Repository.init(project.root).commit()
    path = save(project)
    forge(path, change)
    assert project.ftops("apply", "saved.json") == 3
    assert "changed after it was signed" in project.err
    assert emulator.jobs() == 0


def test_a_signature_fits_no_other_plan(project: ProjectDirectory, emulator: Emulator, key: Key) -> None:
    key(KEY)
    project.manifest("a")
    first = json.loads(save(project).read_text())
    project.manifest("b", "suffix: b")
    forge(save(project), lambda d: d.update(signature=first["signature"]))
    assert project.ftops("apply", "saved.json") == 3
    assert emulator.jobs() == 0


@pytest.mark.parametrize(("value", "words"), [("", "is set, and empty"), ("x" * 31, "has 31 bytes")])
def test_a_key_that_proves_nothing_is_no_key(
    project: ProjectDirectory, emulator: Emulator, key: Key, value: str, words: str
) -> None:
    project.manifest("a")
    save(project)
    key(value)
    for command in (["apply", "saved.json"], ["show", "saved.json"], ["plan", "--out", "more.json"]):
        assert project.ftops(*command) == 1
        assert f"FTOPS_PLAN_KEY {words}" in project.err
    assert not (project.root / "more.json").exists()
    assert emulator.jobs() == 0


def test_the_key_is_no_credential_that_a_file_can_name(project: ProjectDirectory, key: Key) -> None:
    key(KEY)
    project.manifest("a")
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("FTOPS_TEST_KEY", "FTOPS_PLAN_KEY"))
    assert project.ftops("plan") == 3
    assert "FTOPS_PLAN_KEY signs plans and is sent nowhere" in project.err


def test_a_plan_that_would_show_the_key_is_not_written(project: ProjectDirectory, key: Key) -> None:
    key(KEY)
    project.manifest("a", labels=f"{{x: {KEY[:63]}}}")
    save(project)
    project.manifest("a", labels="{}", spec=f"suffix: {KEY}")
    assert project.ftops("plan", "--out", "other.json") != 0
    assert not (project.root / "other.json").exists()
    assert KEY not in project.err


@pytest.mark.parametrize("more", ["cancel", "create", "generation"])
def test_a_plan_that_was_widened_by_hand_does_nothing_that_a_new_plan_does_not_hold(
    project: ProjectDirectory, emulator: Emulator, more: str
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes", "--target", "b")
    path = save(project)

    def widen(document: Document) -> None:
        changes = {change["name"]: change for change in document["changes"]}
        kept, created = changes["b"], changes["a"]
        if more == "cancel":
            kept.update(action="cancel", reason="removed")
        elif more == "create":
            document["changes"].append({**created, "name": "mine", "fingerprint": "f1:" + "0" * 64})
        else:
            created.update(generation=2)

    forge(path, widen)
    assert project.ftops("apply", "saved.json") == 4
    assert "the plan is stale, nothing was done" in project.err
    assert (emulator.jobs(), emulator.requests("cancel")) == (1, 0)


def test_a_step_of_a_selected_plan_may_be_added_and_is_what_a_new_plan_would_do(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    whole = json.loads(save(project).read_text())
    forge(save(project, "--target", "a"), lambda d: d.update(changes=whole["changes"]))
    assert project.ftops("apply", "saved.json") == 4
    assert "b was added" in project.err
    assert emulator.jobs() == 0


LIFTS: list[tuple[Callable[[Document], object], str]] = [
    (lambda selection: selection.update(lifted={"creates": 99}), "creates"),
    (lambda selection: selection.update(allow_empty=True), "--allow-empty"),
    (lambda selection: selection.update(allow_older="any"), "--allow-older"),
]


@pytest.mark.parametrize(("lift", "words"), LIFTS)
def test_in_ci_a_plan_that_anybody_can_have_made_lifts_no_limit(
    project: ProjectDirectory,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    lift: Callable[[Document], object],
    words: str,
) -> None:
    project.manifest("a")
    forge(save(project), lambda d: lift(d["bindings"]["selection"]))
    monkeypatch.setenv("CI", "true")
    assert project.ftops("apply", "saved.json") == 3
    assert f"an unsigned plan lifts no limit, and this one does ({words})" in project.err
    assert emulator.jobs() == 0


def test_in_ci_a_signed_plan_lifts_what_it_was_made_to_lift(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, key: Key
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  limits: {max_creates: 1}\n"))
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    monkeypatch.setenv("CI", "true")
    save(project, "--allow", "creates=2")
    assert project.ftops("apply", "saved.json") == 3
    key(KEY)
    save(project, "--allow", "creates=2")
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 2


def test_the_signature_of_an_encrypted_plan_is_inside(
    project: ProjectDirectory, emulator: Emulator, key: Key, tmp_path: Path
) -> None:
    identity = tmp_path / "key.txt"
    identity.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  encryption: {{identity: {{file: {identity}}}}}\n")
    project.manifest("a")
    save(project, name="unsigned.json")
    key(KEY)
    assert b"hmac" not in save(project).read_bytes()
    assert project.ftops("apply", "unsigned.json") == 3
    assert "is not signed" in project.err
    assert project.ftops("apply", "saved.json") == 0
    assert emulator.jobs() == 1


def test_a_plan_made_offline_needs_no_key_and_is_never_applied(
    project: ProjectDirectory, emulator: Emulator, key: Key
) -> None:
    project.manifest("a")
    key("")
    path = save(project, "--offline")
    assert "signature" not in json.loads(path.read_text())
    key(None)
    assert project.ftops("show", "saved.json") == 0
    forge(path, lambda d: d.update(applicable=True))
    assert project.ftops("apply", "saved.json") == 3
    assert "was made offline" in project.err
    forge(path, lambda d: d.update(offline=False))
    assert project.ftops("apply", "saved.json") == 1
    assert "not bound to anything" in project.err
    assert emulator.requests("list") == 0


def test_a_file_without_end_does_not_fill_the_memory(project: ProjectDirectory) -> None:
    with (project.root / "saved.json").open("wb") as file:
        file.truncate(300 << 20)
    assert project.ftops("show", "saved.json") == 1
    assert "it is larger than 256 MiB" in project.err


class Forge:
    """A repository whose pull requests are planned at the merge that the forge makes up."""

    def __init__(self, project: ProjectDirectory) -> None:
        self.repository = Repository.init(project.root)
        project.write(".gitignore", "*.json\n.ftops/\n")
        self.repository.commit()
        self._project = project
        self._git = self.repository.git

    def branch(self, name: str) -> str:
        """Commit a fine-tune on a branch of its own; give the head that people review."""
        self._git("checkout", "-q", "-b", name, "main")
        self._project.manifest(name, f"suffix: {name}")
        return self.repository.commit()

    def preview(self, name: str) -> None:
        """Check out what CI gets for the pull request."""
        self._git("checkout", "-q", "--detach", "main")
        self._git("merge", "-q", "--no-ff", "-m", "preview", name)

    def land(self, name: str, *how: str) -> None:
        """Merge the branch, and check out main."""
        self._git("checkout", "-q", "main")
        self._git("merge", "-q", *how, name)
        self.repository.commit()


@pytest.mark.parametrize("how", [("--no-ff", "-m", "merge"), ("--squash",), ("--ff-only",)])
def test_a_plan_of_the_head_that_was_reviewed_is_applied_however_it_was_merged(
    project: ProjectDirectory, emulator: Emulator, how: tuple[str, ...]
) -> None:
    forge = Forge(project)
    head = forge.branch("a")
    forge.preview("a")
    save(project, name="preview.json")
    forge.repository.git("checkout", "-q", "a")
    save(project, name="head.json")
    forge.land("a", *how)
    for name in ("preview.json", "head.json"):
        assert project.ftops("apply", name, "--commit", "c" * 40) == 4
        assert f"and {'c' * 12} is what was reviewed" in project.err
        assert emulator.jobs() == 0
    assert project.ftops("apply", "preview.json", "--commit", head) == 0
    assert emulator.jobs() == 1


def test_a_plan_of_another_branch_is_not_the_one_that_was_reviewed(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    forge = Forge(project)
    other = forge.branch("b")
    forge.preview("b")
    save(project)
    head = forge.branch("a")
    forge.land("a", "--no-ff", "-m", "merge")
    assert project.ftops("apply", "saved.json", "--commit", head) == 4
    assert "is what was reviewed" in project.err
    # Believed to be of its own branch, it is stale: what is checked out declares something else.
    assert project.ftops("apply", "saved.json", "--commit", other) == 4
    assert "the plan is stale, nothing was done: a was added; b was removed" in project.err
    assert emulator.jobs() == 0


def test_the_parents_of_a_merge_are_known_in_a_shallow_clone(
    project: ProjectDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge = Forge(project)
    head = forge.branch("a")
    base = forge.repository.git("rev-parse", "main")
    forge.preview("a")
    preview = forge.repository.git("rev-parse", "HEAD")
    forge.repository.git("branch", "preview")
    shallow = forge.repository.clone(tmp_path / "shallow", "--depth=1", "--branch=preview")
    there = ProjectDirectory(shallow.root, capsys)
    commits = json.loads(save(there).read_text())["bindings"]["commits"]
    assert commits == [preview, head]
    assert base not in commits


def test_a_plan_without_a_commit_is_of_none(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    save(project)
    assert project.ftops("apply", "saved.json", "--commit", "c" * 40) == 4
    assert "made at no commit that is known" in project.err
    assert project.ftops("apply", "saved.json", "--commit", "main") == 64
    assert project.ftops("apply", "--yes", "--commit", "c" * 40) == 64
    assert emulator.jobs() == 0
    assert project.ftops("apply", "saved.json") == 0
