"""`plan --base`: what a branch brings, told from what was pending without it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import ftops
from ftops.errors import ExitCode, FtopsError
from ftops.manifests.schema import schema_text
from tests.conftest import ROWS, Emulator, ProjectDirectory
from tests.repository import Repository


@pytest.fixture
def repository(project: ProjectDirectory) -> Repository:
    """A main branch whose chain is trained, and which then declares one more; on a branch `work`."""
    made = Repository.init(project.root)
    project.write(".gitignore", ".ftops/\n*.plan\n")
    project.manifest("base")
    project.manifest("child", model="{from: base}")
    project.manifest("other", "suffix: o")
    project.write("data/own.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    project.manifest("rows", "suffix: r")
    manifest = project.root / "jobs/rows.yaml"
    manifest.write_text(manifest.read_text().replace("train.jsonl", "own.jsonl"))
    made.commit(at=1_700_000_000)
    return made


@pytest.fixture
def branch(project: ProjectDirectory, repository: Repository, emulator: Emulator) -> Repository:
    """The chain has been trained; main then declares `pending`, which nobody has applied."""
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(100_000)
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(100_000)
    assert project.ftops("apply", "--yes") == 0
    project.manifest("pending", "suffix: p")
    repository.commit(at=1_700_000_060)
    repository.git("checkout", "-q", "-b", "work")
    return repository


def planned(project: ProjectDirectory, *options: str) -> dict[str, Any]:
    assert project.ftops("plan", "--format", "json", *options) == 0, project.err
    document: dict[str, Any] = json.loads(project.out)
    jsonschema.validate(document, json.loads(schema_text("plan")))
    return document


def brought(document: dict[str, Any]) -> dict[str, Any]:
    found = {change["name"]: change.get("brought") for change in document["changes"]}
    kept = {change["name"] for change in document["changes"] if change["action"] == "keep"}
    return {name: new for name, new in found.items() if name not in kept}


def work_on(project: ProjectDirectory, branch: Repository) -> None:
    """Change one manifest, five rows of another's data, and the base of a chain."""
    project.manifest("base", "seed: 7")
    project.manifest("other", "suffix: changed")
    rows = [json.dumps(row) for row in ROWS]
    rows[:5] = [row.replace("q", "Q") for row in rows[:5]]
    project.write("data/own.jsonl", "\n".join(rows) + "\n")
    branch.commit(at=1_700_000_120)


def test_only_what_the_branch_changes_is_brought(project: ProjectDirectory, branch: Repository) -> None:
    main = branch.git("rev-parse", "main")
    work_on(project, branch)
    document = planned(project, "--base", "main")
    assert brought(document) == {"base": True, "child": True, "other": True, "rows": True, "pending": False}
    assert document["base"] == {"ref": "main", "commit": {"id": main, "committed_at": 1_700_000_060}}
    assert document["notes"] == []


def test_what_main_has_gained_since_is_not_taken_back(project: ProjectDirectory, branch: Repository) -> None:
    began = branch.git("rev-parse", "main")
    work_on(project, branch)
    branch.git("checkout", "-q", "main")
    project.manifest("later", "suffix: later")
    branch.commit(at=1_700_000_180)
    branch.git("checkout", "-q", "work")
    document = planned(project, "--base", "main")
    assert document["base"]["commit"]["id"] == began
    assert brought(document)["pending"] is False


def test_a_removal_and_a_rename_are_brought(
    project: ProjectDirectory, branch: Repository, emulator: Emulator
) -> None:
    (project.root / "jobs/rows.yaml").unlink()
    (project.root / "jobs/other.yaml").unlink()
    project.manifest("renamed", "suffix: o\nlifecycle: {renamed_from: other}")
    branch.commit(at=1_700_000_120)
    document = planned(project, "--base", "main")
    assert brought(document) == {"pending": False, "renamed": True, "rows": True}
    told = {change["name"]: change["action"] for change in document["changes"]}
    assert told["rows"] == "forget"


def test_work_that_is_not_committed_counts_and_git_is_left_as_it_is(
    project: ProjectDirectory, branch: Repository
) -> None:
    project.manifest("other", "suffix: edited")
    before = everything(project.root)
    assert brought(planned(project, "--base", "HEAD", "--no-cache")) == {"other": True, "pending": False}
    after = everything(project.root)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= {
        ".ftops/index"
    }


