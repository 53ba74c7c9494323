from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ftops.errors import Refused, StateError
from ftops.state.backend import Opening
from ftops.state.holder import current_holder
from ftops.state.registry import BACKENDS, REQUIRE_SHARED, open_backend, packs


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (".ftops/state.json", "{root}/.ftops/state.json"),
        ("file://state.json", "{root}/state.json"),
        ("file:///elsewhere/a%20b.json", "/elsewhere/a b.json"),
        ("/elsewhere/100%25.json", "/elsewhere/100%25.json"),
    ],
)
def test_a_path_or_a_file_url_is_a_local_state(url: str, path: str, tmp_path: Path) -> None:
    assert open_backend(Opening(url, tmp_path, "p", {})).location == path.format(root=tmp_path)


def test_an_unknown_scheme_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="scheme ftp://") as refused:
        open_backend(Opening("ftp://host/state", tmp_path, "p", {}))
    assert refused.value.hint is not None
    assert "file" in refused.value.hint


def test_a_file_url_without_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="names no file"):
        open_backend(Opening("file://", tmp_path, "p", {}))


@pytest.mark.parametrize("url", [".ftops/state.json", "file:///elsewhere/a.json"])
def test_where_the_state_has_to_be_shared_a_file_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="FTOPS_REQUIRE_SHARED_STATE is set") as refused:
        open_backend(Opening(url, tmp_path, "p", {REQUIRE_SHARED: "1"}))
    assert "s3://" in str(refused.value.hint)
    open_backend(Opening(url, tmp_path, "p", {REQUIRE_SHARED: ""}))


GITHUB = {"GITHUB_ACTOR": "ana", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}


@pytest.mark.parametrize(
    ("environ", "who", "run"),
    [
        (GITHUB, "ana", "https://github.com/o/r/actions/runs/7"),
        ({**GITHUB, "GITHUB_SERVER_URL": "https://ghe"}, "ana", "https://ghe/o/r/actions/runs/7"),
        ({"GITLAB_USER_LOGIN": "bo", "CI_JOB_URL": "https://gl/1"}, "bo", "https://gl/1"),
        ({"USER": "cy", "CI_JOB_URL": ""}, "cy", None),
    ],
)
def test_the_holder_names_the_person_and_the_run(environ: dict[str, str], who: str, run: str | None) -> None:
    holder = current_holder("apply", environ, 12.0)
    assert (holder.who, holder.ci_run, holder.operation, holder.since) == (who, run, "apply", 12.0)


def test_a_holder_without_any_variable_still_has_a_name_and_its_own_id() -> None:
    first, second = current_holder("apply", {}, 0), current_holder("apply", {}, 0)
    assert first.who
    assert first.id != second.id


@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [
        ("s3://b/k", "obstore", "remote"),
        ("gs://b/k", "obstore", "remote"),
        ("az://c/k", "obstore", "remote"),
        ("postgresql://h/d", "psycopg", "postgres"),
    ],
)
def test_a_missing_package_is_one_sentence_with_the_command(url: str, library: str, extra: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from pathlib import Path\n"
        "from ftops.errors import StateError\n"
        "from ftops.state.backend import Opening\n"
        "from ftops.state.registry import open_backend\n"
        f"try: open_backend(Opening({url!r}, Path(), 'p', {{}}))\n"
        "except StateError as error: print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"needs the package {library}" in done.stdout
    assert done.stdout.endswith(f"| pip install 'ftops[{extra}]'\n")


def test_every_kind_of_store_opens_and_sends_nothing(tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AZURE_STORAGE_ACCOUNT_NAME": "a"}
    for kind in BACKENDS:
        for scheme in kind.schemes:
            location = open_backend(Opening(f"{scheme}://host/path", tmp_path, "p", keys)).location
            assert "host" in location
            assert packs(f"{scheme}://host/path") == kind.packs
