"""The Open Inference Protocol, version 2: what KServe, Triton and their clients speak.

Inputs are tensors of datatype BYTES, one per modality, of shape `[N]` or `[N, 1]`: words as they
are, pictures and sounds as base64, or as raw bytes with the binary extension. Outputs are `label`,
`level`, `confidence` and `probabilities`. The protocol knows no answer per item, so one item that
cannot be used refuses the whole request, and says which it is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from handful import __version__
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import did_you_mean
from handful.use.serve.reading import Asked, Raw, check_count, from_json, hash_of, part_of
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.settings import Config

MODEL = "handful"
"""The name of the one model here; its version is the release's digest."""

_LENGTH = struct.Struct("<I")
_OUTPUTS = ("label", "level", "confidence", "probabilities")


def server() -> dict[str, Any]:
    """What the server is."""
    return {"name": MODEL, "version": __version__, "extensions": ["binary_tensor_data"]}


def model(replica: Replica) -> dict[str, Any]:
    """What the model takes and gives.

    Args:
        replica: The release that answers.
    """
    inputs = [{"name": each, "datatype": "BYTES", "shape": [-1]} for each in replica.modalities]
    wide = [-1, len(replica.classes)]
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "level", "datatype": "BYTES", "shape": [-1]},
        {"name": "confidence", "datatype": "FP64", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": wide},
    ]
    return {
        "name": MODEL,
        "versions": [replica.digest],
        "platform": "handful",
        "inputs": inputs,
        "outputs": outputs,
        "parameters": {"classes": list(replica.classes)},
    }


def items_in(
    body: bytes, json_size: str, known: Sequence[str], config: Config
) -> tuple[list[Asked], dict[str, Any]]:
    """The items that a request asks about.

    Args:
        body: JSON, with raw tensors behind it in the binary extension.
        json_size: The header `Inference-Header-Content-Length`; empty without the extension.
        known: The modalities that the release reads.
        config: Limits.

    Returns:
        The items, and the request's document.

    Raises:
        Refusal: 400 when it does not hold to the protocol.
    """
    document, rest = _split(body, json_size)
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise Refusal(400, "form", "`inputs` must be a list of one tensor or more.", "")
    columns: dict[str, list[Raw]] = {}
    for tensor in inputs:
        name, column, rest = _column(tensor, rest, known)
        if name in columns:
            raise Refusal(400, "form", f'Two tensors are called "{name}".', "")
        columns[name] = column
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise Refusal(400, "form", "The tensors have different lengths.", "one row per item")
    (count,) = lengths
    check_count(count, config)
    items = []
    for row in range(count):
        parts = {name: column[row] for name, column in columns.items()}
        items.append(Asked(parts, {name: hash_of(part) for name, part in parts.items()}))
    return items, document


def response_of(
    answers: Sequence[Mapping[str, Any]], replica: Replica, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Answers in the protocol's form.

    Args:
        answers: As plain data.
        replica: The release that gave them.
        document: The request.
    """
    count = len(answers)
    table = [each["probabilities"][name] for each in answers for name in replica.classes]
    tensors: dict[str, dict[str, Any]] = {
        "label": _tensor("BYTES", [count], [each["label"] for each in answers]),
        "level": _tensor("BYTES", [count], [each["level"] for each in answers]),
        "confidence": _tensor("FP64", [count], [each["confidence"] for each in answers]),
        "probabilities": _tensor("FP64", [count, len(replica.classes)], table),
    }
    found: dict[str, Any] = {
        "model_name": MODEL,
        "model_version": replica.digest,
        "outputs": [{"name": name, **tensors[name]} for name in _wanted(document)],
        "parameters": {"ids": [each["id"] for each in answers]},
    }
    if isinstance(document.get("id"), str):
        found["id"] = document["id"][:200]
    return found


def _tensor(datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"datatype": datatype, "shape": shape, "data": data}


def _wanted(document: Mapping[str, Any]) -> list[str]:
    outputs = document.get("outputs")
    if not outputs:
        return list(_OUTPUTS)
    names = [each.get("name") if isinstance(each, dict) else None for each in outputs]
    for name in names:
        if name not in _OUTPUTS:
            hint = did_you_mean(str(name)[:40], _OUTPUTS)
            raise Refusal(400, "form", "An output that was asked for does not exist.", hint)
    return [str(name) for name in dict.fromkeys(names)]


def _split(body: bytes, json_size: str) -> tuple[dict[str, Any], bytes]:
    size = len(body)
    if json_size:
        if not json_size.isascii() or not json_size.isdigit() or int(json_size) > len(body):
            raise Refusal(
                400, "form", "`Inference-Header-Content-Length` does not fit the body.", ""
            )
        size = int(json_size)
    document = from_json(body[:size])
    if not isinstance(document, dict):
        raise Refusal(400, "form", "The body is no JSON object.", "")
    return document, body[size:]


def _column(tensor: Any, rest: bytes, known: Sequence[str]) -> tuple[str, list[Raw], bytes]:
    name = tensor.get("name") if isinstance(tensor, dict) else None
    if name not in MODALITIES or name not in known:
        hint = did_you_mean(str(name)[:40], known)
        raise Refusal(400, "modality", "A tensor's name is no modality of this release.", hint)
    if tensor.get("datatype") != "BYTES":
        raise Refusal(400, "form", f'The tensor "{name}" is not of datatype BYTES.', "")
    count = _rows(tensor.get("shape"), name)
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None:
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(rest):
            raise Refusal(400, "form", f'`binary_data_size` of "{name}" does not fit.', "")
        return name, _raw(name, rest[:size], count), rest[size:]
    data = tensor.get("data")
    while (
        isinstance(data, list)
        and len(data) == count
        and all(isinstance(each, list) and len(each) == 1 for each in data)
    ):
        data = [each[0] for each in data]
    if not isinstance(data, list) or len(data) != count:
        raise Refusal(400, "form", f'The data of "{name}" does not have its shape.', "")
    return name, [part_of(name, each) for each in data], rest


def _rows(shape: Any, name: str) -> int:
    fits = (
        isinstance(shape, list)
        and shape
        and all(isinstance(each, int) and not isinstance(each, bool) for each in shape)
    )
    if not fits or shape[0] < 1 or shape[1:] not in ([], [1]):
        hint = "[N], or [N, 1]"
        raise Refusal(400, "form", f'The shape of "{name}" is not understood.', hint)
    return shape[0]


def _raw(name: str, data: bytes, count: int) -> list[Raw]:
    """Elements of a BYTES tensor: each its length in four bytes, little end first, then itself."""
    found: list[Raw] = []
    at = 0
    while at < len(data) and len(found) <= count:
        if at + _LENGTH.size > len(data):
            break
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise Refusal(400, "form", f'The tensor "{name}" ends early.', "")
        found.append(data[at : at + length])
        at += length
    if at != len(data) or len(found) != count:
        raise Refusal(400, "form", f'The tensor "{name}" does not have its shape.', "")
    return found
