"""What Together's format alone does: fields, shapes, reasons, cancels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ftops.errors import Ambiguous, NotReady, RateLimited, Rejected
from ftops.manifests.dialect_checks import DialectChecks
from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import FailureClass, FileState, JobStatus, Stamp
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest, RequestFile
from ftops.model.spending import Amount, amount
from ftops.providers.dialects.together import TogetherDialect
from ftops.providers.dialects.together_jobs import decode_event, decode_job, encode_create
from ftops.providers.dialects.together_uploads import decode_file
from ftops.providers.http_provider import HttpProvider
from ftops.records.likeness import alterations, appearance
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached
from tests.unit.providers.scripted import Said, scripted

STAMP = Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 1, 1, "nonce")
QWEN = "Qwen/Qwen3-8B"
SHOWN: Mapping[str, Any] = {
    "id": "ft-1",
    "status": "pending",
    "created_at": "2026-11-27T00:34:37.089Z",
    "updated_at": "2026-11-27T00:35:37.089Z",
    "total_price": 0,
    "token_count": 0,
    "events": [],
    "training_file": "file-1",
    "validation_file": "",
    "packing": True,
    "max_seq_length": 8192,
    "model": QWEN,
    "model_output_name": "acme/Qwen3-8B-8e73ca47",
    "suffix": f"triage-{STAMP.tag}",
    "n_epochs": 1,
    "n_evals": 0,
    "batch_size": 8,
    "training_type": {"type": "Lora", "lora_r": 64, "lora_alpha": 128, "lora_dropout": 0},
    "training_method": {"method": "sft", "train_on_inputs": "auto"},
    "learning_rate": 1e-05,
    "random_seed": 42,
    "from_checkpoint": "",
}
"""A create's reply, from the SDK against a server that answers as documented, shortened."""


def request(**fields: Any) -> JobRequest:
    return JobRequest(fields.pop("model", QWEN), (RequestFile("file-1"),), **fields)


def shown(**fields: Any) -> dict[str, Any]:
    return {**SHOWN, **fields}


def served(base_url: str) -> HttpProvider:
    dialect = TogetherDialect()
    facts = ProviderFacts("tg", "together", dialect.capabilities)
    return HttpProvider(facts, dialect, Transport("tg", base_url, Attached(), pause=lambda _: None))


def findings(**spec: Any) -> list[str]:
    checks = DialectChecks(ProviderFacts("tg", "together", TogetherDialect().capabilities))
    wanted = {"model": QWEN, "training_file": "file-1", **spec}
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in checks.findings(wanted)]


def test_what_is_left_to_the_provider_is_not_sent_and_the_method_always_is() -> None:
    assert encode_create(request(hyperparameters={"batch_size": AUTO, "train_on_inputs": AUTO})) == {
        "training_file": "file-1",
        "model": QWEN,
        "training_method": {"method": "sft", "train_on_inputs": "auto"},
    }


def test_every_field_is_sent_under_its_own_name_and_the_mark_behind_the_suffix() -> None:
    sent = encode_create(
        request(
            method=Method.DPO,
            hyperparameters={"n_epochs": 3, "dpo_beta": 0.2, "packing": False},
            provider_options={
                "training_type": {"type": "Lora", "lora_r": 16},
                "lr_scheduler": {"lr_scheduler_type": "linear"},
            },
            validation_file=RequestFile("file-2"),
            suffix="triage",
            seed=7,
            integrations=({"type": "wandb", "wandb": {"project": "p", "entity": "e"}},),
            stamp=STAMP,
        )
    )
    assert sent == {
        "training_file": "file-1",
        "validation_file": "file-2",
        "model": QWEN,
        "n_epochs": 3,
        "packing": False,
        "training_method": {"method": "dpo", "dpo_beta": 0.2},
        "training_type": {"type": "Lora", "lora_r": 16, "lora_alpha": 32},
        "lr_scheduler": {"lr_scheduler_type": "linear"},
        "wandb_project_name": "p",
        "wandb_entity": "e",
        "suffix": f"triage-{STAMP.tag}",
        "random_seed": 7,
    }
    assert sent.keys() <= TogetherDialect.body_fields


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"model": "acme/Qwen3-8B-8e73ca47:24", "chained": True}, "acme/Qwen3-8B-8e73ca47:24"),
        ({"model": "ft-19999e3f:24"}, "ft-19999e3f:24"),
    ],
)
def test_what_a_job_has_made_is_a_checkpoint_and_no_model(fields: dict[str, Any], sent: str) -> None:
    body = encode_create(request(**fields))
    assert body["from_checkpoint"] == sent
    assert "model" not in body


