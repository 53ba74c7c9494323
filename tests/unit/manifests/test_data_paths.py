"""No file outside the project can be named as data, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.manifests.data_paths import DataPaths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "project"
    for path in (root / "jobs/data/in.jsonl", root / "data/train.jsonl", tmp_path / "secret.jsonl"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "project-two").mkdir()
    (tmp_path / "project-two/x.jsonl").touch()
    return root


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("data/in.jsonl", "jobs/data/in.jsonl"),
        ("./data//in.jsonl", "jobs/data/in.jsonl"),
        ("../data/train.jsonl", "data/train.jsonl"),
        ("../jobs/../data/train.jsonl", "data/train.jsonl"),
    ],
)
def test_a_path_is_relative_to_its_manifest_and_known_by_its_place_in_the_project(
    root: Path, written: str, path: str
) -> None:
    assert DataPaths(str(root)).find("jobs", written) == (path, None, None)


def test_an_absolute_path_inside_the_project_is_taken(root: Path) -> None:
    assert DataPaths(str(root)).find("jobs", str(root / "data/train.jsonl"))[0] == "data/train.jsonl"


@pytest.mark.parametrize(
    "written",
    ["../../secret.jsonl", "/etc/passwd", "/passwd", "../../project-two/x.jsonl", "../..", "/", "../../no"],
)
def test_a_path_that_leads_out_is_refused(root: Path, written: str) -> None:
    path, wrong, _ = DataPaths(str(root)).find("jobs", written)
    assert path is None
    assert wrong == f"{written} lies outside the project"


def test_a_link_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "jobs/file.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (root / "jobs/folder").symlink_to(tmp_path)
    paths = DataPaths(str(root))
    assert paths.find("jobs", "file.jsonl")[1] == "file.jsonl lies outside the project"
    assert paths.find("jobs", "folder/secret.jsonl")[1] == "folder/secret.jsonl lies outside the project"
    assert paths.find("jobs", "folder/../x")[1] == "folder/../x lies outside the project"


def test_a_link_inside_keeps_its_own_name_because_that_names_the_upload(root: Path) -> None:
    (root / "jobs/current.jsonl").symlink_to(root / "data/train.jsonl")
    (root / "linked").symlink_to(root / "data")
    paths = DataPaths(str(root))
    assert paths.find("jobs", "current.jsonl")[0] == "jobs/current.jsonl"
    assert paths.find("jobs", "../linked/train.jsonl")[0] == "data/train.jsonl"


def test_what_is_no_file_is_said(root: Path) -> None:
    paths = DataPaths(str(root))
    assert paths.find("jobs", "data")[:2] == ("jobs/data", "jobs/data is a directory")
    assert paths.find("jobs", "/dev/null")[1] == "/dev/null lies outside the project"
    assert paths.find("jobs", "data/inn.jsonl") == (
        "jobs/data/inn.jsonl",
        "jobs/data/inn.jsonl does not exist",
        "did you mean 'in.jsonl'?",
    )
    assert paths.find("jobs", "data/in.jsonl/x")[0] is None


STEPS = st.lists(
    st.sampled_from(["..", ".", "", "jobs", "data", "out", "back", "in.jsonl", "secret.jsonl", "no"]),
    max_size=7,
)


@given(STEPS, st.booleans())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_outside_is_ever_given(root: Path, tmp_path: Path, steps: list[str], absolute: bool) -> None:
    for link, target in (("out", tmp_path), ("jobs/out", tmp_path), ("jobs/back", root / "data")):
        if not (root / link).is_symlink():
            (root / link).symlink_to(target)
    written = ("/" if absolute else "") + "/".join(steps)
    path, wrong, _ = DataPaths(str(root)).find("jobs", written)
    assert path is not None or wrong is not None
    if path is not None:
        assert (root / path).resolve().is_relative_to(root)
        assert ".." not in path.split("/")
    if path is not None and wrong is None:
        assert (root / path).is_file()
        assert (root / path).samefile(root / "jobs" / written)
