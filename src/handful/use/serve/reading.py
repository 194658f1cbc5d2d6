"""What a request holds, as decoded items; each part is looked at before anything decodes it.

Only bytes and words come in here. A string is never taken for a path: words stay words, everything
else is base64 or a part of a multipart form.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from handful.data.modalities.audio import read as audio
from handful.data.modalities.base import MODALITIES
from handful.data.modalities.image import read as image
from handful.data.modalities.text import read as text
from handful.foundation.errors import HandfulError, did_you_mean
from handful.use.serve.refusals import Refusal, of_fault
from handful.use.serve.settings import Config

_URL = re.compile(r"[a-z][a-z0-9+.-]{1,15}://", re.IGNORECASE)
_DATA = re.compile(r"data:[^,;]{0,100}(?:;[^,;]{1,100})*?;base64,", re.IGNORECASE)
_FIELD = re.compile(r"(?P<name>[a-z]+)(?:\[(?P<row>\d{1,4})\])?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

Raw = bytes | dict[str, str]
"""A part as it came: a file, or words by language."""


class Asked(NamedTuple):
    """One item of a request, not decoded yet.

    Attributes:
        parts: Modality to what came.
        hashes: Modality to its SHA-256.
        name: What the client calls it; may be empty.
        fault: Why it cannot be answered, if that is clear already.
    """

    parts: Mapping[str, Raw]
    hashes: Mapping[str, str]
    name: str = ""
    fault: Refusal | None = None


def from_json(body: bytes) -> Any:
    """The document in a body.

    Args:
        body: UTF-8.

    Raises:
        Refusal: 400 when it is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = 'send {"items": [{"text": "…", "image": "<base64>"}]} or a multipart form'
        raise Refusal(400, "not_json", f"The body is no JSON: {error}.", hint) from None


def items_in(document: Any, known: Sequence[str], config: Config) -> list[Asked]:
    """The items that a JSON document asks about.

    Args:
        document: `{"items": [...]}`, or one item by itself.
        known: The modalities that the release reads.
        config: Limits.

    Raises:
        Refusal: 422 when it asks about nothing or has another form, 413 when about too many.
    """
    if not isinstance(document, dict):
        raise Refusal(
            422, "form", f"The body is a JSON {_kind(document)}, and an object is asked for.",
            'send {"items": [{"text": "…"}]}',
        )  # fmt: skip
    rows = document.get("items", None)
    if rows is None:
        rows = [document]
    if not isinstance(rows, list) or not rows:
        raise Refusal(422, "form", "`items` must be a list of one item or more.", "")
    check_count(len(rows), config)
    return [_asked(row, known) for row in rows]


def items_of(
    fields: Sequence[tuple[str, bytes]], known: Sequence[str], config: Config
) -> list[Asked]:
    """The items that a multipart form asks about.

    Args:
        fields: Names such as `image`, or `image[2]` for the third of several items, with content.
        known: The modalities that the release reads.
        config: Limits.

    Raises:
        Refusal: 422 when there is none or a name is wrong, 413 when there are too many.
    """
    rows: dict[int, dict[str, Raw]] = {}
    for name, data in fields:
        match = _FIELD.fullmatch(name)
        if not match or match["name"] not in MODALITIES:
            shown = name[:40]
            raise Refusal(
                422, "form", f'A part of the form is called "{shown}".',
                f"name it {', '.join(known)}, or `{known[0]}[2]` for the third of several items",
            )  # fmt: skip
        row = rows.setdefault(int(match["row"] or 0), {})
        if match["name"] in row:
            raise Refusal(
                422, "form", f'Two parts of the form are called "{name}".',
                "number them: image[0], image[1]",
            )  # fmt: skip
        row[match["name"]] = data
    if not rows:
        raise Refusal(422, "form", "The form holds no part.", f"add {', '.join(known)}")
    check_count(len(rows), config)
    if sorted(rows) != list(range(len(rows))):
        raise Refusal(422, "form", "The items of the form are not numbered 0, 1, 2, ….", "")
    return [_whole(rows[row], "", known) for row in sorted(rows)]


def check_count(count: int, config: Config) -> None:
    """Refuse more items than one request may hold.

    Args:
        count: How many there are.
        config: Limits.

    Raises:
        Refusal: 413.
    """
    if count > config.items:
        raise Refusal(
            413, "too_many_items", f"{count} items came, and {config.items} at once are allowed.",
            "send them in several requests",
        )  # fmt: skip