def test_a_job_is_read_with_the_tag_taken_from_its_suffix() -> None:
    job = decode_job(SHOWN, "tg")
    assert (job.status, job.suffix, job.tag, job.stamp) == (JobStatus.PENDING, "triage", STAMP.tag, None)
    assert (job.model, [file.id for file in job.training_files]) == (QWEN, ["file-1"])
    assert (job.validation_files, job.finished_at, job.fine_tuned_model) == ((), None, None)
    assert job.created_at == 1795739677.089
    assert job.settings["seed"] == 42
    assert job.settings["method"] == "supervised"
    assert job.settings["hyperparameters.n_evals"] == 0


def test_a_retrieve_shows_less_and_contradicts_nothing() -> None:
    less = ("suffix", "packing", "max_seq_length", "random_seed")
    job = decode_job({key: value for key, value in SHOWN.items() if key not in less}, "tg")
    assert (job.suffix, job.tag) == (None, None)
    assert not {"seed", "hyperparameters.packing", "hyperparameters.max_seq_length"} & job.settings.keys()
    assert not TogetherDialect.capabilities.mark_retrieved


def test_what_the_server_fills_in_is_no_difference() -> None:
    spec: dict[str, Any] = {"model": QWEN, "training_file": {"file_id": "file-1"}, "provider_options": {}}
    asked = {
        **spec,
        "hyperparameters": {"n_epochs": 1, "learning_rate": 1e-5},
        "provider_options": {"training_type": {"type": "Lora", "lora_r": 64}},
    }
    can = TogetherDialect.capabilities
    for wanted in (spec, asked):
        known = appearance(wanted, QWEN, {}, can)
        assert alterations(known, decode_job(SHOWN, "tg")) == ()
        zeros = shown(max_seq_length=0, batch_size=0, learning_rate=0, random_seed=None, training_type=None)
        assert alterations(known, decode_job(zeros, "tg")) == ()


@pytest.mark.parametrize(
    ("sent", "field", "value", "path"),
    [
        (
            {"provider_options": {"training_type": {"type": "Full"}}},
            *("training_type", SHOWN["training_type"], "provider_options.training_type"),
        ),
        (
            {"provider_options": {"training_type": {"type": "Lora", "lora_r": 16}}},
            *("training_type", SHOWN["training_type"], "provider_options.training_type"),
        ),
        ({"hyperparameters": {"batch_size": 4}}, "batch_size", "max", "hyperparameters.batch_size"),
        ({"method": "dpo"}, "training_method", {"method": "sft"}, "method"),
        ({"seed": 7}, "random_seed", 42, "seed"),
    ],
)
def test_what_was_dropped_on_the_way_is_seen(sent: dict[str, Any], field: str, value: Any, path: str) -> None:
    known = appearance(sent, QWEN, {}, TogetherDialect.capabilities)
    found = alterations(known, decode_job(shown(**{field: value}), "tg"))
    assert [one.path for one in found] == [path]


def test_what_a_chain_began_from_is_shown_as_its_checkpoint() -> None:
    chained = decode_job(shown(from_checkpoint="acme/Qwen3-8B-8e73ca47:24"), "tg")
    assert chained.model == "acme/Qwen3-8B-8e73ca47:24"
    # Whether a server keeps the name is not documented: an id of its own contradicts nothing.
    assert decode_job(shown(from_checkpoint="ft-19999e3f"), "tg").model is None


