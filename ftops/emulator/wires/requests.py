"""What every wire format needs of a request: its JSON, and the files it names."""

from flask import request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.files import FINE_TUNE, PROCESSED, status_of
from ftops.emulator.world.fields import LARGEST_JSON_BODY, Fields


def read_json() -> Fields:
    """Return the body, whatever Content-Type it claims."""
    request.max_content_length = LARGEST_JSON_BODY
    return Fields.parse(request.get_data())


def check_files(emulator: Emulator, wanted: list[tuple[str, str | None]], unknown: str) -> None:
    """Refuse files that are not there or were uploaded for something else.

    `wanted` pairs the parameter an error names with a file id; `unknown` is the format's sentence for a
    missing file, with `{param}` and `{id}`.
    """
    now = emulator.clock.now()
    files = emulator.files.find_many(file_id for _, file_id in wanted if file_id is not None)
    for param, file_id in wanted:
        if file_id is None:
            continue
        file = files.get(file_id)
        if file is None or not file.visible(now):
            text = unknown.format(param=param, id=file_id[:80])
            raise refusals.Refusal(400, text, param=param)
        if (status := status_of(file, now)) != PROCESSED:
            raise refusals.file_not_ready(file_id, status)
        if file.purpose != FINE_TUNE:
            raise refusals.Refusal(
                400,
                f"File '{file_id}' has the purpose '{file.purpose}', but '{FINE_TUNE}' is required.",
                param=param,
            )
