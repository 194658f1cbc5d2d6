"""The folder of an own tower: the form that model folders have, so that it is used as one.

FOLDER/config.json         what it is, how it reads, which network
      /model.safetensors   the weights, float32
      /README.md           what it was made from, and how well it did
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from handful.foundation.errors import InputError, storage
from handful.foundation.project.atomic import replacing, write_json, write_text
from handful.learn.model.packed.transformer import PackedTransformer
from handful.learn.towers.own.reading import Reading

KIND = "own"
"""What its config calls itself: the name of the family that reads it."""
FORMAT = 1


def write(folder: Path, network: PackedTransformer, reading: Reading, card: str) -> None:
    """Write a tower.

    Args:
        folder: Where; made when missing.
        network: Its network.
        reading: How finely it reads.
        card: For people, Markdown.

    Raises:
        StorageError: When the disk refuses.
    """
    with storage("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    with replacing(folder / "model.safetensors") as path:
        save_file(tensors, path, {"format": "pt"})
    config = {"model_type": KIND, "format": FORMAT, "network": network.as_dict()}
    write_json(folder / "config.json", {**config, "reading": reading.as_dict()})
    write_text(folder / "README.md", card)


def described(config: Mapping[str, Any], folder: Path) -> tuple[PackedTransformer, Reading]:
    """The network, with fresh weights, and the reading that a config describes.

    Args:
        config: Content of `config.json`.
        folder: Where it lies, for messages.

    Raises:
        InputError: When it is damaged, or of another version.
    """
    try:
        if config["format"] != FORMAT:
            raise ValueError(f"it has the format {config['format']}, and {FORMAT} is understood")
        reading = Reading(**config["reading"])
        network = PackedTransformer.from_dict(config["network"])
        if any(reading.windows[name] != window for name, window in network.windows.items()):
            raise ValueError("its network takes other windows than it reads")
        return network, reading
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f'"{folder / "config.json"}" describes no own tower: {error}.',
            "make the tower again: `handful pretrain`",
        ) from None


def load(config: Mapping[str, Any], folder: Path) -> tuple[PackedTransformer, Reading]:
    """The network with its weights, and how it reads.

    Args:
        config: Content of `config.json`.
        folder: Where the weights lie.

    Raises:
        InputError: When the weights are not those of the network described.
    """
    network, reading = described(config, folder)
    try:
        network.load_state_dict(load_file(folder / "model.safetensors"))
    except (RuntimeError, OSError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f'"{folder}" does not hold the network that its config.json describes: {first}',
            "make the tower again: `handful pretrain`",
        ) from None
    return network.eval(), reading
