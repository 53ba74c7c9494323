"""One pass over a file says what reading it whole would say, in little memory."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.datasets.disguises import SPACE
from ftops.datasets.reading import Reading
from ftops.datasets.row_hashes import RowHashes
from tests.conftest import REPOSITORY

LINES = st.lists(st.sampled_from([b"{}", b"[1]", b"", b" {} ", b"{}\r", b"\t", b"x" * 70]), max_size=12)


@given(LINES, st.booleans())
def test_the_digests_are_those_of_all_bytes_and_of_all_rows(lines: list[bytes], newline: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if newline else b"")
    rows = [row for line in data.split(b"\n") if (row := line.strip(SPACE))]
    reading = Reading(io.BytesIO(data))
    assert [row for _, row in reading.lines()] == rows
    assert (reading.bytes, reading.rows) == (len(data), len(rows))
    assert reading.file_sha256 == hashlib.sha256(data).hexdigest()
    assert reading.rows_sha256 == hashlib.sha256(b"".join(row + b"\n" for row in rows)).hexdigest()


@given(st.lists(st.integers(0, 3_000), max_size=5_000), st.lists(st.integers(0, 3_000), max_size=300))
@settings(max_examples=30, deadline=None)
def test_row_hashes_are_a_set(first: list[int], second: list[int]) -> None:
    one, other, seen = RowHashes(), RowHashes(), set()
    for number in first:
        assert one.add(b"%d" % number) == (number in seen)
        seen.add(number)
    for number in second:
        other.add(b"%d" % number)
    assert len(one) == len(seen)
    assert one.shared(other) == other.shared(one) == len(seen & set(second))
    one.clear()
    assert (len(one), one.shared(other)) == (0, 0)


PEAK = """
import json, resource, sys
from pathlib import Path
from ftops.datasets.file_pass import FilePass
from ftops.datasets.tables import ruleset
from ftops.model.capabilities import DataFormat
from ftops.model.finetune import Method
rules = ruleset("openai", Method.SUPERVISED, "gpt-4o-mini", frozenset({DataFormat.CHAT}))
with open(sys.argv[1], "rb") as file:
    passed = FilePass("d", [rules]).read(file)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if Path("/proc/self/status").exists():
    # Linux counts the parent's memory into the other figure.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0])
print(json.dumps([passed.statistics.rows, peak // 1024]))
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (1_000, 40_000):
        file = tmp_path / f"{rows}.jsonl"
        with file.open("w") as written:
            for number in range(rows):
                messages = [
                    {"role": "user", "content": "x" * 1_000},
                    {"role": "assistant", "content": f"{number}"},
                ]
                written.write(json.dumps({"messages": messages}) + "\n")
        command = [sys.executable, "-c", PEAK, str(file)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        read, peak = json.loads(ran.stdout)
        assert read == rows
        peaks.append(peak)
    # The larger file has 43 MB; of its rows a table of 1 MB is kept.
    assert peaks[1] - peaks[0] < 16, peaks
