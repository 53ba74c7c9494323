"""What a peer is given to plan has nothing to change, as what ftops is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measuring import BadRun, measured
from benchmarks.peers import octodns, terraform


def test_terraform_finds_its_written_state_applied(tmp_path: Path) -> None:
    program = terraform.program()
    if program is None:
        pytest.skip("terraform is not on PATH")
    plan = terraform.no_op_plan(tmp_path / "terraform", 3, program)
    measured(plan)
    main = tmp_path / "terraform/main.tf"
    main.write_text(main.read_text().replace("tune-000001", "another"))
    with pytest.raises(BadRun, match="ended with 2"):
        measured(plan)


def test_both_sides_of_a_zone_are_alike_and_no_two_records_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(octodns, "environment", lambda _requirements, folder: folder / "bin/python")
    plan = octodns.no_op_plan(tmp_path / "octodns", 300)
    source, target = (tmp_path / f"octodns/{side}/example.com.yaml" for side in ("source", "target"))
    lines = source.read_text().splitlines()
    assert target.read_text() == source.read_text()
    assert len({line for line in lines if line.startswith("  - 10.0.")}) == 300
    assert plan.command[0].endswith("bin/octodns-sync")
