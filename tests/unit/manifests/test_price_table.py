"""A project's own table of prices, right and wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ftops.errors import InvalidInput
from ftops.manifests.price_table import read_price_table

HEAD = "format_version: 1\ncollected: '2026-11-27'\nprices:\n"
ROW = (
    "- {provider: together, model: Qwen/*, unit: per_million_trained_tokens, amount: '0.30', currency: USD,\n"
    "   status: current, as_of: '2026-11', source: contract, confidence: official}\n"
)
UNDATED = ROW.replace("as_of: '2026-11', ", "")


def read(root: Path, text: str) -> str:
    (root / "prices.yaml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_price_table(root, "prices.yaml")
    return "\n".join(map(str, caught.value.problems))


def test_rows_are_read_with_their_source_and_day(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(HEAD + ROW)
    (row,) = read_price_table(tmp_path, "prices.yaml")
    assert (row.amount, row.as_of, row.source) == (Decimal("0.30"), "2026-11", "contract")
    assert read_price_table(tmp_path, None) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEAD + ROW.replace("as_of: '2026-11', ", ""),
            "prices.yaml:4:3: prices[0]: the field 'as_of' is missing",
        ),
        (HEAD + ROW.replace("'0.30'", "'-1'"), "must be a decimal number in quotes"),
        (HEAD + ROW.replace("'0.30'", "0.3"), "prices.yaml:4:"),
        (HEAD + ROW.replace("'2026-11'", "soon"), "must be a date"),
        (HEAD + ROW.replace("2026-11", "2026-99"), "'2026-99' does not have the right form"),
        (HEAD + ROW.replace("2026-11", "0000"), "'0000' does not have the right form (must be a date"),
        (HEAD + ROW.replace("'0.30'", f"'1{'0' * 40}'"), "not negative and below a billion"),
        (
            HEAD + ROW.replace("amount: '0.30'", "low: '5', high: '1'"),
            "4:78: prices[0].low: low is above high",
        ),
        (
            HEAD.replace("2026-11-27", "2026-13-45") + ROW,
            "prices.yaml:1:1: Invalid RFC3339 encoded date - at `$.collected`",
        ),
        (HEAD + ROW.replace("model: Qwen/*, ", ""), "prices[0]: must have one of model, size and gpu"),
        (HEAD + ROW.replace("amount", "amout"), "did you mean 'amount'?"),
        ("", "must hold one document"),
        ("prices: [", "prices.yaml:1"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in read(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_price_table(tmp_path, "prices.yaml")
    assert "spec.price_table: there is no file prices.yaml" in str(caught.value.problems[0])
