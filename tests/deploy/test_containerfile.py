"""The laws of the image, of which no test builds one."""

from __future__ import annotations

import re
import shlex
import tomllib
from fnmatch import fnmatch

import pytest

from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")
CONSTRAINTS = REPOSITORY / "deploy/container/constraints.txt"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = {"encryption", "policy", "postgres", "remote", "serve", "tokens"}


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def of(kind: str) -> list[str]:
    return [rest for name, rest in instructions() if name == kind]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    begins = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return found[begins:]


def test_both_stages_are_one_python_of_an_exact_tag() -> None:
    (image,) = {rest.split()[0] for rest in of("FROM")}
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", image)
    version = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert image.removeprefix("python:").startswith(f"{version}.")


def test_it_runs_ftops_itself_as_nobody_special() -> None:
    stage = dict(last_stage())
    assert stage["ENTRYPOINT"] == '["ftops"]'
    assert stage["USER"] == "10001:10001"
    assert stage["STOPSIGNAL"] == "SIGTERM"
    names = [name for name, _ in last_stage()]
    assert names.index("USER") > max(number for number, name in enumerate(names) if name in ("RUN", "COPY"))


def test_git_looks_at_a_project_that_belongs_to_somebody_else() -> None:
    stage = dict(last_stage())
    assert f"git config --system --add safe.directory {stage['WORKDIR']}" in stage["RUN"]
    assert re.search(r"install .*\bgit\b", stage["RUN"])


def test_it_has_the_extras_that_a_controller_can_need() -> None:
    (installed,) = re.findall(r"/src\[([\w,]+)\]", TEXT)
    assert set(installed.split(",")) == EXTRAS
    assert PROJECT["project"]["optional-dependencies"].keys() >= EXTRAS


def test_each_package_has_its_version() -> None:
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"]]
    wanted += [one for extra in EXTRAS for one in extras[extra]]
    names = {re.split(r"[\[><=~!; ]", one)[0].lower() for one in wanted}
    assert names <= pinned.keys()
    assert f"/src/{CONSTRAINTS.relative_to(REPOSITORY)}" in TEXT


def test_labels_say_what_it_is() -> None:
    (labels,) = of("LABEL")
    told = dict(word.split("=", 1) for word in shlex.split(labels))
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in told} == {
        "title", "description", "source", "documentation", "licenses", "version", "revision",
    }  # fmt: skip
    assert told[f"{prefix}licenses"] == PROJECT["project"]["license"]
    assert told[f"{prefix}source"] in PROJECT["project"]["urls"]["Documentation"]


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".ftops/state.json",
        "examples/quickstart/.ftops/state.json",
        ".env",
        "ftops/.ftops/x",
        "tests/x.py",
    ],
)
def test_what_is_no_part_of_the_wheel_is_not_sent(path: str) -> None:
    assert not sent(path)


def test_what_the_wheel_is_made_of_is_sent() -> None:
    made_of = (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "ftops/cli/main.py",
        "schemas/x.json",
        "docs/man/ftops.1",
    )
    assert all(sent(path) for path in (*made_of, str(CONSTRAINTS.relative_to(REPOSITORY))))
    target = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    for place in (*target["packages"], *target["force-include"], *target["shared-data"]):
        assert sent(f"{place}/x")


def sent(path: str) -> bool:
    """Whether a builder is sent a file: the last line that matches it, or a folder above it, decides."""
    lines = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    parts = path.split("/")
    heads = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    decided = True
    for line in lines:
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        anywhere = pattern.startswith("**/")
        tried = [head.rpartition("/")[2] for head in heads] if anywhere else heads
        if any(fnmatch(one, pattern.removeprefix("**/")) for one in tried):
            decided = line.startswith("!")
    return decided