def test_no_list_is_asked_for_twice_and_a_plan_with_a_base_applies(
    project: ProjectDirectory, branch: Repository, emulator: Emulator
) -> None:
    work_on(project, branch)
    before = emulator.requests("list")
    planned(project)
    once = emulator.requests("list") - before
    assert project.ftops("plan", "--base", "main", "--out", "a.plan") == 0
    assert emulator.requests("list") - before == 2 * once
    assert project.ftops("apply", "a.plan", "--yes") == 0, project.err
    assert "pending" in project.err


def test_an_unknown_base_is_told_before_any_request(
    project: ProjectDirectory, branch: Repository, emulator: Emulator
) -> None:
    before = emulator.requests("list")
    assert project.ftops("plan", "--base", "nowhere") == 1
    assert project.err.startswith("Error: git has no commit 'nowhere' here")
    assert emulator.requests("list") == before
    for option in ("-x", "--output=x", ""):
        assert project.ftops("plan", "--base", option) == ExitCode.USAGE
        assert "write a branch, a tag or a commit" in project.err
    assert not (project.root / "x").exists()


def test_a_remotes_branch_is_named(project: ProjectDirectory, branch: Repository, tmp_path: Path) -> None:
    clone = branch.clone(tmp_path / "clone")
    project.root = clone.root
    assert project.ftops("plan", "--base", "main") == 1
    assert "it has origin/main" in project.err
    assert project.ftops("plan", "--base", "origin/main") == 0


def test_a_shallow_clone_says_what_to_fetch(
    project: ProjectDirectory, branch: Repository, tmp_path: Path
) -> None:
    work_on(project, branch)
    branch.git("checkout", "-q", "main")
    project.manifest("later", "suffix: later")
    branch.commit(at=1_700_000_180)
    branch.git("checkout", "-q", "work")
    clone = branch.clone(tmp_path / "clone", "--depth=1", "--no-single-branch")
    project.root = clone.root
    assert project.ftops("plan", "--base", "origin/main") == 1
    assert "this shallow clone does not reach back to where HEAD and origin/main part" in project.err
    assert "git fetch --unshallow" in project.err


def test_a_merge_commit_of_a_pull_request_needs_its_parents_alone(
    project: ProjectDirectory, branch: Repository, tmp_path: Path
) -> None:
    work_on(project, branch)
    branch.git("checkout", "-q", "main")
    project.manifest("later", "suffix: later")
    branch.commit(at=1_700_000_180)
    branch.git("checkout", "-q", "-b", "merged")
    branch.git("merge", "-q", "--no-ff", "-m", "as a forge merges it", "work", at=1_700_000_200)
    clone = branch.clone(tmp_path / "clone", "--depth=2", "--branch=merged")
    (clone.root / ".ftops").mkdir()
    (clone.root / ".ftops/state.json").write_bytes((project.root / ".ftops/state.json").read_bytes())
    project.root = clone.root
    document = planned(project, "--base", "HEAD^1")
    new = {"base": True, "child": True, "other": True, "rows": True}
    assert brought(document) == {**new, "later": False, "pending": False}


