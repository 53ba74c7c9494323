"""A week of runs with failures and cancels: what ftops says was spent is what the provider's books say."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import ftops
from ftops.api.surroundings import SystemClock
from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import Emulator, ProjectDirectory

QWEN = "Qwen/Qwen3-8B"
Both = tuple[Emulator, Emulator]
CENT = Decimal("0.01")
DAY = 86_400.0


@pytest.fixture
def both(project: ProjectDirectory, emulator: Emulator, tmp_path: Path) -> Iterator[Both]:
    """A project at OpenAI (`local`) and Together (`tg`), each an emulator with books of its own."""
    settings = EmulatorSettings(tmp_path / "together" / "e.db", dialect="together")
    with EmulatorServer(settings) as server:
        together = Emulator(server)
        address = f"base_url: '{together.base_url}', api_key: {{env: FTOPS_TEST_KEY}}, settle: 1"
        row = f"    tg: {{dialect: together, {address}}}\n"
        prices = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 3}}}\n"
        text = (project.root / "ftops.yaml").read_text()
        project.write("ftops.yaml", text + row + prices)
        messages = [{"role": role, "content": "word" * 1000} for role in ("user", "assistant")]
        project.write("data/train.jsonl", (json.dumps({"messages": messages}) + "\n") * 400)
        yield emulator, together


def costs(project: ProjectDirectory, *arguments: str) -> dict[str, Any]:
    assert project.ftops("cost", "--month", "all", "--format", "json", *arguments) == 0, project.err
    found: dict[str, Any] = json.loads(project.out)
    return found


def spent(project: ProjectDirectory, provider: str) -> tuple[Decimal, Decimal]:
    groups = costs(project, "--by", "provider")["groups"]
    (sums,) = next(group["spent"] for group in groups if group["provider"] == provider)
    return Decimal(sums["low"]), Decimal(sums["high"])


def a_week(project: ProjectDirectory, both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare, fail, change, cancel and remove, a day at a time; every day ends with a reconcile."""

    def today(day: int, wait: float = DAY) -> None:
        monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + day * DAY)
        assert project.ftops("reconcile", "--once") in (0, 5), project.err
        for emulator in both:
            emulator.advance(wait)

    def declare(name: str, provider: str, epochs: int, model: str) -> None:
        spec = f"provider: {provider}\nhyperparameters: {{n_epochs: {epochs}}}\nsuffix: {name}"
        project.manifest(name, spec, model, labels=f"{{team: {name[0]}}}")

    declare("alpha", "tg", 2, QWEN)
    declare("beta", "local", 3, "gpt-4o-mini")
    today(1)
    declare("gamma", "tg", 3, QWEN)
    both[1].fault("fail_job", "create", code="server_error", message="the GPU caught fire")
    today(2)
    declare("alpha", "tg", 4, QWEN)
    today(3, wait=900)
    declare("alpha", "tg", 1, QWEN)
    today(3, wait=900)
    today(4)
    declare("delta", "tg", 5, QWEN)
    today(5, wait=1500)
    assert project.ftops("cancel", "delta", "--yes") == 0, project.err
    (project.root / "jobs/gamma.yaml").unlink()
    today(6)
    declare("beta", "local", 1, "gpt-4o-mini")
    today(6)
    today(7)


def test_the_sum_of_a_week_is_what_the_provider_billed_to_the_cent(
    project: ProjectDirectory, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_week(project, both, monkeypatch)
    for provider, emulator in zip(("local", "tg"), both, strict=True):
        bill = emulator.bill()
        low, high = spent(project, provider)
        assert Decimal(bill["dollars"]) > CENT * 10
        assert low.quantize(CENT) == high.quantize(CENT) == Decimal(bill["dollars"]).quantize(CENT)
    together = {job["job_id"]: job for job in both[1].bill()["jobs"]}
    assert sorted({job["status"] for job in together.values()}) == ["cancelled", "failed", "succeeded"]
    report = costs(project)
    assert report["total"]["unknown"] == 0
    assert {"failed", "cancelled", "superseded"} == report["total"]["wasted_by_reason"].keys()
    by_id = {job["job_id"]: job for job in report["jobs"] if job["provider"] == "tg"}
    assert by_id.keys() == together.keys()
    for job_id, job in by_id.items():
        assert job["known_by"] == "provider"
        assert abs(Decimal(job["cost"]["high"]) - Decimal(together[job_id]["dollars"])) < CENT / 100


def test_a_cancelled_job_whose_cost_nobody_states_is_bounded(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    prices = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 3000}}}\n"
    project.write("ftops.yaml", text + prices)
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(200)
    assert project.ftops("cancel", "a", "--yes") == 0
    (job,) = costs(project)["jobs"]
    assert job["known_by"] == "estimate"
    assert job["cut_short"] is None
    assert job["cost"]["low"] == "0"
    billed = Decimal(emulator.bill()["dollars"]) * 1000
    assert 0 < billed <= Decimal(job["cost"]["high"])
    assert "up to $" in _text(project)
    # Whose server this is, nobody knows; the embedded emulator stands for the service that it plays.
    embedded = re.sub("base_url: [^,}]+", "base_url: 'emulator:.ftops/e.db'", text)
    project.write("ftops.yaml", embedded + prices)
    assert costs(project)["jobs"] == [{**job, "cut_short": "unknown"}]
    assert "A cancelled job at local counts as up to its estimate: its cost is not published" in _text(
        project
    )


def _text(project: ProjectDirectory) -> str:
    assert project.ftops("cost", "--month", "all") == 0
    return project.out


def test_money_survives_what_is_done_to_the_state(
    project: ProjectDirectory, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_week(project, both, monkeypatch)
    before = spent(project, "tg")
    assert project.ftops("state", "mv", "alpha", "omega", "--yes") == 0
    assert project.ftops("state", "rm", "beta", "--yes") == 0
    assert spent(project, "tg") == before
    text = (project.root / "ftops.yaml").read_text()
    renamed = text.replace("    tg: {", "    tt: {renamed_from: tg, ")
    project.write("ftops.yaml", renamed)
    for path in (project.root / "jobs").iterdir():
        path.write_text(path.read_text().replace("provider: tg", "provider: tt"))
    assert project.ftops("apply", "--yes", "--target", "delta") in (0, 1)
    assert spent(project, "tt") == before


def test_python_says_the_same(project: ProjectDirectory, both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    a_week(project, both, monkeypatch)
    report = ftops.read_costs(project.root, month="all", by="label=team")
    assert sorted(report.groups) == ["a", "b", "d", "g"]
    assert sum(one.jobs for one in report.groups.values()) == report.whole.jobs
    with ftops.open_project(project.root) as opened:
        assert opened.costs(month="all", by="label=team") == report
