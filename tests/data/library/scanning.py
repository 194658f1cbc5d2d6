"""Looks for bytes below a folder, in every form in which they could have been written."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from lance.file import LanceFileReader
from safetensors import safe_open


def files_with(folder: Path, marker: str | bytes) -> list[str]:
    """The files that hold a marker in plain, escaped, encoded, or in a decoded column."""
    forms = forms_of(marker) if isinstance(marker, str) else {marker}
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(form in whole for whole in contents(path) for form in forms)
    )


def forms_of(marker: str) -> set[bytes]:
    plain = marker.encode()
    return {
        plain,
        plain.hex().encode(),
        base64.b64encode(plain).rstrip(b"=")[:-1],
        json.dumps(marker).strip('"').encode(),
        marker.encode("utf-16-le"),
        marker.encode("utf-32-le"),
    }


def contents(path: Path):
    """A file as it lies, and what it means to whoever reads it."""
    data = path.read_bytes()
    yield data
    if path.suffix == ".lance":
        for batch in LanceFileReader(str(path)).read_all().to_batches():
            yield str(batch.to_pylist()).encode()
    if path.suffix == ".parquet":
        for row in pq.read_table(path).to_pylist():
            yield b" ".join(
                each if isinstance(each, bytes) else str(each).encode() for each in row.values()
            )
    if path.suffix == ".safetensors":
        with safe_open(path, framework="np") as file:
            yield json.dumps(file.metadata()).encode()
            for name in file.keys():  # noqa: SIM118
                yield np.asarray(file.get_tensor(name)).tobytes()
    if data[:4] == b"\x89PNG":
        yield from chunks(data)


def chunks(data: bytes):
    """The unpacked chunks of a PNG."""
    place = 8
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        inside = data[place + 8 : place + 8 + size]
        yield inside
        for start in (0, 1 + inside.find(b"\x00\x00")):
            try:
                yield zlib.decompress(inside[start:])
            except zlib.error:
                continue
        place += size + 12
