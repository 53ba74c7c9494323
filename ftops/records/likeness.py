"""What a job shows of the request behind it, compared field by field for what it means.

Where no mark of ours comes back, this is all there is to know a job by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from ftops.model.capabilities import Capabilities
from ftops.model.change import FieldDifference
from ftops.model.fingerprint import canonical_json
from ftops.model.job import Job, JobFile
from ftops.model.json_value import JSON, JSONObject

Appearance = Mapping[str, JSON]
"""What a job shows of a request, by manifest path; files as `{"id": ..., "sha256": ...}`."""

SameContent = Callable[[JobFile, str], bool]
"""Tells whether a file at the provider is this project's upload of the content with this SHA-256."""

FLOAT_ECHO = 1e-6
"""How far a number may be off, relatively: a server that keeps it in 32 bits shows 0.1 as 0.10000000149."""

_SNAPSHOT = re.compile(r"[-:@](\d{4,}|\d{4}-\d\d(-\d\d)?|v\d+|latest)(-preview)?")
"""What may follow a model's name when a provider shows the version behind it; `-002` is another model."""


class Likeness(Struct, frozen=True):
    """How much a job looks like a request.

    On a file that this project uploaded it is ours, or as good as: the file outranks every other field.
    `on_file` says that it shows the file of the request at all. `differing` are the fields known to both
    that differ (before: sent, after: shown).
    """

    on_our_file: bool
    on_file: bool = False
    differing: tuple[FieldDifference, ...] = ()

    @property
    def plausible(self) -> bool:
        """Return whether the job could be the request's."""
        return self.on_our_file or not self.differing


def appearance(
    spec: JSONObject, model: str | None, file_ids: Mapping[str, str], capabilities: Capabilities
) -> Appearance:
    """Return how a job for this canonical spec would look in a list of this dialect.

    `file_ids` maps SHA-256 to the provider's id of the uploaded file, as far as known; `model` is the
    resolved base model, None while the upstream has not made it.
    """
    shown: dict[str, JSON] = {"model": model}
    for role in ("training_file", "validation_file"):
        shown[role] = [_file_look(file, file_ids) for file in _files(spec.get(role))]
    hyperparameters = spec.get("hyperparameters")
    if isinstance(hyperparameters, Mapping):
        shown |= {f"hyperparameters.{key}": value for key, value in hyperparameters.items()}
    options = spec.get("provider_options")
    if isinstance(options, Mapping):
        shown |= {f"provider_options.{key}": value for key, value in options.items()}
    shown |= {key: spec[key] for key in ("suffix", "seed", "method") if key in spec}
    return {path: value for path, value in shown.items() if path in capabilities.echoes}


def likeness(known: Appearance, job: Job, same_content: SameContent) -> Likeness | None:
    """Compare a job with a request; None for a job on another training file. Null contradicts nothing."""
    training = _compared_files(known.get("training_file"), job.training_files, same_content)
    if training is False:
        return None
    uploaded = any(file.get("sha256") for file in _files(known.get("training_file")))
    on_file = training is True
    return Likeness(on_file and uploaded, on_file, alterations(known, job, same_content))


def alterations(
    known: Appearance, job: Job, same_content: SameContent | None = None
) -> tuple[FieldDifference, ...]:
    """Return the fields that a job shows differently from what was sent, by path.

    `auto` shown for a value that was sent counts: the value was dropped on the way. What was left to the
    provider was not sent, and nothing that it shows for it counts. Files are compared only with
    `same_content`, or by their ids where the dialect shows nothing else.
    """
    found = []
    asked = known.get("model")
    if isinstance(asked, str) and job.model is not None and not same_model(asked, job.model):
        found.append(FieldDifference("model", asked, job.model))
    files = (("training_file", job.training_files), ("validation_file", job.validation_files))
    for role, shown in files if same_content else ():
        if same_content and _compared_files(known.get(role), shown, same_content) is False:
            found.append(FieldDifference(role, known.get(role), [file.id for file in shown]))
    shown_values: Iterable[tuple[str, JSON]] = job.settings.items()
    for path, other in shown_values if job.suffix is None else (*shown_values, ("suffix", job.suffix)):
        value = known.get(path)
        if value is None or other is None or (other == value and other.__class__ is value.__class__ is str):
            continue
        if not same_value(value, other):
            found.append(FieldDifference(path, value, other))
    return tuple(sorted(found, key=lambda difference: difference.path)) if found else ()


