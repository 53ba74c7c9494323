"""octoDNS: a zone of as many records, from YAML to YAML, with nothing to change."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measuring import Contender
from benchmarks.place import ENVIRONMENTS
from tests.conformance.environments import environment

REQUIREMENT = "octodns==1.22.0"
_ZONE = "example.com."
_CONFIGURATION = """\
providers:
  source: {class: octodns.provider.yaml.YamlProvider, directory: ./source, default_ttl: 300}
  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target, default_ttl: 300}
zones:
  example.com.: {sources: [source], targets: [target]}
"""


def no_op_plan(folder: Path, records: int) -> Contender:
    """Write both sides of a zone; return a plan that finds them equal."""
    zone = "---\n" + "".join(_record(number) for number in range(records))
    for side in ("source", "target"):
        (folder / side).mkdir(parents=True)
        (folder / side / f"{_ZONE}yaml").write_text(zone, encoding="utf-8")
    (folder / "config.yaml").write_text(_CONFIGURATION, encoding="utf-8")
    sync = environment((REQUIREMENT,), ENVIRONMENTS).with_name("octodns-sync")
    return Contender("plan/octodns", [str(sync), "--config-file", "config.yaml"], folder)


def _record(number: int) -> str:
    high, low = divmod(number, 250)
    return f"record-{number:06}:\n  ttl: 300\n  type: A\n  values:\n  - 10.0.{high % 250}.{low + 1}\n"
