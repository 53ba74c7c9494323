"""Dialects of third parties, as packages that are installed beside ftops."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ProjectDirectory

SOUND = """\
from ftops.providers.dialects.openai import OpenAIDialect


class Acme(OpenAIDialect):
    name = "acme"
"""


def install(site: Path, module: str, package: str = "ftops-acme", offer: str = "acme = acme:Acme") -> None:
    """Lay a package into a folder as pip would."""
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ftops.providers]\n{offer}\n")
    (site / "acme.py").write_text(module)


def ftops(project: ProjectDirectory, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ftops", "-C", str(project.root), *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def acme(project: ProjectDirectory) -> ProjectDirectory:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("dialect: openai,", "dialect: acme,"))
    project.manifest("a")
    return project


def test_a_package_adds_a_dialect(acme: ProjectDirectory, tmp_path: Path) -> None:
    assert acme.ftops("validate") == 1
    assert "unknown dialect 'acme'" in acme.err
    install(tmp_path / "site", SOUND)
    assert ftops(acme, tmp_path / "site", "validate").returncode == 0
    done = ftops(acme, tmp_path / "site", "apply", "--yes")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import no_such_module\n", "does not load: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemError\n", "does not load: SystemError"),
        ("class Acme:\n    def __init__(self, key): ...\n", "does not load: TypeError"),
        ("class Acme:\n    name = 'acme'\n", "is not it: it has no account_headers, auth_headers"),
        (SOUND.replace('"acme"', '"other"'), "is not it: it calls itself other"),
    ],
)
def test_one_that_does_not_load_is_one_sentence_when_it_is_asked_for(
    project: ProjectDirectory, acme: ProjectDirectory, tmp_path: Path, module: str, said: str
) -> None:
    install(tmp_path / "site", module)
    done = ftops(acme, tmp_path / "site", "plan")
    assert done.returncode == 1
    assert said in done.stderr
    assert "ftops-acme" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    text = (acme.root / "ftops.yaml").read_text()
    acme.write("ftops.yaml", text.replace("dialect: acme,", "dialect: openai,"))
    for command in (("plan",), ("validate",), ("convert", "a", "--to-dialect", "openai"), ("providers",)):
        done = ftops(acme, tmp_path / "site", *command)
        assert done.returncode == 0, done.stderr
    assert said[:20] in done.stdout
    acme.manifest("b", "hyperparameters: {no_such_thing: 1}")
    done = ftops(acme, tmp_path / "site", "validate")
    assert "has no field 'no_such_thing'" in done.stderr
    (acme.root / "jobs/b.yaml").unlink()
    done = ftops(acme, tmp_path / "site", "convert", "a", "--to-dialect", "acme")
    assert said in done.stderr


def test_a_name_that_two_packages_offer_is_nobodys(acme: ProjectDirectory, tmp_path: Path) -> None:
    install(tmp_path / "site", SOUND)
    install(tmp_path / "site", SOUND, package="another-acme")
    done = ftops(acme, tmp_path / "site", "plan")
    assert "the dialect acme is offered by another-acme and ftops-acme" in done.stderr


def test_ours_cannot_be_replaced(project: ProjectDirectory, tmp_path: Path) -> None:
    install(tmp_path / "site", "raise SystemExit('replaced')\n", offer="openai = acme:Acme")
    project.manifest("a")
    assert ftops(project, tmp_path / "site", "plan").returncode == 0
