"""What is not seen is not removed, and a provider that cannot be listed is in nobody's way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import Emulator, ProjectDirectory
from tests.repository import Repository

DOWN = "    other: {dialect: openai, base_url: 'http://127.0.0.1:9/v1', api_key: {env: FTOPS_TEST_KEY}}\n"
KEYLESS = "    other: {dialect: openai, base_url: 'http://127.0.0.1:9/v1', api_key: {env: FTOPS_NO_KEY}}\n"
LOOKS = (["plan"], ["plan", "--detailed-exitcode"], ["status"], ["outputs"], ["reconcile", "--once"])


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Emulator]:
    """A second account."""
    with EmulatorServer(EmulatorSettings(tmp_path / "other" / "e.db")) as server:
        yield Emulator(server)


def row(emulator: Emulator, name: str = "other") -> str:
    key = "{env: FTOPS_TEST_KEY}"
    return f"    {name}: {{dialect: openai, base_url: '{emulator.base_url}', api_key: {key}}}\n"


def edit(project: ProjectDirectory, *replaced: tuple[str, str], more: str = "") -> None:
    text = (project.root / "ftops.yaml").read_text()
    for old, new in replaced:
        text = text.replace(old, new)
    project.write("ftops.yaml", text + more)


def manifests(project: ProjectDirectory, patterns: str) -> None:
    edit(project, ("spec:\n", f"spec:\n  manifests: {patterns}\n"))


class TestManifests:
    def test_a_link_to_a_folder_cancels_nothing(self, project: ProjectDirectory, emulator: Emulator) -> None:
        manifests(project, '["jobs/v*/*.yaml"]')
        for name in ("v1/a", "v2/b"):
            project.manifest(name.rpartition("/")[2])
            project.write(f"jobs/{name}.yaml", moved(project, name.rpartition("/")[2]))
        assert project.ftops("apply", "--yes") == 0
        (project.root / "jobs/latest").symlink_to("v2")
        (project.root / "jobs/v3").symlink_to("v2")
        assert project.ftops("reconcile", "--once") == 0
        assert (emulator.jobs(), emulator.requests("cancel")) == (2, 0)

    def test_a_pattern_that_matches_nothing_stops_all_but_who_accepts_it(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        manifests(project, '["jobs/*.yaml", "more/*.yml"]')
        project.manifest("a")
        project.write("more/b.yml", (project.root / "jobs/a.yaml").read_text().replace("name: a", "name: b"))
        assert project.ftops("apply", "--yes") == 0
        edit(project, ("more/*.yml", "more/*.yaml"))
        for command in (["validate"], ["plan"], ["status"], ["graph"], ["doctor"], ["reconcile", "--once"]):
            assert project.ftops(*command) == 1, command
            assert "more/*.yaml matches no file" in project.out + project.err, command
        assert "ftops.yaml:5:30: spec.manifests[1]" in project.err
        assert emulator.requests("cancel") == 0
        assert project.ftops("validate", "--allow-empty") == 0
        assert project.ftops("reconcile", "--once", "--allow-empty") == 0
        assert emulator.requests("cancel") == 1

    def test_what_a_sparse_checkout_left_out_is_not_removed(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        project.write(".gitignore", ".ftops/\n")
        for name in ("a", "b"):
            project.manifest(name, f"suffix: {name}")
        project.write("jobs/deep/b.yaml", moved(project, "b"))
        repository = Repository.init(project.root)
        repository.commit()
        assert project.ftops("apply", "--yes") == 0
        repository.git("sparse-checkout", "set", "--no-cone", "/*", "!/jobs/deep/")
        assert not (project.root / "jobs/deep").exists()
        assert project.ftops("reconcile", "--once") == 1
        assert "jobs/deep: is left out of this sparse checkout" in project.err
        assert emulator.requests("cancel") == 0
        repository.git("sparse-checkout", "disable")
        assert project.ftops("reconcile", "--once") == 0
        assert (emulator.jobs(), emulator.requests("cancel")) == (2, 0)

    def test_what_was_left_out_while_a_run_waited_for_the_lock_is_noticed(
        self, project: ProjectDirectory
    ) -> None:
        project.manifest("a")
        repository = Repository.init(project.root)
        repository.commit()
        repository.git("update-index", "--skip-worktree", "jobs/a.yaml")
        assert project.ftops("plan") == 0
        (project.root / "jobs/a.yaml").unlink()
        assert project.ftops("apply", "--yes") == 1
        assert "jobs/a.yaml: is left out" in project.err


class TestProviders:
    @pytest.mark.parametrize("unused", [DOWN, KEYLESS], ids=["down", "without a key"])
    def test_one_that_nothing_uses_is_not_opened(self, project: ProjectDirectory, unused: str) -> None:
        project.manifest("a")
        assert project.ftops("apply", "--yes") == 0
        edit(project, more=unused)
        for command in LOOKS:
            assert project.ftops(*command) == 0, (command, project.err)
        assert project.ftops("doctor") == 0
        assert "no fine-tune or record uses it" in project.out

    @pytest.mark.parametrize("used", [DOWN, KEYLESS], ids=["down", "without a key"])
    def test_one_that_is_down_rests_alone(
        self, project: ProjectDirectory, emulator: Emulator, used: str
    ) -> None:
        for name in ("a", "b"):
            project.manifest(name, f"suffix: {name}")
        assert project.ftops("apply", "--yes") == 0
        edit(project, more=used)
        (project.root / "jobs/a.yaml").unlink()
        project.manifest("c", "provider: other")
        assert project.plan() == {"a": "cancel removed", "b": "keep in-progress", "c": "hold unreachable"}
        assert list(json.loads(project.out)["incomplete"]) == ["other"]
        assert project.ftops("plan") == 0
        assert "Nothing is created or cancelled at provider other" in project.out
        assert project.ftops("plan", "--target", "b", "--detailed-exitcode") == 0
        assert project.ftops("status") == 4
        assert project.ftops("reconcile", "--once") == 4
        assert emulator.requests("cancel") == 1
        assert project.ftops("outputs") == 0
        assert project.ftops("doctor") == 1

    def test_with_none_that_can_be_listed_nothing_could_be_planned(self, project: ProjectDirectory) -> None:
        project.manifest("a", "provider: other")
        edit(project, more=DOWN)
        assert project.ftops("plan") == 1
        assert "cannot reach 127.0.0.1" in project.err
        assert project.ftops("plan", "--detailed-exitcode") == 4
        assert project.ftops("apply", "--yes") == 4

    def test_jobs_at_one_that_went_down_are_neither_made_again_nor_forgotten(
        self, project: ProjectDirectory, emulator: Emulator, other: Emulator
    ) -> None:
        edit(project, more=row(other))
        for name in ("removed", "changed", "runs", "gone"):
            project.manifest(name, f"suffix: {name}\nprovider: other")
        project.manifest("here")
        assert project.ftops("apply", "--yes") == 0
        (project.root / "jobs/removed.yaml").unlink()
        project.manifest("changed", "suffix: changed\nprovider: other\nseed: 7")
        project.manifest("new", "provider: other\nseed: 9")
        address = other.base_url
        edit(project, (address, "http://127.0.0.1:9/v1"))
        assert project.plan() == {
            "removed": "hold unreachable",
            "changed": "hold unreachable",
            "new": "hold unreachable",
            "runs": "wait unreachable",
            "gone": "wait unreachable",
            "here": "keep in-progress",
        }
        assert project.ftops("apply", "--yes") == 4
        edit(project, ("http://127.0.0.1:9/v1", address))
        assert project.plan() == {
            "removed": "cancel removed",
            "changed": "replace changed",
            "new": "create new",
            "runs": "keep in-progress",
            "gone": "keep in-progress",
            "here": "keep in-progress",
        }

    def test_models_are_told_while_their_provider_is_down(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        project.manifest("a")
        assert project.ftops("apply", "--yes") == 0
        emulator.advance(1_000_000)
        assert project.ftops("apply", "--yes") == 0
        assert project.ftops("outputs", "a") == 0
        model = project.out
        edit(project, (emulator.base_url, "http://127.0.0.1:9/v1"))
        assert project.ftops("outputs", "a") == 0
        assert (project.out, project.err) == (model, "")

    def test_a_saved_plan_withholds_only_what_is_at_one_that_went_down(
        self, project: ProjectDirectory, emulator: Emulator, other: Emulator
    ) -> None:
        edit(project, more=row(other))
        project.manifest("here")
        project.manifest("there", "provider: other")
        assert project.ftops("plan", "--out", "saved.json") == 0
        for _ in range(4):
            other.fault("status", "list", status=500)
        assert project.ftops("apply", "saved.json") == 4
        assert (emulator.jobs(), other.jobs()) == (1, 0)
        assert project.ftops("apply", "saved.json") == 0
        assert (emulator.jobs(), other.jobs()) == (1, 1)

    def test_a_lost_state_is_made_again_only_from_every_provider(self, project: ProjectDirectory) -> None:
        project.manifest("a")
        assert project.ftops("apply", "--yes") == 0
        (project.root / ".ftops/state.json").unlink()
        edit(project, more=DOWN)
        assert project.ftops("state", "rebuild", "--yes") == 4
        assert "provider other" in project.err


class TestNames:
    RENAMED = ("    local:", "    oa:"), ("default_provider: local", "default_provider: oa")

    def test_a_provider_that_is_called_otherwise_holds_its_jobs(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        project.manifest("a")
        assert project.ftops("apply", "--yes") == 0
        edit(project, *self.RENAMED)
        assert project.plan() == {"a": "hold unknown-provider"}
        assert json.loads(project.out)["summary"]["cancel"] == 0
        assert project.ftops("apply", "--yes") == 4
        assert "write `renamed_from: local` in its entry" in " ".join(project.out.split())
        assert (emulator.jobs(), emulator.requests("cancel")) == (1, 0)
        edit(project, (f"{{dialect: openai, base_url: '{emulator.base_url}'", renamed(emulator)))
        assert project.plan() == {"a": "update renamed"}
        assert project.ftops("events", "a") == 0
        assert project.ftops("plan", "--detailed-exitcode") == 2
        assert project.ftops("apply", "--yes") == 0
        edit(project, (", renamed_from: local", ""))
        assert project.plan() == {"a": "keep in-progress"}
        assert project.ftops("plan", "--detailed-exitcode") == 0
        assert (emulator.jobs(), emulator.requests("cancel")) == (1, 0)

    def test_a_removed_fine_tune_of_a_renamed_provider_is_cancelled_there(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        for name in ("a", "b"):
            project.manifest(name, f"suffix: {name}")
        assert project.ftops("apply", "--yes") == 0
        (project.root / "jobs/a.yaml").unlink()
        edit(
            project, *self.RENAMED, (f"{{dialect: openai, base_url: '{emulator.base_url}'", renamed(emulator))
        )
        assert project.ftops("apply", "--yes") == 0
        assert (emulator.jobs(), emulator.requests("cancel")) == (2, 1)

    def test_a_renamed_provider_that_is_still_there_is_an_error(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        edit(project, (f"{{dialect: openai, base_url: '{emulator.base_url}'", renamed(emulator)))
        assert project.ftops("validate") == 1
        assert "provider local is still declared" in project.err

    def test_two_rows_of_one_account_neither_cancel_nor_pay_and_are_named(
        self, project: ProjectDirectory, emulator: Emulator
    ) -> None:
        edit(project, more=row(emulator, "second"))
        project.manifest("a", "suffix: a")
        project.manifest("b", "suffix: b\nprovider: second")
        for _ in range(4):
            assert project.ftops("reconcile", "--once") == 0
        assert (emulator.jobs(), emulator.requests("cancel")) == (2, 0)
        assert project.ftops("plan") == 0
        said = "providers local and second list the same jobs"
        assert said in " ".join(project.out.split())
        assert project.ftops("plan", "--format", "markdown") == 0
        assert said in project.out
        project.ftops("plan", "--format", "json")
        assert said in json.loads(project.out)["notes"][0]
        assert project.ftops("doctor") == 0
        assert said in project.out


def renamed(emulator: Emulator) -> str:
    return f"{{dialect: openai, base_url: '{emulator.base_url}', renamed_from: local"


def moved(project: ProjectDirectory, name: str) -> str:
    """Take a manifest out of its folder; return it as it reads one folder further down."""
    path = project.root / f"jobs/{name}.yaml"
    text = path.read_text().replace("../data", "../../data")
    path.unlink()
    return text
