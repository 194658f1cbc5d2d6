"""Requests that are wrong, too much, or meant to harm: the right 4xx, and the next is answered."""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from use.serve.conftest import JSON, Client, Shop, form


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png_of(width: int, height: int) -> bytes:
    """A picture that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def wav_of(seconds: float) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.full(int(seconds * 4000), 0.1, np.float32), 4000, format="WAV")
    return out.getvalue()


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(out, "JPEG")
    return out.getvalue()


ITEMS: list[tuple[str, dict[str, Any], int]] = [
    ("a bomb of pixels", {"image": b64(png_of(60_000, 60_000))}, 413),
    ("a cut picture", {"image": b64(jpeg()[:700])}, 422),
    ("a script as picture", {"image": b64(b"<svg xmlns='x'><script/></svg>")}, 415),
    ("a program as picture", {"image": b64(b"\x7fELF" + b"\x00" * 300)}, 415),
    ("a pickle as sound", {"audio": b64(b"\x80\x04\x95" + b"\x00" * 300)}, 415),
    ("too long a sound", {"audio": b64(wav_of(3))}, 413),
    ("a picture as sound", {"audio": b64(jpeg())}, 415),
    ("nothing as sound", {"audio": ""}, 422),
    ("an address", {"image": "http://169.254.169.254/latest/meta-data"}, 422),
    ("a path", {"image": "/etc/passwd"}, 422),
    ("a path with a scheme", {"image": "file:///etc/passwd"}, 422),
    ("too many words", {"text": "word " * 1000}, 413),
    ("nothing as words", {"text": "   "}, 422),
    ("a NUL in words", {"text": "a\x00b"}, 422),
    ("a number as words", {"text": 7}, 422),
    ("another modality", {"video": "AAAA"}, 422),
    ("an empty item", {}, 422),
]


@pytest.fixture
def strict(serving: Callable[..., Client]) -> Client:
    return serving(audio_seconds=2.0, text_characters=4000, body_bytes=400_000, items=4)


@pytest.mark.parametrize(("what", "item", "status"), ITEMS, ids=[each[0] for each in ITEMS])
def test_hostile_items(strict: Client, what: str, item: dict[str, Any], status: int) -> None:
    reply = strict.post("/v1/predict", {"items": [item]})
    assert reply.status == status, reply.content
    assert reply.json["error"]["message"]
    assert strict.post("/v1/predict", {"text": "a bowl"}).status == 200
    mixed = strict.post("/v1/predict", {"items": [item, {"text": "a bowl"}]})
    assert mixed.status == 200
    assert "error" in mixed.json["answers"][0]


BODIES: list[tuple[str, bytes, dict[str, str], int]] = [
    ("no JSON", b'{"items": [', JSON, 400),
    ("no UTF-8", b'{"text": "\xff\xfe"}', JSON, 400),
    ("deep", b"[" * 5000, JSON, 400),
    ("a list", b"[]", JSON, 422),
    ("nothing", b"", JSON, 400),
    ("too many items", b'{"items": [{}, {}, {}, {}, {}]}', JSON, 413),
    ("too many bytes", b" " * 400_001, JSON, 413),
    ("another type", b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 415),
    ("packed", b"\x1f\x8b", {**JSON, "content-encoding": "gzip"}, 415),
    ("no boundary", b"x", {"content-type": "multipart/form-data"}, 400),
    ("a false length", b"{}", {**JSON, "content-length": "999999999999"}, 413),
    ("another host", b"{}", {**JSON, "host": "evil.example"}, 421),
    ("no deadline", b"{}", {**JSON, "x-deadline-ms": "soon"}, 400),
]


@pytest.mark.parametrize(
    ("what", "body", "headers", "status"), BODIES, ids=[each[0] for each in BODIES]
)
def test_hostile_bodies(
    strict: Client, what: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    reply = strict.post("/v1/predict", body, headers)
    assert reply.status == status, reply.content
    assert strict.post("/v1/predict", {"text": "a bowl"}).status == 200


def test_hostile_forms(strict: Client, released: Shop) -> None:
    for parts, code in [
        ([("image[9]", released.photo)], "form"),
        ([("picture", released.photo)], "form"),
        ([("image", released.photo), ("image", released.photo)], "form"),
        ([(f"text[{row}]", b"x") for row in range(13)], "form"),
        ([(f"text[{row}]", b"x") for row in range(5)], "too_many_items"),
    ]:
        body, kind = form(parts)
        assert strict.post("/v1/predict", body, kind).code == code
    body, kind = form([("image", released.photo)])
    assert strict.post("/v1/predict", body[:-30], kind).status == 400


def test_hostile_tensors(strict: Client) -> None:
    path = "/v2/models/handful/infer"
    good = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["a"]}
    for changes in [
        {"name": "words"},
        {"datatype": "FP32"},
        {"shape": [2]},
        {"shape": [True]},
        {"shape": []},
        {"shape": [-1]},
        {"data": [7]},
        {"parameters": {"binary_data_size": 10**12}},
    ]:
        reply = strict.post(path, {"inputs": [{**good, **changes}]})
        assert reply.status in (400, 422), changes
    for inputs in ([], "text", [good, good], [7]):
        assert strict.post(path, {"inputs": inputs}).status == 400


def test_hostile_embeddings(strict: Client) -> None:
    for content in [
        {"input": []},
        {"input": [[1, 2, 3]]},
        {"input": "a", "encoding_format": "hex"},
        {"input": "a", "dimensions": 3},
        {"input": "a", "space": "outer"},
        {"input": "a", "modality": "smell"},
        {"input": "https://127.0.0.1/x", "modality": "image"},
        {"messages": [{"role": "user", "content": [{"type": "video_url"}]}]},
        {"messages": []},
        [],
    ]:
        reply = strict.post("/v1/embeddings", content)
        assert reply.status == 422, content