def test_a_job_that_is_done_has_a_model_and_an_end() -> None:
    job = decode_job(shown(status="completed", token_count=1200), "tg")
    assert (job.status, job.fine_tuned_model) == (JobStatus.SUCCEEDED, "acme/Qwen3-8B-8e73ca47")
    assert (job.finished_at, job.trained_tokens) == (1795739737.089, 1200)


@pytest.mark.parametrize(
    ("status", "events", "code", "message", "guilty"),
    [
        ("error", [("job_error", "out of memory")], "error", "out of memory", FailureClass.UNKNOWN),
        ("user_error", [("job_error", "line 3")], "user_error", "line 3", FailureClass.USER_ERROR),
        ("error", [("JOB_USER_ERROR", "x")], "job_user_error", "x", FailureClass.USER_ERROR),
        (
            "error",
            [("billing_limit", "no credit"), ("refund", "given back")],
            *("billing_limit", "no credit", FailureClass.BILLING),
        ),
    ],
)
def test_why_a_job_failed_is_in_its_events(
    status: str, events: list[tuple[str, str]], code: str, message: str, guilty: FailureClass
) -> None:
    told = [{"type": kind, "message": text} for kind, text in events]
    error = decode_job(shown(status=status, events=told), "tg").error
    assert error is not None
    assert (error.code, error.failure_class) == (code, guilty)
    assert error.message == message


def test_a_list_does_not_say_why_a_job_failed() -> None:
    assert decode_job(shown(status="user_error"), "tg").error is None
    assert not TogetherDialect.capabilities.outcome_listed


def test_a_status_says_whose_fault_it_is_where_the_events_give_no_reason() -> None:
    with scripted(Said(shown(status="user_error")), Said({"data": []})) as server:
        error = served(server.base_url).retrieve_fine_tune("ft-1").error
    assert error is not None
    assert (error.code, error.failure_class) == ("user_error", FailureClass.USER_ERROR)


def test_a_retrieve_asks_for_the_events_of_a_failed_job_that_does_not_show_them() -> None:
    told = {"data": [{"object": "fine-tune-event", "type": "job_error", "message": "line 3"}]}
    with scripted(Said(shown(status="error")), Said(told)) as server:
        job = served(server.base_url).retrieve_fine_tune("ft-1")
    assert job.error is not None
    assert job.error.message == "line 3"
    assert server.asked == ["GET /v1/fine-tunes/ft-1", "GET /v1/fine-tunes/ft-1/events"]


def test_events_are_told_in_the_order_of_their_times_with_the_words_of_old_servers() -> None:
    told = [
        {
            "created_at": "2026-11-27T00:34:39Z",
            "level": "Error",
            "type": "JOB_ERROR",
            "message": "b",
            "step": 3,
        },
        {"created_at": "2026-11-27T00:34:38Z", "level": "legacy_iwarning", "type": "warning", "message": "a"},
    ]
    with scripted(Said({"data": told})) as server:
        events = list(served(server.base_url).list_fine_tune_events("ft-1"))
    assert [(one.message, one.level, one.type, one.data) for one in events] == [
        ("a", "warn", "warning", None),
        ("b", "error", "job_error", {"step": 3}),
    ]
    assert decode_event({"level": None, "message": "m", "type": "job_start"}).level == "info"


def test_metrics_have_a_route_of_their_own() -> None:
    told = {"metrics": [{"train/loss": 0.5, "train/learning_rate": 1e-4, "train/global_step": 7}, None]}
    with scripted(Said(told)) as server:
        (event,) = served(server.base_url).metric_events("ft-1")
    assert (event.type, event.data) == ("metrics", {"step": 7, "train_loss": 0.5})
    assert server.asked == ["GET /v1/fine-tunes/ft-1/metrics"]
    with scripted(Said({"data": []})) as server, pytest.raises(Ambiguous, match="no list `metrics`"):
        served(server.base_url).metric_events("ft-1")


