"""Memory of a network before it is loaded: by its weights, and by the sizes its settings claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handful.foundation.console import bytes_text
from handful.foundation.errors import InputError
from handful.foundation.hardware import look_at_memory
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.weights import Weights

_ASIDE = 300 * 2**20
"""What the libraries and one batch take beside the weights."""
_LARGEST_COUNT = 10_000_000
"""No width, vocabulary or length of a network that anybody trained is larger."""
_PREPARED = {
    "shortest_edge": 4096,
    "longest_edge": 4096,
    "height": 4096,
    "width": 4096,
    "sampling_rate": 400_000,
    "chunk_length": 600,
    "max_length_s": 600,
    "n_fft": 65_536,
    "feature_size": 4096,
}
"""The most that pictures and sounds are blown up to, in pixels, samples and seconds."""
_PREPARING = ("clip", "siglip", "clap", "whisper")
"""Networks whose processors mean sides by these; others may mean numbers of pixels."""
_SEVERAL = 4.0
"""The settings may claim so many times the numbers that the files hold: layers share weights."""
_WIDTHS = ("hidden_size", "d_model", "n_embd", "dim")
_LAYERS = ("num_hidden_layers", "encoder_layers", "num_layers", "n_layer", "n_layers")


def need_bytes(weights: Weights, *, bytes_per_number: int = 4) -> int:
    """Memory of a loaded network with one batch, in bytes.

    Args:
        weights: Its weights.
        bytes_per_number: 4 for float32, 2 for bfloat16.
    """
    return _ASIDE + weights.numbers * bytes_per_number


def require_plausible(folder: ModelFolder, weights: Weights) -> None:
    """Refuse settings that cannot belong to the weights, before anything is made of them.

    Args:
        folder: The folder.
        weights: All its weights.

    Raises:
        InputError: When a size is absurd, or another network is described.
    """
    for name, content in folder.settings.items():
        if not isinstance(content, Mapping) or not name.endswith("config.json"):
            continue
        for part in _parts(content):
            _require_sizes(folder, name, part, weights)


def require_memory(folder: ModelFolder, weights: Weights) -> None:
    """Refuse a network that does not fit into this machine's memory.

    Args:
        folder: The folder.
        weights: All its weights.

    Raises:
        InputError: With what it takes and what there is.
    """
    need, usable = need_bytes(weights), look_at_memory().usable_bytes
    if usable is not None and need > usable:
        raise InputError(
            f'"{folder.path}" would take about {bytes_text(need)} of memory, and this machine has '
            f"{bytes_text(usable)}.",
            "take a smaller model of the same family",
        )


def _require_sizes(
    folder: ModelFolder, name: str, part: Mapping[str, Any], weights: Weights
) -> None:
    place = folder.path / name
    counts = {key: value for key, value in part.items() if _is_count(key, value)}
    for key, value in counts.items():
        most = _PREPARED.get(key, _LARGEST_COUNT) if folder.kind in _PREPARING else _LARGEST_COUNT
        if not 0 <= value <= most:
            raise InputError(
                f'"{place}" says that `{key}` is {value:,}, which no network needs.',
                "copy the folder again from where you trust it",
            )
    width = max((counts.get(key, 0) for key in _WIDTHS), default=0)
    layers = max((counts.get(key, 0) for key in _LAYERS), default=0)
    claimed = 4 * layers * width**2 + counts.get("vocab_size", 0) * width
    if layers > max(len(weights.shapes), 1) * _SEVERAL or claimed > _SEVERAL * weights.numbers:
        raise InputError(
            f'"{place}" describes a network of {max(claimed, layers):,} numbers or more '
            f"({bytes_text(4 * claimed)} of memory), and the weights hold {weights.numbers:,}: "
            "they do not belong together.",
            "copy the folder again from where you trust it",
        )


def _is_count(key: str, value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    sizes = ("size", "layers", "dim", "d_model", "n_embd", "embeddings", "heads", "positions")
    return is_whole and (key.endswith(sizes) or key in (*_WIDTHS, *_LAYERS, *_PREPARED))


def _parts(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pending = [content]
    while pending:
        here = pending.pop()
        yield here
        pending.extend(value for value in here.values() if isinstance(value, Mapping))