def test_without_a_repository_there_is_no_base(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--base", "main") == 1
    assert "a project that is committed in a git repository" in project.err


def test_a_base_that_does_not_load_is_said_and_the_plan_goes_on(
    project: ProjectDirectory, repository: Repository
) -> None:
    project.write("jobs/other.yaml", "kind: Nonsense\n")
    repository.commit(at=1_700_000_060)
    repository.git("checkout", "-q", "-b", "work")
    project.manifest("other", "suffix: repaired")
    repository.commit(at=1_700_000_120)
    document = planned(project, "--base", "main")
    assert document["base"] is None
    assert all("brought" not in change for change in document["changes"])
    [note] = document["notes"]
    assert note.startswith("what was pending at main is not known: jobs/other.yaml:1")


def test_a_project_that_the_branch_adds_is_all_new(project: ProjectDirectory) -> None:
    made = Repository.init(project.root)
    made.commit({"README.md": "before\n"})
    made.git("rm", "-q", "--cached", "ftops.yaml")
    made.git("commit", "-q", "--amend", "-m", "without a project")
    made.git("checkout", "-q", "-b", "work")
    project.manifest("a")
    made.commit()
    document = planned(project, "--base", "main")
    assert brought(document) == {"a": True}
    assert document["notes"] == ["main has no project here: everything counts as new"]


def test_where_a_providers_address_differs_nothing_is_said_of_its_names(
    project: ProjectDirectory, branch: Repository
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key", "organization: org-2, api_key"))
    branch.commit(at=1_700_000_120)
    project.ftops("plan", "--base", "main", "--format", "json")
    document = json.loads(project.out)
    assert brought(document)["pending"] is None
    assert any("the settings of local in ftops.yaml differ" in note for note in document["notes"])


def test_a_create_that_waits_for_its_turn_behind_the_branch_stays_pending(
    project: ProjectDirectory, branch: Repository
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", "queue: {max_active: 1}, api_key:"))
    branch.git("checkout", "-q", "main")
    branch.commit(at=1_700_000_090)
    branch.git("checkout", "-q", "work")
    branch.git("merge", "-q", "--ff-only", "main")
    project.manifest("first", "suffix: first\nlifecycle: {priority: 100}")
    branch.commit(at=1_700_000_120)
    document = planned(project, "--base", "main")
    told = {change["name"]: change["action"] for change in document["changes"]}
    assert (told["first"], told["pending"]) == ("create", "wait")
    assert brought(document) == {"first": True, "pending": False}


def test_data_that_both_share_is_not_written_out(
    project: ProjectDirectory, branch: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftops.reconciler.earlier_commit.MOST_DATA_BYTES", 0)
    project.manifest("other", "suffix: changed")
    branch.commit(at=1_700_000_120)
    document = planned(project, "--base", "main")
    assert brought(document) == {"other": True, "pending": False}
    assert document["notes"] == []


def test_data_that_is_not_known_is_said(
    project: ProjectDirectory, branch: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftops.reconciler.earlier_commit.MOST_DATA_BYTES", 0)
    work_on(project, branch)
    document = planned(project, "--base", "main")
    assert brought(document)["rows"] is None
    assert document["notes"] == [
        "whether rows was pending at main already is not known: data of then is not here"
    ]


def pointer(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n"


def test_a_pointer_of_git_lfs_is_the_data_that_is_here(project: ProjectDirectory, branch: Repository) -> None:
    data = (project.root / "data/own.jsonl").read_bytes()
    (project.root / "data/own.jsonl").write_text(pointer(data))
    branch.git("checkout", "-q", "main")
    branch.commit(at=1_700_000_090)
    branch.git("checkout", "-q", "work")
    branch.git("merge", "-q", "--ff-only", "main")
    # As git-lfs leaves it: the work tree has the content, the objects have the pointer.
    (project.root / "data/own.jsonl").write_bytes(data)
    document = planned(project, "--base", "main")
    assert brought(document) == {"pending": False}
    assert document["notes"] == []


def test_the_python_api_takes_a_base(project: ProjectDirectory, branch: Repository) -> None:
    work_on(project, branch)
    with ftops.open_project(project.root) as opened:
        plan = opened.plan(base="main")
        new = {change.name: change.brought for change in plan.effective_changes}
        assert new["pending"] is False
        assert new["other"] is True
        with pytest.raises(FtopsError, match="no commit"):
            opened.plan(base="--all")


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return what every file is, of git's own too: mode and content."""
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.lstat().st_mode), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)
    }


def samples(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    [change] = [one for one in document["changes"] if one["name"] == name]
    return [sample for one in change["differences"] for sample in one.get("samples", [])]


def test_a_few_of_the_rows_that_the_branch_changes_are_shown(
    project: ProjectDirectory, branch: Repository
) -> None:
    work_on(project, branch)
    found = samples(planned(project, "--base", "main"), "rows")
    assert len(found) == 5
    assert found[0]["parts"] == [{"place": "messages[0].content", "before": "q0", "after": "Q0"}]
    assert samples(planned(project), "rows") == []


def test_rows_are_not_shown_where_the_project_says_so_also_if_the_branch_takes_that_back(
    project: ProjectDirectory, branch: Repository
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  data: {{samples: false}}\n")
    branch.git("checkout", "-q", "main")
    branch.commit(at=1_700_000_090)
    branch.git("checkout", "-q", "work")
    branch.git("merge", "-q", "--ff-only", "main")
    work_on(project, branch)
    assert samples(planned(project, "--base", "main"), "rows") == []
    project.write("ftops.yaml", text)
    branch.commit(at=1_700_000_150)
    assert samples(planned(project, "--base", "main"), "rows") == []


def test_rows_that_are_not_committed_are_not_shown(project: ProjectDirectory, branch: Repository) -> None:
    project.write("data/own.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS[:11]))
    document = planned(project, "--base", "main")
    assert brought(document) == {"rows": True, "pending": False}
    assert samples(document, "rows") == []


def test_what_a_submodule_declares_is_not_called_new(
    project: ProjectDirectory, branch: Repository, tmp_path: Path
) -> None:
    project.manifest("inner", "suffix: inner")
    text = (project.root / "jobs/inner.yaml").read_text().replace("../data", "../../data")
    (project.root / "jobs/inner.yaml").unlink()
    other = Repository.init(tmp_path / "other")
    other.commit({"inner.yaml": text})
    branch.git("checkout", "-q", "main")
    branch.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "jobs/vendor")
    branch.commit(at=1_700_000_090)
    branch.git("checkout", "-q", "-B", "work")
    document = planned(project, "--base", "main")
    assert brought(document) == {"inner": None, "pending": False}
    assert document["notes"] == [
        "whether inner was pending at main already is not known: submodules are not looked into"
    ]


def test_a_hostile_base_harms_nothing(
    project: ProjectDirectory, branch: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("kind: sk-secret\n")
    branch.git("checkout", "-q", "main")
    for name, target in {"jobs/out.yaml": str(secret), "data/out.jsonl": "../../secret.yaml"}.items():
        (project.root / name).symlink_to(target)
    branch.commit({".gitattributes": "* filter=evil\n"}, at=1_700_000_090)
    branch.git("checkout", "-q", "-B", "work")
    branch.git("rm", "-q", "jobs/out.yaml", "data/out.jsonl")
    branch.commit(at=1_700_000_120)
    branch.git("config", "filter.evil.smudge", f"touch {tmp_path}/ran")
    branch.git("config", "filter.evil.clean", f"touch {tmp_path}/ran")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("FTOPS_ALLOW_HOSTS", "127.0.0.1")
    document = planned(project, "--base", "main", "--no-cache")
    assert brought(document) == {"pending": False}
    assert "sk-secret" not in project.out + project.err
    assert not (tmp_path / "ran").exists()


def with_policies(project: ProjectDirectory, policies: str) -> None:
    path = project.root / "ftops.yaml"
    path.write_text(f"{path.read_text().split('  policies:')[0]}  policies: {policies}\n")


def test_a_branch_that_loosens_its_own_rules_says_so(
    project: ProjectDirectory, repository: Repository
) -> None:
    with_policies(project, "{require_validation_file: true}")
    repository.commit(at=1_700_000_060)
    repository.git("checkout", "-q", "-b", "work")
    with_policies(project, "{}")
    repository.commit(at=1_700_000_120)
    warned = [one["message"] for one in planned(project, "--base", "main")["review"]["warnings"]]
    changed = "this branch changes the rules that main has: policies.require_validation_file true -> false"
    assert changed in warned
    assert any("the rule require_validation_file of main refuses this" in one for one in warned)


def test_a_branch_that_only_loosens_rules_says_so_too(project: ProjectDirectory, branch: Repository) -> None:
    branch.git("checkout", "-q", "-B", "quiet", "main~1")
    with_policies(project, "{max_epochs: 10}")
    branch.commit(at=1_700_000_180)
    (warned,) = planned(project, "--base", "main")["review"]["warnings"]
    assert warned["rule"] == "rules-changed"
    assert "policies.max_epochs none -> 10" in warned["message"]


def test_a_branch_that_makes_its_training_cheap_says_so(
    project: ProjectDirectory, repository: Repository
) -> None:
    path = project.root / "ftops.yaml"
    path.write_text(f"{path.read_text()}  price_table: prices.yaml\n")
    with_price(project, "25")
    repository.commit(at=1_700_000_060)
    repository.git("checkout", "-q", "-b", "work")
    with_price(project, "0.01")
    repository.commit(at=1_700_000_120)
    warned = [one["message"] for one in planned(project, "--base", "main")["review"]["warnings"]]
    assert "this branch changes the rules that main has: the prices in prices.yaml are changed" in warned


def with_price(project: ProjectDirectory, amount: str) -> None:
    project.write(
        "prices.yaml",
        "format_version: 1\ncollected: '2026-11-27'\nprices:\n"
        "- {provider: openai, model: gpt-4o-mini, unit: per_million_trained_tokens,\n"
        f"   amount: '{amount}', currency: USD, status: current, as_of: '2026-11', source: contract,\n"
        "   confidence: official}\n",
    )
