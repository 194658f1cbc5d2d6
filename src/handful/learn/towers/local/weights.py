"""What weight files hold, read from their headers: nothing is loaded, and no pickle is opened."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open

from handful.foundation.errors import InputError, storage

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz")
"""Ends of files that may hold Python objects; opening one can run code that is hidden in it."""

_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "U8": 1, "BOOL": 1}
_NUMBERS = ("F64", "F32", "F16", "BF16")
_INDEX_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """The tensors of some files.

    Attributes:
        files: The files.
        shapes: Tensor to its shape.
        numbers: Real numbers in all.
    """

    files: tuple[Path, ...]
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    numbers: int = 0

    def __add__(self, other: Weights) -> Weights:
        return Weights(
            files=tuple(dict.fromkeys((*self.files, *other.files))),
            shapes={**self.shapes, **other.shapes},
            numbers=self.numbers + other.numbers,
        )


def read_weights(folder: Path) -> Weights:
    """Look at the weights of one folder, all shards together.

    Args:
        folder: Directly above the files.

    Raises:
        InputError: When there are none, only pickles, or a file is cut short or missing.
        StorageError: When a file may not be read.
    """
    files = _files(folder)
    found = Weights(files=())
    for path in files:
        found += _header(path)
    return found


def pickles_in(folder: Path) -> list[str]:
    """Names of files directly in a folder that hold weights as a pickle.

    Args:
        folder: Which.
    """
    asides = ("training_args.bin", "optimizer.pt", "scheduler.pt")  # never weights
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix in PICKLES and path.name not in asides and path.is_file()
    )


def _files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        return _shards(folder)
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    pickles = pickles_in(folder)
    if pickles:
        raise InputError(
            f'"{folder}" holds its weights as a pickle ({", ".join(pickles[:3])}), which can run '
            "code when it is opened, so it is never opened here.",
            "take the safetensors version of the model; most have one, and whoever made it can "
            "write one with `model.save_pretrained(FOLDER)`",
        )
    raise InputError(
        f'"{folder}" is incomplete: it has no weights ({SINGLE}).',
        "copy the whole folder again, or fetch it with `handful towers get`",
    )


def _shards(folder: Path) -> list[Path]:
    path = folder / INDEX
    try:
        with storage("read", path):
            if path.stat().st_size > _INDEX_BYTES:
                raise ValueError("it is too large")
            names = sorted(set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f'"{path}" cannot be read as a list of shards: {error}.', "copy the folder again"
        ) from None
    odd = [name for name in names if name != Path(name).name or not name.endswith(".safetensors")]
    if odd:
        raise InputError(
            f'"{path}" names the shard "{odd[0]}", which is no safetensors file beside it.',
            "copy the folder again from where you trust it",
        )
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        lacking = ", ".join(missing[:3]) or "every shard"
        raise InputError(
            f'"{folder}" is incomplete: {len(missing)} of {len(names)} shards are missing '
            f"({lacking}).",
            "copy the whole folder again",
        )
    return [folder / name for name in names]


def _header(path: Path) -> Weights:
    shapes, numbers, odd = {}, 0, ""
    try:
        with storage("read", path), safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118
                part = file.get_slice(name)
                shapes[name] = tuple(part.get_shape())
                if part.get_dtype() in _NUMBERS:
                    numbers += math.prod(shapes[name])
                elif part.get_dtype() not in _BYTES or part.get_dtype() == "U8":
                    odd = f"{name} as {part.get_dtype()}"
    except (SafetensorError, OSError) as error:
        size = path.stat().st_size if path.is_file() else 0
        raise InputError(
            f'"{path}" ({size:,} bytes) is cut short or damaged: {error}.', "copy the file again"
        ) from None
    if odd:
        raise InputError(
            f'"{path}" holds quantised numbers ({odd}); float32, float16 and bfloat16 are '
            "understood.",
            "take the version of the model that is not quantised",
        )
    return Weights(files=(path,), shapes=shapes, numbers=numbers)
