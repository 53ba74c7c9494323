"""The lines of the log: their time, and nothing in them that must not be there."""

from __future__ import annotations

import json

from ftops.cli.round_log import RoundLog
from ftops.cli.secrecy import secrecy
from ftops.report.rounds import LogLine
from ftops.transport.secret import Secret

NOW = 1_795_895_553.25


def test_a_line_of_json_hides_a_secret_that_its_escapes_would_disguise() -> None:
    with secrecy() as vault:
        vault.add(Secret('sk-"quoted"-secret', "api_key"))
        log = RoundLog("json")
        drawn = log.drawn(LogLine("error", 'no sk-"quoted"-secret here', {"job": 'sk-"quoted"-secret'}), NOW)
    found = json.loads(drawn)
    assert found["time"] == "2026-11-28T19:52:33.250Z"
    assert "quoted" not in drawn
    assert "\n" not in drawn


def test_a_line_of_text_has_its_time_and_no_control_characters() -> None:
    drawn = RoundLog("text").drawn(LogLine("warning", "a\x1b[31m\nb"), NOW)
    assert drawn.startswith("2026-11-28T19:52:33Z Warning: a")
    assert drawn.isprintable()
