"""Which number format a network computes in here: bfloat16 only where it was measured quicker."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from handful.data.modalities.base import Sound
from handful.foundation.hardware import choose_dtype, look_at_processor
from handful.foundation.project.atomic import write_json
from handful.learn.towers.local.networks import Arithmetic
from handful.learn.towers.local.opening import Opened
from handful.learn.towers.local.taps import OUTPUT

_WORTH_IT = 1.3
"""How many times as quick bfloat16 must be: it costs two of seven digits."""
_TURNS = 3
_KEPT = "arithmetic.json"


def choose_arithmetic(opened: Opened, modality: str, weights: str, cache: Path) -> Arithmetic:
    """The number format for one half of a network on this machine.

    A processor without bfloat16 units computes in float32, unmeasured. Where there are such units
    both are timed once, and the answer is kept in the cache, so that latents stay the same.

    Args:
        opened: The folder.
        modality: Which half.
        weights: SHA-256 of its weights.
        cache: The project's.
    """
    processor = look_at_processor()
    if choose_dtype(processor).value != "bfloat16":
        return "float32"
    key = f"{weights}/{modality}/{processor.name}"
    kept = _read(cache / _KEPT)
    if kept.get(key) not in ("float32", "bfloat16"):
        took = {name: _seconds(opened, modality, name) for name in ("float32", "bfloat16")}
        gain = took["float32"] / max(took["bfloat16"], 1e-9)
        kept[key] = "bfloat16" if gain >= _WORTH_IT else "float32"
        write_json(cache / _KEPT, kept)
    return "bfloat16" if kept[key] == "bfloat16" else "float32"


def specimens(modality: str, count: int) -> list[Any]:
    """Values of a usual size to time a network on; what they say does not matter.

    Args:
        modality: `text`, `image` or `audio`.
        count: How many.
    """
    random = np.random.default_rng(0)
    if modality == "text":
        return ["a small bowl with a blue glaze and a crack below the rim " * 3] * count
    if modality == "image":
        return [random.integers(0, 256, (256, 256, 3), dtype=np.uint8) for _ in range(count)]
    noise = random.normal(0, 0.1, (count, 16_000 * 4)).astype(np.float32)
    return [Sound(samples, 16_000) for samples in noise]


def _seconds(opened: Opened, modality: str, arithmetic: Arithmetic) -> float:
    """Core seconds of the quickest of a few turns."""
    encoder = opened.family.load(opened.folder, modality, arithmetic)
    values = specimens(modality, 4)
    encoder.encode(values[:1], {OUTPUT})
    took = []
    for _ in range(_TURNS):
        start = time.process_time()
        encoder.encode(values, {OUTPUT})
        took.append(time.process_time() - start)
    return min(took)


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}