def test_a_list_that_says_there_is_more_is_not_taken_for_the_whole() -> None:
    with scripted(Said({"data": [SHOWN], "has_more": True})) as server, pytest.raises(Ambiguous):
        served(server.base_url).list_fine_tunes()
    with scripted(Said({"data": [SHOWN, SHOWN]})) as server:
        assert not served(server.base_url).list_fine_tunes().complete


@pytest.mark.parametrize("now", ["completed", "running"])
def test_a_cancel_that_is_answered_with_another_status_is_read_again(now: str) -> None:
    without = {key: value for key, value in SHOWN.items() if key != "suffix"}
    with scripted(Said(shown(status="completed")), Said({**without, "status": now})) as server:
        job = served(server.base_url).cancel_fine_tune("ft-1")
    assert job.raw_status == now
    assert (job.suffix, job.tag) == ("triage", STAMP.tag)
    assert server.asked == ["POST /v1/fine-tunes/ft-1/cancel", "GET /v1/fine-tunes/ft-1"]


def test_a_cancel_that_was_accepted_is_under_way() -> None:
    with scripted(Said(shown(status="cancel_requested"))) as server:
        assert served(server.base_url).cancel_fine_tune("ft-1").status is JobStatus.CANCELLING
    assert len(server.asked) == 1


def test_a_refused_create_is_explained_by_the_limits_of_its_model() -> None:
    refusal = Said({"error": {"message": "Invalid request", "type": "invalid_request_error"}}, 400)
    limits = Said({"model_name": QWEN, "max_num_epochs": 20, "supports_full_training": False})
    asked = request(hyperparameters={"n_epochs": 30})
    with scripted(refusal, limits) as server, pytest.raises(Rejected, match="takes at most 20") as caught:
        served(server.base_url).create_fine_tune(asked)
    assert server.asked[1] == "GET /v1/fine-tunes/models/limits?model_name=Qwen%2FQwen3-8B"
    assert "takes at most 20" in (caught.value.failure.message or "")
    full = request(provider_options={"training_type": {"type": "Full"}})
    with scripted(refusal, limits) as server, pytest.raises(Rejected, match="LoRA alone"):
        served(server.base_url).create_fine_tune(full)


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [
        ({"message": "not available"}, 404, r"\(Together does not train Qwen/Qwen3-8B\)"),
        ("<html>", 404, "Invalid request$"),
        ({"error": {"message": "no"}}, 500, "Invalid request$"),
        ({"model_name": QWEN}, 200, "Invalid request$"),
    ],
)
def test_limits_that_explain_nothing_change_nothing(told: Any, status: int, said: str) -> None:
    refusal = Said({"error": {"message": "Invalid request", "type": "invalid_request_error"}}, 400)
    with scripted(refusal, Said(told, status)) as server, pytest.raises(Rejected, match=said):
        served(server.base_url).create_fine_tune(request())


def test_a_create_that_is_in_doubt_is_followed_by_no_other_request() -> None:
    with scripted(Said({"message": "no shape of its own"}, 400)) as server, pytest.raises(Ambiguous):
        served(server.base_url).create_fine_tune(request())
    assert server.asked == ["POST /v1/fine-tunes"]


def test_used_up_credit_is_a_limit_and_no_matter_of_the_key() -> None:
    body = {"error": {"message": "Your free trial credits have been exceeded", "type": "auth"}}
    with scripted(Said(body, 401)) as server, pytest.raises(RateLimited):
        served(server.base_url).create_fine_tune(request())