def look_alike(first: Appearance, second: Appearance) -> bool:
    """Return whether a provider's list might not distinguish these two requests.

    On one file they do, whatever else differs: a job on it could be either. Hyperparameters do not count:
    a job without stamps may show them only after it has begun.
    """
    if _shared_upload(first, second):
        return True
    return all(
        first[path] == second[path]
        for path in first.keys() & second.keys()
        if first[path] is not None and second[path] is not None and not path.startswith(_SHOWN_LATER)
    )


_SHOWN_LATER = "hyperparameters."


def same_value(sent: JSON, shown: JSON) -> bool:
    """Compare two values by meaning: `"3"` is 3, and 0.1 is its echo from 32 bits.

    Of an object what was sent counts: a server fills in the rest, and what it does not show says nothing.
    """
    if sent == shown and sent.__class__ is shown.__class__ and sent.__class__ in _PLAIN:
        return True
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        both = (key for key in sent if sent[key] is not None and shown.get(key) is not None)
        return all(same_value(sent[key], shown[key]) for key in both)
    first, second = _number(sent), _number(shown)
    if first is not None and second is not None:
        return math.isclose(first, second, rel_tol=FLOAT_ECHO)
    return canonical_json(sent) == canonical_json(shown)


_PLAIN = (str, int, float)


def same_model(asked: str, shown: str) -> bool:
    """Compare base models: an alias is its snapshot, and a gateway may name the vendor before the model."""
    first, second = sorted((asked, shown), key=len)
    if "/" in second and "/" not in first:
        second = second.rsplit("/", 1)[1]
        first, second = sorted((first, second), key=len)
    return first == second or (
        second.startswith(first) and _SNAPSHOT.fullmatch(second[len(first) :]) is not None
    )


def said(differing: Iterable[FieldDifference]) -> str:
    """Format differences for people: what was sent, what the provider shows."""
    return "; ".join(f"{one.path}: sent {_text(one.before)}, shown {_text(one.after)}" for one in differing)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else canonical_json(value).decode()


def _number(value: JSON) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _files(value: JSON) -> tuple[Mapping[str, JSON], ...]:
    if isinstance(value, Mapping):
        return (value,)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(item for item in value if isinstance(item, Mapping))
    return ()


def _file_look(file: Mapping[str, JSON], file_ids: Mapping[str, str]) -> dict[str, JSON]:
    sha256 = file.get("sha256")
    if isinstance(sha256, str):
        return {"id": file_ids.get(sha256), "sha256": sha256}
    return {"id": file.get("file_id"), "sha256": None}


def _compared_files(known: JSON, shown: tuple[JobFile, ...], same_content: SameContent) -> bool | None:
    """Return whether a job uses these files; None where one side does not say."""
    if not shown or known is None:
        return None
    files = _files(known)
    if len(files) != len(shown):
        return False
    return all(_same_file(file, other, same_content) for file, other in zip(files, shown, strict=True))


def _same_file(known: Mapping[str, JSON], shown: JobFile, same_content: SameContent) -> bool:
    """Compare one file. The id decides, whatever name a server gives it; else our digest in its name does."""
    sha256 = known.get("sha256")
    if known.get("id") == shown.id:
        return True
    return isinstance(sha256, str) and same_content(shown, sha256)


def _shared_upload(first: Appearance, second: Appearance) -> bool:
    one, other = (
        {file["sha256"] for file in _files(look.get("training_file")) if file.get("sha256")}
        for look in (first, second)
    )
    return bool(one & other)