def part_of(modality: str, value: Any) -> Raw:
    """One part of an item, from JSON.

    Args:
        modality: `text`, `image` or `audio`.
        value: Words, language to words, base64, a data URI, or `{"base64": "…"}`.

    Raises:
        Refusal: 422 when it is none of these.
    """
    if isinstance(value, dict) and set(value) == {"base64"}:
        return _decoded(modality, value["base64"])
    if modality == "text":
        if isinstance(value, str):
            return {text.UNKNOWN_LANGUAGE: value}
        if isinstance(value, dict) and _is_words(value):
            return dict(value)
        hint = 'send a string, {"en": "…"}, or {"base64": "…"} for a document'
        raise Refusal(422, "form", f"The text is a JSON {_kind(value)}.", hint)
    return _decoded(modality, value)


def decode(asked: Asked, config: Config) -> dict[str, Any] | Refusal:
    """Read the parts of an item, within the limits.

    Args:
        asked: As it came.
        config: Limits.

    Returns:
        Modality to decoded value, or why not.
    """
    if asked.fault:
        return asked.fault
    found = {}
    for modality, part in asked.parts.items():
        try:
            found[modality] = _readers(config)[modality](part)
        except HandfulError as fault:
            return of_fault(fault, modality)
    return found


def _readers(config: Config) -> dict[str, Callable[[Any], Any]]:
    # One decoder is enough here: what is served is answered and gone, not kept for training.
    pictures = image.Config(
        max_bytes=config.image_bytes, max_pixels=config.image_pixels, twice=False
    )
    sounds = audio.Config(max_bytes=config.audio_bytes, max_seconds=config.audio_seconds)
    words = text.Config(max_bytes=config.text_bytes, max_characters=config.text_characters)

    def read_text(part: Raw) -> Any:
        if isinstance(part, bytes):
            return text.read(part, words).value
        return text.from_words(part, words).value

    return {
        "text": read_text,
        "image": lambda part: image.read(part, pictures).value,
        "audio": lambda part: audio.read(part, sounds).value,
    }


def _asked(row: Any, known: Sequence[str]) -> Asked:
    if not isinstance(row, dict):
        what = f"An item is a JSON {_kind(row)}, and an object is asked for."
        return Asked({}, {}, "", Refusal(422, "form", what, '{"text": "…", "image": "<base64>"}'))
    name = row.get("id", "")
    name = name[:200] if isinstance(name, str) else ""
    parts: dict[str, Raw] = {}
    try:
        for key, value in row.items():
            if key in ("id", "model") or value is None:
                continue
            if key not in MODALITIES:
                what = f'An item holds "{key[:40]}".'
                raise Refusal(422, "modality", what, did_you_mean(key[:40], (*known, "id")))
            parts[key] = part_of(key, value)
    except Refusal as fault:
        return Asked({}, {}, name, fault)
    return _whole(parts, name, known)


def _whole(parts: dict[str, Raw], name: str, known: Sequence[str]) -> Asked:
    if not parts:
        what = "An item holds nothing."
        fault = Refusal(422, "empty", what, f"give at least one of {', '.join(known)}")
        return Asked({}, {}, name, fault)
    for each in parts:
        if each not in known:
            what = f"This release was not trained with {each}."
            hint = f"leave it out; it reads {' and '.join(known)}"
            return Asked({}, {}, name, Refusal(422, "modality", what, hint))
    return Asked(parts, {each: hash_of(part) for each, part in parts.items()}, name)


def hash_of(part: Raw) -> str:
    """The SHA-256 of a part as it came.

    Args:
        part: A file, or words by language.
    """
    if isinstance(part, dict):
        part = "\x00".join(each for pair in sorted(part.items()) for each in pair).encode(
            errors="surrogatepass"
        )
    return hashlib.sha256(part).hexdigest()


def _decoded(modality: str, value: Any) -> bytes:
    if not isinstance(value, str):
        hint = f"send the {modality} file as base64"
        raise Refusal(422, "form", f"The {modality} is a JSON {_kind(value)}.", hint)
    if match := _DATA.match(value):
        value = value[match.end() :]
    elif _URL.match(value):
        raise Refusal(
            422, "url", f"The {modality} is an address, and this server fetches none.",
            "send the file itself, as base64 or in a multipart form",
        )  # fmt: skip
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(
            422, "not_base64", f"The {modality} is no base64.",
            "encode the whole file, without line breaks; or send a multipart form",
        ) from None  # fmt: skip


def _is_words(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(
        isinstance(words, str) and _LANGUAGE.fullmatch(language)
        for language, words in value.items()
    )


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