def test_a_checkpoint_that_is_not_there_yet_is_waited_for_only_in_a_chain() -> None:
    body = {"error": {"message": "Checkpoint acme/x not found", "type": "invalid_request_error"}}
    with scripted(Said(body, 404)) as server:
        with pytest.raises(NotReady):
            served(server.base_url).create_fine_tune(request(model="acme/x", chained=True))
        with pytest.raises(Rejected):
            served(server.base_url).create_fine_tune(request(model="acme/x"))


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"processing_status": "PENDING"}, FileState.UPLOADED),
        ({"processing_status": "RUNNING"}, FileState.PROCESSING),
        ({"processing_status": "COMPLETED"}, FileState.READY),
        ({"processing_status": "INVALID_FORMAT"}, FileState.FAILED),
        ({"processing_status": "SOMETHING_NEW"}, FileState.UNKNOWN),
        ({"Processed": True}, FileState.READY),
        ({"Processed": False}, FileState.UPLOADED),
        ({}, FileState.UNKNOWN),
    ],
)
def test_how_far_a_file_is_also_where_only_the_document_says_so(
    told: dict[str, Any], state: FileState
) -> None:
    file = decode_file({"id": "file-1", "validation_report": {"valid": False, "error": "line 2"}, **told})
    assert (file.state, file.problem) == (state, "line 2")


@pytest.mark.parametrize("told", [[{"id": "a"}, {"id": "b"}], {"data": [{"id": "a"}, {"id": "b"}]}])
def test_models_are_a_bare_array(told: Any) -> None:
    with scripted(Said(told)) as server:
        assert served(server.base_url).list_models() == ("a", "b")


def test_a_model_is_not_deleted_here_and_nothing_is_sent() -> None:
    with scripted(Said({})) as server, pytest.raises(Rejected, match="cannot delete a model"):
        served(server.base_url).delete_model("acme/x")
    assert server.asked == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"provider_options": {"training_type": {"type": "Lora"}}}, "lora_r"),
        ({"provider_options": {"training_type": {"type": "Full", "lora_r": 8}}}, "lora_r"),
        ({"provider_options": {"training_type": {"type": "QLora"}}}, "Lora"),
        ({"provider_options": {"lr_scheduler": {"lr_scheduler_type": "step"}}}, "cosine"),
        ({"hyperparameters": {"learning_rate_multiplier": 2}}, "has no field 'learning_rate_multiplier'"),
        ({"hyperparameters": {"dpo_beta": 0.1}}, "has no field 'dpo_beta'"),
        ({"hyperparameters": {"n_evals": 101}}, "100"),
        ({"method": "reinforcement", "grader": {"type": "x"}}, "does not support the method reinforcement"),
        ({"suffix": "x" * 31}, "takes at most 30, beside the 10 of the mark"),
        ({"integrations": [{"type": "mlflow"}]}, "integrations"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p", "tags": ["a"]}}]}, "tags"),
    ],
)
def test_what_the_format_cannot_carry_is_refused_at_validate(spec: dict[str, Any], said: str) -> None:
    found = findings(**spec)
    assert found
    assert said in " ".join(found)


def test_what_the_format_carries_is_taken() -> None:
    spec = {
        "method": "dpo",
        "hyperparameters": {"n_epochs": 3, "dpo_beta": 0.1, "batch_size": "auto", "packing": False},
        "provider_options": {
            "training_type": {"type": "Lora", "lora_r": 16, "lora_alpha": 16, "lora_dropout": 0.1},
            "lr_scheduler": {"lr_scheduler_type": "cosine", "lr_scheduler_args": {"num_cycles": 0.5}},
        },
        "suffix": "x" * 30,
        "seed": 7,
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}],
    }
    assert findings(**spec) == []


@pytest.mark.parametrize(
    ("status", "nano", "price"),
    [
        ("completed", 1_500_000_000, amount(1.5)),
        ("error", 250_000_000, amount(0.25)),
        ("running", 1_500_000_000, None),
        ("completed", 0, None),
        ("completed", -1, None),
        ("completed", "1500000000", None),
        ("completed", 10**30, None),
    ],
)
def test_a_bill_is_in_billionths_of_a_dollar_and_of_a_job_that_has_ended(
    status: str, nano: object, price: Amount | None
) -> None:
    assert decode_job({**SHOWN, "status": status, "total_price": nano}, "t").price == price
