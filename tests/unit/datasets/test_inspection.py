"""Data files: their content decides, and whatever is wrong is told by line."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.datasets.inspection import InspectedDatasets, inspect_datasets
from ftops.model.capabilities import NO_CAPABILITIES, DataFormat
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Method
from ftops.model.observation import ProviderFacts

CAN = replace(
    NO_CAPABILITIES,
    methods={Method.SUPERVISED: {}, Method.DPO: {}},
    data_formats={
        Method.SUPERVISED: frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION}),
        Method.DPO: frozenset({DataFormat.PREFERENCE}),
    },
)
PROVIDERS = {"p": ProviderFacts("p", "d", CAN)}
GOOD = '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}\n'


def fine_tune(
    name: str = "a", *paths: str, method: Method = Method.SUPERVISED, provider: str = "p"
) -> FineTune:
    files = tuple(DataFile(path) for path in paths or ("d.jsonl",))
    return FineTune(name, provider, "m", files, method=method)


def inspect(root: Path, data: bytes, *fine_tunes: FineTune) -> InspectedDatasets:
    (root / "d.jsonl").write_bytes(data)
    return inspect_datasets(root, fine_tunes or (fine_tune(),), PROVIDERS)


def told(root: Path, data: bytes, *fine_tunes: FineTune) -> list[str]:
    return [str(problem) for problem in inspect(root, data, *fine_tunes).problems]


def test_a_dataset_is_known_by_its_content(tmp_path: Path) -> None:
    data = (GOOD * 3 + "\n  \n" + '{"prompt": "p", "completion": "c"}').encode()
    inspected = inspect(tmp_path, data)
    assert inspected.problems == ()
    assert inspected.datasets == {
        "d.jsonl": Dataset("d.jsonl", hashlib.sha256(data).hexdigest(), len(data), examples=4)
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "d.jsonl: is empty"),
        (b"\n \n", "d.jsonl: has no examples, only blank lines"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "d.jsonl:1: is a git-lfs pointer"),
        (b"\xef\xbb\xbf{}\n", "d.jsonl:1: begins with a byte order mark"),
        ("{}".encode("utf-16"), "d.jsonl:1: is not UTF-8 but UTF-16"),
        (b"\x1f\x8b\x08\x00", "d.jsonl:1: is a compressed or binary file"),
        (GOOD.encode() + b'{"messages": [', "d.jsonl:2:15: is not valid JSON: unexpected end of data"),
        (GOOD.encode() + b'{"a": "\xff"}\n', "d.jsonl:2:8: is not UTF-8 (save the file as UTF-8)"),
        (b"[\n", "this looks like JSON over several lines"),
        (b'{"a": NaN}\n', "d.jsonl:1:7: is not valid JSON"),
        (b"[" * 100_000 + b"\n", "d.jsonl:1:"),
        (GOOD.encode() + b"[1]\n", "d.jsonl:2: is not a JSON object"),
        (
            GOOD.replace("assistant", "boss").encode(),
            "d.jsonl:1: message 2 of 'messages' has the role 'boss'; known: ",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, data: bytes, words: str) -> None:
    (problem,) = told(tmp_path, data)
    assert words in problem


def test_the_first_bad_lines_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    problems = told(tmp_path, b"{oops\n" * 15)
    assert len(problems) == 11
    assert problems[9].startswith("d.jsonl:10:")
    assert problems[10] == "d.jsonl: and 5 more bad lines"


def test_one_more_bad_line_is_one(tmp_path: Path) -> None:
    assert told(tmp_path, b"{oops\n" * 11)[-1] == "d.jsonl: and 1 more bad line"


def test_a_file_that_went_away_or_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    inspected = inspect_datasets(tmp_path, [fine_tune("a", "gone.jsonl", "folder")], PROVIDERS)
    assert [str(problem) for problem in inspected.problems] == [
        "folder: cannot be read: Is a directory",
        "gone.jsonl: cannot be read: No such file or directory",
    ]
    assert inspected.datasets == {}


def test_the_form_must_suit_every_method_that_uses_the_file(tmp_path: Path) -> None:
    both = (fine_tune("a"), fine_tune("b", method=Method.DPO))
    assert told(tmp_path, GOOD.encode(), both[0]) == []
    (problem,) = told(tmp_path, GOOD.encode(), *both)
    assert problem == (
        "d.jsonl:1: has no field 'input' (preference): it is chat data, which this method does not take"
    )


def test_a_method_or_provider_of_which_nothing_is_known_asks_for_json_only(tmp_path: Path) -> None:
    unknown = (fine_tune(method=Method.REINFORCEMENT), fine_tune("b", provider="nobody"))
    assert told(tmp_path, b'{"x": 1}\n', *unknown) == []
    assert len(told(tmp_path, b"{x\n", *unknown)) == 1


def test_files_at_the_provider_are_not_looked_for(tmp_path: Path) -> None:
    uploaded = FineTune("a", "p", "m", (DataFile(file_id="file-a"),), DataFile(file_id="file-b"))
    assert inspect_datasets(tmp_path, [uploaded], PROVIDERS) == InspectedDatasets({}, ())


def test_a_file_is_read_once_whoever_uses_it(tmp_path: Path) -> None:
    assert len(told(tmp_path, b"{oops\n", *(fine_tune(f"n{number}") for number in range(100)))) == 1


def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    data = GOOD.encode() * 50_000
    tracemalloc.start()
    inspected = inspect(tmp_path, data)
    tracemalloc.reset_peak()
    inspect_datasets(tmp_path, [fine_tune()], PROVIDERS)
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inspected.datasets["d.jsonl"].examples == 50_000
    assert peak - current < 1_000_000


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, b" " * (17 * 1024 * 1024))
    assert problem == "d.jsonl:1: is longer than 16,777,216 bytes"


@given(st.binary(max_size=200))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_raise_and_only_right_files_pass_in_silence(tmp_path: Path, data: bytes) -> None:
    inspected = inspect(tmp_path, data)
    assert inspected.problems or inspected.datasets["d.jsonl"].examples > 0


ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["messages", "prompt", "completion", "x"]), st.text(max_size=5), max_size=4
    ),
    min_size=1,
    max_size=5,
)


@given(ROWS, st.integers(0, 4))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changing_one_row_changes_the_digest(tmp_path: Path, rows: list[dict[str, str]], index: int) -> None:
    def digest() -> str:
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        return inspect(tmp_path, data).datasets["d.jsonl"].sha256

    before = digest()
    assert digest() == before
    rows[index % len(rows)]["new"] = "row"
    assert digest() != before
