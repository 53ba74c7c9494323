"""A project at Azure OpenAI that changes the version of the API it speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import Emulator, ProjectDirectory

FAMILY = "azure_openai"
STABLE, PREVIEW = "2024-10-21", "2025-04-01-preview"
NEEDS_PERSON = 4


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    settings = EmulatorSettings(tmp_path / "emulator" / "e.db", speed=60, dialect=FAMILY)
    with EmulatorServer(settings) as server:
        yield Emulator(server)


class Azure:
    """The project, and the emulator behind the version it speaks."""

    def __init__(self, project: ProjectDirectory, emulator: Emulator) -> None:
        self.project = project
        self._base_url = emulator.base_url

    def speaks(self, api_version: str | None, /, **more: object) -> None:
        provider = {
            "dialect": FAMILY,
            "base_url": f"{self._base_url}/openai/v1/",
            "api_key": {"env": "FTOPS_TEST_KEY"},
            "send_window": 2,
            "settle": 3,
            **({"api_version": api_version} if api_version else {}),
            **more,
        }
        head = "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: test-p1}\nspec:\n"
        body = {"default_provider": "local", "providers": {"local": provider}}
        lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in body.items())
        self.project.write("ftops.yaml", head + lines)

    def declares(self, training_type: object = "Standard", more: str = "suffix: triage") -> None:
        options = f"provider_options: {{trainingType: {training_type}}}"
        self.project.manifest("a", f"{options}\n{more}", "gpt-4.1-mini-2025-04-14")


@pytest.fixture
def azure(project: ProjectDirectory, emulator: Emulator) -> Azure:
    made = Azure(project, emulator)
    made.declares()
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(STABLE, PREVIEW), (PREVIEW, None), (None, STABLE)])
def test_another_version_trains_nothing_again(
    azure: Azure, emulator: Emulator, first: str | None, second: str | None
) -> None:
    azure.speaks(first)
    assert azure.project.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 0, azure.project.err
    azure.speaks(second)
    assert azure.project.ftops("plan", "--detailed-exitcode") == 0, azure.project.out
    assert azure.project.plan() == {"a": "keep succeeded"}
    assert emulator.jobs(FAMILY) == 1


@pytest.mark.parametrize(("first", "second"), [(STABLE, None), (None, STABLE)])
def test_a_create_in_doubt_is_not_sent_again_under_another_version(
    azure: Azure, emulator: Emulator, first: str | None, second: str | None
) -> None:
    azure.speaks(first)
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", seconds=3600, times=1)
    emulator.fault("status", "list", status=500, times=4, skip=1)
    azure.project.ftops("apply", "--yes")
    azure.speaks(second)
    assert azure.project.plan()["a"].split()[0] in ("adopt", "hold")
    azure.project.ftops("apply", "--yes")
    assert (emulator.jobs(FAMILY), emulator.requests("create")) == (1, 1)


def test_what_a_version_cannot_carry_is_refused_with_its_line(azure: Azure, emulator: Emulator) -> None:
    def problems() -> str:
        assert azure.project.ftops("validate") == 1
        return " ".join(azure.project.err.split())

    azure.speaks(STABLE)
    azure.declares("GlobalStandard")
    assert "trainingType: must be one of Standard" in problems()
    azure.declares(more="method: dpo")
    assert "azure_openai does not support the method dpo" in problems()
    azure.declares(more=f"suffix: {'x' * 31}")
    assert "takes at most 30, beside the 10 of the mark" in problems()
    azure.declares(more="suffix: my.triage")
    assert "azure_openai takes only A-Za-z0-9_- in a suffix" in problems()
    azure.declares(more="integrations: [{type: wandb, wandb: {project: p}}]")
    assert "azure_openai has no integrations" in problems()
    azure.speaks(None)
    azure.declares(more=f"suffix: {'x' * 64}")
    assert azure.project.ftops("validate") == 0
    azure.declares("[1]")
    assert "provider_options.trainingType" in problems()
    azure.project.manifest("a", "suffix: triage", "gpt-4.1-mini-2025-04-14")
    assert "'provider_options.trainingType' is missing: azure_openai needs it" in problems()
    assert emulator.requests("list") == 0


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"api_version": {"env": "FTOPS_TEST_KEY"}}, "must be written out"),
        ({"api_version": "2024-10"}, "does not have the right form"),
        ({"account": "x"}, "dialect azure_openai has no setting account"),
    ],
)
def test_a_setting_that_is_wrong_is_refused_with_its_line(
    azure: Azure, setting: dict[str, object], words: str
) -> None:
    azure.speaks(None, **setting)
    assert azure.project.ftops("validate") == 1
    assert f"spec.providers.local.{next(iter(setting))}: " in azure.project.err
    assert words in azure.project.err
