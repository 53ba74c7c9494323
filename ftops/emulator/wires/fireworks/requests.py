"""Decode a create of either kind of job, refusing as grpc-gateway does."""

from typing import Any

from ftops.emulator.wires.fireworks.errors import bad
from ftops.emulator.wires.fireworks.resources import short
from ftops.emulator.wires.fireworks.shapes import DPO, SHARED_FIELDS, SUPERVISED_FIELDS, TRAINING_FIELDS
from ftops.emulator.world.fields import Fields

_COUNTS = {"epochs": 1, "learningRateWarmupSteps": 0, "loraRank": 0, "maxContextLength": 1}
_COUNTS |= {"batchSize": 1, "batchSizeSamples": 0, "gradientAccumulationSteps": 1}
_COUNTS |= {"samplerCheckpointSaveIntervalSteps": 0}
_OBJECTS = ("awsS3Config", "azureBlobStorageConfig", "wandbConfig")
_TOP = ("dataset", "displayName", *SHARED_FIELDS, *_OBJECTS)
_TRAINING = ("baseModel", "warmStartFrom", "outputModel", *TRAINING_FIELDS)
_IGNORED = (
    "nodes",
    "mtpEnabled",
    "mtpFreezeBaseModel",
    "mtpNumDraftTokens",
    "metricsFileSignedUrl",
    "usePurpose",
)
LOSSES = ("METHOD_UNSPECIFIED", "GRPO", "DAPO", "DPO", "ORPO", "GSPO_TOKEN")
DEFAULT_BETA = 0.1


def training_of(body: Fields, collection: str) -> Fields:
    """Return where a create says how to train: DPO under `trainingConfig`, supervised at the top.

    Unknown names are refused; what grpc-gateway answers there was not seen, and this is its usual way.
    """
    if collection == DPO:
        body.refuse_unknown((*_TOP, "trainingConfig", "lossConfig"))
        training = body.child("trainingConfig") or Fields({}, "trainingConfig.")
        training.refuse_unknown(_TRAINING)
        return training
    body.refuse_unknown((*_TOP, *_TRAINING, *SUPERVISED_FIELDS, "evaluationDataset", *_IGNORED))
    return body


def decode(body: Fields, training: Fields, collection: str) -> dict[str, Any]:
    """Return what only this format echoes, with the server's defaults filled in."""
    asked: dict[str, Any] = {}
    for name, default in TRAINING_FIELDS.items():
        if name in _COUNTS:
            value: Any = training.integer(name, _COUNTS[name], 2**31 - 1)
        elif isinstance(default, str):
            value = training.text(name)
        else:
            value = training.number(name, 0, 1e6)
        asked[name] = default if value is None else value
    asked |= {name: body.flag(name) for name in SUPERVISED_FIELDS}
    for name, default in SHARED_FIELDS.items():
        asked[name] = body.flag(name) if default is False else body.text(name) or default
    for name in _OBJECTS:
        child = body.child(name)
        asked[name] = child.values if child else None
    asked["warm"] = _base(training)[1]
    if collection == DPO:
        asked["lossConfig"] = _loss(body)
    return asked


def base_model(training: Fields) -> str:
    """Return the model to start from."""
    return _base(training)[0]


def _base(training: Fields) -> tuple[str, bool]:
    base, warm = training.text("baseModel"), training.text("warmStartFrom")
    if base and not warm:
        return base, False
    if warm and not base:
        return warm, True
    raise bad("exactly one of base_model or warm_start_from must be specified")


def _loss(body: Fields) -> dict[str, Any]:
    loss = body.child("lossConfig") or Fields({}, "lossConfig.")
    loss.refuse_unknown(("method", "dpo", "klBeta"))
    method = loss.choice("method", LOSSES) or "METHOD_UNSPECIFIED"
    dpo = loss.child("dpo") or Fields({}, "lossConfig.dpo.")
    dpo.refuse_unknown(("beta", "refCacheConcurrency", "refCacheBatchSize"))
    beta = dpo.number("beta", 0, 0.5)
    return {"method": method, "dpo": {**dpo.values, "beta": DEFAULT_BETA if beta is None else beta}}


def dataset(body: Fields, name: str) -> str | None:
    """Return the id of a dataset that is named short or in whole."""
    text = body.text(name)
    return short(text) if text else None
