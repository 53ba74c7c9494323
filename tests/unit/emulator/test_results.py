"""Result files: when they are seen, and what they hold."""

from typing import Any

import pytest

from tests.unit.emulator.client import COMPLETION, LIFETIME, Client

JOBS = "/fine_tuning/jobs"
TRAINING = (
    "step,elapsed_tokens,elapsed_examples,training_loss,training_sequence_accuracy,training_token_accuracy"
)
BINARY = "classification/precision,classification/recall,classification/auroc,classification/auprc"
VALIDATION = ",validation_loss,validation_sequence_accuracy,validation_token_accuracy"


def test_a_result_file_is_seen_only_once_its_job_has_succeeded(provider: Client) -> None:
    finished, cancelled = provider.job(), provider.job()
    provider.post(f"{JOBS}/{cancelled['id']}/cancel")
    assert provider.get("/files", purpose="fine-tune-results")["data"] == []
    provider.advance(LIFETIME)
    (result,) = provider.get("/files", purpose="fine-tune-results")["data"]
    assert [result["id"]] == provider.get(f"{JOBS}/{finished['id']}")["result_files"]


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ({}, ""),
        ({"validation_file": True}, VALIDATION),
        (
            {
                "validation_file": True,
                "compute_classification_metrics": True,
                "classification_n_classes": 3,
            },
            f"{VALIDATION},classification/accuracy,classification/weighted_f1_score",
        ),
        (
            {
                "validation_file": True,
                "compute_classification_metrics": True,
                "classification_positive_class": " yes",
                "classification_betas": [0.5, 2],
            },
            f"{VALIDATION},classification/accuracy,{BINARY},classification/f0.5,classification/f2",
        ),
    ],
)
def test_a_legacy_result_file_has_the_founding_columns(
    provider: Client, fields: dict[str, Any], columns: str
) -> None:
    file_id = provider.upload_rows([COMPLETION] * 12)
    files = {"validation_file": file_id} if fields.get("validation_file") else {}
    job = provider.legacy_job(**fields | files | {"training_file": file_id})
    provider.advance(LIFETIME)
    (result,) = provider.get(f"/fine-tunes/{job['id']}")["result_files"]
    content = provider.request("GET", f"/files/{result['id']}/content").content
    assert (result["filename"], result["bytes"]) == ("compiled_results.csv", len(content))
    header, *rows = content.decode().splitlines()
    assert header == f"{TRAINING}{columns}"
    assert {row.count(",") for row in rows} == {header.count(",")}
    assert rows[-1].split(",")[0] == rows[-1].split(",")[2] == "48"
    losses = [float(row.split(",")[3]) for row in rows]
    assert losses[-1] < losses[0] / 2
