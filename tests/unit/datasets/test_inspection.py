"""Data files: their content decides, and whatever is wrong is told by line."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.datasets.inspection import InspectedDatasets, inspect_datasets
from ftops.model.capabilities import NO_CAPABILITIES, DataFormat
from ftops.model.data_check import DataVerdict, Statistics
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Method, Upstream
from ftops.model.observation import ProviderFacts
from ftops.model.value import replace
from tests.unit.datasets import samples

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
    data = (GOOD * 3 + "\n  \n" + '{"messages": [{"role": "assistant", "content": "x"}]}').encode()
    inspected = inspect(tmp_path, data)
    assert inspected.problems == ()
    rows = hashlib.sha256(
        GOOD.encode() * 3 + b'{"messages": [{"role": "assistant", "content": "x"}]}\n'
    ).hexdigest()
    assert inspected.datasets == {
        "d.jsonl": Dataset("d.jsonl", rows, len(data), 4, hashlib.sha256(data).hexdigest())
    }


@pytest.mark.parametrize("ends", [b"\r\n", b"\n\n", b" \n", b"\t\r\n \r\n"])
def test_line_ends_blank_lines_and_a_final_newline_are_in_the_digest_of_the_bytes_alone(
    tmp_path: Path, ends: bytes
) -> None:
    rows = [GOOD.strip().encode(), b'{"messages": [{"role": "assistant", "content": "x"}]}']
    plain = inspect(tmp_path, b"\n".join(rows)).datasets["d.jsonl"]
    other = inspect(tmp_path, ends.join(rows) + ends).datasets["d.jsonl"]
    assert plain.sha256 == other.sha256 == hashlib.sha256(b"\n".join([*rows, b""])).hexdigest()
    assert plain.file_sha256 != other.file_sha256
    assert plain.upload_name("p") == other.upload_name("p")


@pytest.mark.parametrize("extra", range(40))
def test_a_first_row_longer_than_the_head_of_a_file_is_a_row_wherever_the_head_ends(
    tmp_path: Path, extra: int
) -> None:
    long = GOOD.replace('"q"', f'"{"q" * (4030 + extra)}"')
    assert told(tmp_path, long.encode()) == []


def test_what_two_rows_share_does_not_move_from_one_to_the_other(tmp_path: Path) -> None:
    digests = {
        inspect(tmp_path, data).datasets["d.jsonl"].sha256
        for data in (b"{}\n{ }\n", b"{}{ }\n", b"{ }\n{}\n")
    }
    assert len(digests) == 3


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
    assert problem == "d.jsonl:1: has the chat form; m with this method takes preference rows"
    verdicts = inspect(tmp_path, GOOD.encode(), *both).verdicts
    assert verdicts["a"].problems == ()
    assert [one.kind for one in verdicts["b"].problems] == ["wrong-form"]


def test_a_method_or_provider_of_which_nothing_is_known_asks_for_json_only(tmp_path: Path) -> None:
    unknown = (fine_tune(method=Method.REINFORCEMENT), fine_tune("b", provider="nobody"))
    assert told(tmp_path, b'{"x": 1}\n', *unknown) == []
    assert len(told(tmp_path, b"{x\n", *unknown)) == 1


def test_files_at_the_provider_are_not_looked_for(tmp_path: Path) -> None:
    uploaded = FineTune("a", "p", "m", (DataFile(file_id="file-a"),), DataFile(file_id="file-b"))
    assert inspect_datasets(tmp_path, [uploaded], PROVIDERS) == InspectedDatasets(
        {}, (), {"a": DataVerdict()}
    )


def test_a_file_is_read_once_whoever_uses_it(tmp_path: Path) -> None:
    assert len(told(tmp_path, b"{oops\n", *(fine_tune(f"n{number}") for number in range(100)))) == 1


def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    data = b"".join(GOOD.encode().replace(b"q", b"q%d" % number) for number in range(10_000))
    tracemalloc.start()
    inspected = inspect(tmp_path, data)
    tracemalloc.reset_peak()
    inspect_datasets(tmp_path, [fine_tune()], PROVIDERS)
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inspected.datasets["d.jsonl"].examples == 10_000
    # What grows with the rows are the hashes by which one that comes twice is known.
    assert peak - current < 1_500_000


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, b" " * (17 * 1024 * 1024))
    assert problem == "d.jsonl:1: is longer than 16,777,216 bytes (write one example a line)"


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


def paired(name: str, validation: str, *training: str) -> FineTune:
    return replace(fine_tune(name, *training), validation_file=DataFile(validation))


def test_rows_that_are_trained_on_and_validated_with_are_counted_for_those_who_do(tmp_path: Path) -> None:
    rows = [GOOD.replace('"q"', f'"{number}"') for number in range(20)]
    (tmp_path / "train.jsonl").write_text("".join(rows[:15]))
    (tmp_path / "valid.jsonl").write_text("\r\n".join(row.strip() for row in rows[12:]))
    both, alone = paired("both", "valid.jsonl", "train.jsonl"), fine_tune("alone", "train.jsonl")
    verdicts = inspect_datasets(tmp_path, [both, alone], PROVIDERS).verdicts
    (warning,) = verdicts["both"].warnings
    assert str(warning.problem) == (
        "train.jsonl: shares 3 rows with the validation file valid.jsonl (a validation loss over rows that "
        "were trained on says nothing)"
    )
    assert verdicts["alone"] == DataVerdict()


def test_files_that_validate_each_other_are_compared_too(tmp_path: Path) -> None:
    for name in ("x.jsonl", "y.jsonl"):
        (tmp_path / name).write_text(GOOD)
    crossed = (
        paired("a", "y.jsonl", "x.jsonl"),
        paired("b", "x.jsonl", "y.jsonl"),
        paired("c", "x.jsonl", "x.jsonl"),
    )
    verdicts = inspect_datasets(tmp_path, crossed, PROVIDERS).verdicts
    assert {name: [one.kind for one in found.warnings] for name, found in verdicts.items()} == {
        name: ["same-as-validation"] for name in "abc"
    }


def test_the_fewest_hold_for_the_only_training_file_alone(tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text(GOOD)
    (tmp_path / "enough.jsonl").write_text("".join(GOOD.replace('"q"', f'"{n}"') for n in range(10)))
    providers = {"p": ProviderFacts("p", "openai", CAN)}
    judged = inspect_datasets(
        tmp_path,
        [
            replace(fine_tune("alone", "few.jsonl"), model="gpt-4o"),
            replace(paired("validated", "few.jsonl", "enough.jsonl"), model="gpt-4o"),
            replace(fine_tune("several", "few.jsonl", "enough.jsonl"), model="gpt-4o"),
        ],
        providers,
    )
    problems = {name: [str(one.problem) for one in found.problems] for name, found in judged.verdicts.items()}
    assert problems == {
        "alone": ["few.jsonl: has 1 example; this provider takes no fewer than 10"],
        "several": [],
        "validated": [],
    }


def test_a_chain_is_judged_by_the_model_at_its_root(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('{"prompt": "p", "completion": "c"}\n' * 10)
    root = replace(fine_tune("root"), model="babbage-002")
    links = [
        replace(fine_tune("next"), model=Upstream("root")),
        replace(fine_tune("loop"), model=Upstream("loop")),
        replace(fine_tune("lost"), model=Upstream("nobody")),
    ]
    facts = {"p": ProviderFacts("p", "openai", CAN)}
    verdicts = inspect_datasets(tmp_path, [root, *links], facts).verdicts
    assert all(found.problems == () for found in verdicts.values())
    chat = replace(root, model="gpt-4o")
    verdicts = inspect_datasets(tmp_path, [chat, *links], facts).verdicts
    assert {name for name, found in verdicts.items() if found.problems} == {"root", "next"}


def test_statistics_are_of_what_was_read(tmp_path: Path) -> None:
    rows = [
        samples.chat(1),
        samples.chat(1),
        samples.picture(),
        samples.drone(),
        {"messages": [{"role": ["x"]}]},
    ]
    (file,) = inspect(tmp_path, "".join(json.dumps(row) + "\n" for row in rows).encode()).files
    longest = max(range(5), key=lambda index: len(json.dumps(rows[index])))
    assert file.statistics == Statistics(
        rows=5,
        forms={"chat": 5},
        roles={"assistant": 4, "developer": 1, "system": 2, "user": 4},
        rows_with_tools=1,
        images=1,
        duplicate_rows=1,
        longest_row=len(json.dumps(rows[longest])),
        longest_row_line=longest + 1,
    )
