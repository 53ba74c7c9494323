"""The example of a plug-in, installed into an environment of its own, keeps the contract there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


class Environment:
    """An environment beside ours: it has its own packages, and finds ours where they are."""

    def __init__(self, root: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
        self._python = root / "bin/python"
        self.packages = Path(self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        ours = sysconfig.get_path("purelib")
        (self.packages / "beside.pth").write_text(f"import site; site.addsitedir({ours!r})\n")

    def run(self, *arguments: str, cwd: Path | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            [str(self._python), *arguments], capture_output=True, text=True, check=False, cwd=cwd
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout


@pytest.mark.slow
def test_the_example_keeps_the_contract_and_a_broken_one_does_not(tmp_path: Path) -> None:
    source = tmp_path / "plugin"
    shutil.copytree(REPOSITORY / "examples/plugin", source)
    environment = Environment(tmp_path / "environment")
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
    environment.run(*pip, str(source))
    suite = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert " passed" in environment.run(*suite, cwd=source)
    # What keeps a promise only by luck would go unnoticed: break three, one after the other.
    dialect = environment.packages / "ftops_acme/dialect.py"
    sound = dialect.read_text()
    for old, new, promise in (
        ('stamp=decode_stamp(tuning.get("labels"))', "stamp=None", "a_stamp_comes_back"),
        ('optional_text(body.get("next"))', "None", "a_long_list_is_read_to_its_end"),
        ("failures = FAILURES", "failures = NO_FAILURES", "the_error_says_what_is_certain"),
    ):
        assert old in sound
        broken = sound.replace(old, new) + "\n"
        head = "from ftops.transport.failure_table import NO_FAILURES\nfrom ftops_acme.capabilities"
        dialect.write_text(broken.replace("from ftops_acme.capabilities", head))
        shown = environment.run(*suite, "-k", promise, cwd=source, fails=True)
        assert promise in shown
        assert " failed" in shown
