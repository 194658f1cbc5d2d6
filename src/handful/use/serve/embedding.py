"""Embeddings as OpenAI's clients ask for them, with the two ways that servers take more than text.

- `{"input": "…"}` or `{"input": ["…", …]}`: texts.
- the same with `"modality": "image"` or `"audio"`: base64 or data URIs.
- `{"messages": [{"role": "user", "content": [{"type": "image_url", …}]}]}`: one item of any parts.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import did_you_mean
from handful.use.serve.reading import Asked, check_count, items_in
from handful.use.serve.refusals import Refusal
from handful.use.serve.settings import Config

_FORMATS = ("float", "base64")


class Wanted(NamedTuple):
    """What a request for embeddings asks.

    Attributes:
        items: As they came.
        is_base64: Whether numbers are wanted as base64 of float32.
        space: `shared`, `plain`, or empty for the release's own.
    """

    items: list[Asked]
    is_base64: bool
    space: str


def wanted_in(document: Any, known: Sequence[str], config: Config) -> Wanted:
    """What a document asks for.

    Args:
        document: From JSON.
        known: The modalities that the release reads.
        config: Limits.

    Raises:
        Refusal: 422 when it has another form, or any item cannot be used; 413 when they are too
            many.
    """
    if not isinstance(document, dict):
        raise Refusal(422, "form", "The body is no JSON object.", 'send {"input": ["…"]}')
    shape = document.get("encoding_format") or "float"
    if shape not in _FORMATS:
        raise Refusal(422, "form", "`encoding_format` is unknown.", "`float` or `base64`")
    space = document.get("space") or ""
    if not isinstance(space, str):
        raise Refusal(422, "form", "`space` is no string.", "`shared` or `plain`")
    if document.get("dimensions") is not None:
        what = "`dimensions` was given, and this release has one width."
        raise Refusal(422, "form", what, "leave it out")
    if "messages" in document:
        rows: list[Any] = [_of_messages(document["messages"])]
    else:
        rows = _of_input(document)
    check_count(len(rows), config)
    items = items_in({"items": rows}, known, config)
    for item in items:
        if item.fault:
            raise item.fault
    return Wanted(items, shape == "base64", space)


def response_of(
    vectors: Sequence[NDArray[np.float32]], wanted: Wanted, model: str
) -> dict[str, Any]:
    """Embeddings in OpenAI's form; `usage` is 0, since nothing here is counted in tokens.

    Args:
        vectors: `[D]` float32 each.
        wanted: What was asked for.
        model: The release's digest.
    """
    data = [
        {"object": "embedding", "index": index, "embedding": _shown(each, wanted.is_base64)}
        for index, each in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _shown(vector: NDArray[np.float32], is_base64: bool) -> Any:
    if is_base64:
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    return vector.tolist()


def _of_input(document: Mapping[str, Any]) -> list[Any]:
    modality = document.get("modality") or "text"
    if modality not in MODALITIES:
        hint = did_you_mean(str(modality)[:40], MODALITIES)
        raise Refusal(422, "modality", "`modality` is unknown.", hint)
    given = document.get("input")
    rows = [given] if isinstance(given, str) else given
    if not isinstance(rows, list) or not rows:
        raise Refusal(422, "form", "`input` is empty, or no string and no list.", '"input": ["…"]')
    if not all(isinstance(row, str) for row in rows):
        what = "`input` holds something that is no string; lists of tokens are not understood."
        raise Refusal(422, "form", what, "send the words themselves")
    return [{modality: row} for row in rows]


def _of_messages(messages: Any) -> dict[str, Any]:
    if not isinstance(messages, list) or not messages:
        raise Refusal(422, "form", "`messages` must be a list of one message or more.", "")
    item: dict[str, Any] = {}
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            raise Refusal(422, "form", "A message has no `content`.", "a string or a list of parts")
        for part in parts:
            modality, value = _of_part(part)
            if modality in item:
                what = f"Two parts of kind {modality} came for one item."
                raise Refusal(422, "form", what, "send one of each")
            item[modality] = value
    return item


def _of_part(part: Any) -> tuple[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        return "text", part.get("text")
    if kind == "image_url":
        found = part.get("image_url")
        return "image", found.get("url") if isinstance(found, dict) else found
    if kind == "input_audio":
        found = part.get("input_audio")
        return "audio", found.get("data") if isinstance(found, dict) else found
    if kind == "audio_url":
        found = part.get("audio_url")
        return "audio", found.get("url") if isinstance(found, dict) else found
    hint = "`text`, `image_url` or `input_audio`"
    raise Refusal(422, "form", "A part of a message has an unknown `type`.", hint)
