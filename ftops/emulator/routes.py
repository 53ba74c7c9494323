"""Every route of the provider's API. An endpoint's name starts with the operation that faults go by."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest

from ftops.emulator import wire_files, wire_legacy, wire_openai
from ftops.emulator.faults import Fault
from ftops.emulator.metrics_file import metrics_csv
from ftops.emulator.replies import ApiError
from ftops.emulator.store import Store


def json_reply(body: Any, status: int = 200) -> Response:
    """Make a JSON reply."""
    return Response(orjson.dumps(body), status, content_type="application/json")


def add_routes(app: Flask, store: Store) -> None:
    """Add both families of jobs, files and models."""
    _add_openai(app, store)
    _add_openai_extras(app, store)
    _add_legacy(app, store)
    _add_files(app, store)
    _add_models(app, store)


def _add_openai(app: Flask, store: Store) -> None:
    jobs = "/v1/fine_tuning/jobs"

    @app.post(jobs, endpoint="create.openai")
    def create() -> Response:
        return json_reply(wire_openai.create(store, _body()))

    @app.get(jobs, endpoint="list.openai")
    def list_jobs() -> Response:
        query = _query()
        if _fault_kind() == "repeat_page":
            query.pop("after", None)
        page = wire_openai.list_jobs(store, query, _older_than(store))
        if _fault_kind() == "truncate_list":
            page["has_more"] = True
            page["data"] = page["data"][: len(page["data"]) // 2]
        return json_reply(page)

    @app.get(f"{jobs}/<path:job_id>", endpoint="retrieve.openai")
    def retrieve(job_id: str) -> Response:
        return json_reply(wire_openai.retrieve(store, job_id))

    @app.post(f"{jobs}/<path:job_id>/cancel", endpoint="cancel.openai")
    def cancel(job_id: str) -> Response:
        return json_reply(wire_openai.cancel_job(store, job_id))


def _add_openai_extras(app: Flask, store: Store) -> None:
    jobs = "/v1/fine_tuning/jobs"

    @app.post(f"{jobs}/<path:job_id>/pause", endpoint="pause.openai")
    def pause(job_id: str) -> Response:
        return json_reply(wire_openai.pause(store, job_id))

    @app.post(f"{jobs}/<path:job_id>/resume", endpoint="resume.openai")
    def resume(job_id: str) -> Response:
        return json_reply(wire_openai.resume(store, job_id))

    @app.get(f"{jobs}/<path:job_id>/events", endpoint="events.openai")
    def events(job_id: str) -> Response:
        return json_reply(wire_openai.job_events(store, job_id, _query()))

    @app.get(f"{jobs}/<path:job_id>/checkpoints", endpoint="events.openai_checkpoints")
    def checkpoints(job_id: str) -> Response:
        return json_reply(wire_openai.checkpoints(store, job_id, _query()))


def _add_legacy(app: Flask, store: Store) -> None:
    jobs = "/v1/fine-tunes"

    @app.post(jobs, endpoint="create.legacy")
    def create() -> Response:
        return json_reply(wire_legacy.create(store, _body()))

    @app.get(jobs, endpoint="list.legacy")
    def list_jobs() -> Response:
        return json_reply(wire_legacy.list_jobs(store, _older_than(store)))

    @app.get(f"{jobs}/<path:job_id>", endpoint="retrieve.legacy")
    def retrieve(job_id: str) -> Response:
        return json_reply(wire_legacy.retrieve(store, job_id))

    @app.post(f"{jobs}/<path:job_id>/cancel", endpoint="cancel.legacy")
    def cancel(job_id: str) -> Response:
        return json_reply(wire_legacy.cancel_job(store, job_id))

    @app.get(f"{jobs}/<path:job_id>/events", endpoint="events.legacy")
    def events(job_id: str) -> Response:
        if request.args.get("stream", "").lower() == "true":
            fault: Fault | None = request.environ.get("ftops.fault")
            most = int(fault.options.get("events", 2)) if fault and fault.kind == "cut_stream" else None
            wire_legacy.find(store, job_id)
            lines = wire_legacy.stream_events(store, job_id, most)
            return Response(lines, content_type="text/event-stream")
        job = wire_legacy.find(store, job_id)
        return json_reply({"object": "list", "data": wire_legacy.job_events(job, store.now())})


def _add_files(app: Flask, store: Store) -> None:
    @app.post("/v1/files", endpoint="upload.files")
    def upload() -> Response:
        sent = request.files.get("file")
        stream = sent.stream if sent is not None else None
        filename = (sent.filename or "") if sent is not None else ""
        return json_reply(wire_files.upload(store, stream, filename, request.form.to_dict()))

    @app.get("/v1/files", endpoint="files.list")
    def list_files() -> Response:
        return json_reply(wire_files.list_files(store, _query()))

    @app.get("/v1/files/<file_id>", endpoint="files.retrieve")
    def retrieve(file_id: str) -> Response:
        return json_reply(wire_files.show_file(wire_files.find_file(store, file_id)))

    @app.delete("/v1/files/<file_id>", endpoint="files.delete")
    def delete(file_id: str) -> Response:
        return json_reply(wire_files.delete_file(store, file_id))

    @app.get("/v1/files/<file_id>/content", endpoint="files.content")
    def content(file_id: str) -> Response:
        result = _result_file(store, file_id)
        if result is not None:
            return Response(result, content_type="text/csv")
        wire_files.find_file(store, file_id)
        path = wire_files.content_path(store, file_id)
        return Response(path.read_bytes(), content_type="application/octet-stream")


def _add_models(app: Flask, store: Store) -> None:
    @app.get("/v1/models", endpoint="models.list")
    def list_models() -> Response:
        return json_reply({"object": "list", "data": [_model(name) for name in sorted(_models(store))]})

    @app.get("/v1/models/<path:model>", endpoint="models.retrieve")
    def retrieve(model: str) -> Response:
        _require_model(model, _models(store))
        return json_reply(_model(model))

    @app.delete("/v1/models/<path:model>", endpoint="models.delete")
    def delete(model: str) -> Response:
        _require_model(model, {*wire_openai.models(store), *wire_legacy.models(store)})
        store.delete_model(model)
        return json_reply({"id": model, "object": "model", "deleted": True})


def _models(store: Store) -> set[str]:
    made = {*wire_openai.models(store), *wire_legacy.models(store)}
    return made | set(wire_openai.BASE_MODELS) | set(wire_legacy.BASE_MODELS)


def _require_model(model: str, known: set[str]) -> None:
    if model not in known:
        message = f"The model '{model}' does not exist"
        raise ApiError(404, message, param="model", code="model_not_found")


def _model(name: str) -> dict[str, Any]:
    owner = "org-emulator" if "ft" in name.split(":") or ":ft-" in name else "openai"
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner}


def _result_file(store: Store, file_id: str) -> bytes | None:
    job_id = file_id.removeprefix("file-result-")
    if job_id == file_id:
        return None
    legacy = store.job(wire_legacy.FAMILY, job_id)
    job = legacy or store.job(wire_openai.FAMILY, job_id)
    return metrics_csv(job, legacy=legacy is not None) if job else None


def _body() -> Any:
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise BadRequest from error


def _query() -> dict[str, str]:
    return request.args.to_dict()


def _fault_kind() -> str | None:
    fault: Fault | None = request.environ.get("ftops.fault")
    return fault.kind if fault else None


def _older_than(store: Store) -> float:
    """Give the real second up to which a list shows jobs; a lagging one leaves the newest out."""
    fault: Fault | None = request.environ.get("ftops.fault")
    lag = float(fault.options.get("seconds", 60)) if fault and fault.kind == "lagging_list" else 0.0
    return store.real_now() - lag
