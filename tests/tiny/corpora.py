"""A tiny corpus whose pictures, sounds and words of one item belong together."""

from pathlib import Path

import numpy as np
import torch

from handful.data.modalities.base import Sound
from handful.learn.model.packed.transformer import Block, PackedTransformer
from handful.learn.towers.own.reading import Reading
from handful.learn.train import corpus as corpora
from handful.learn.train.corpus import Corpus

READING = Reading(picture_px=24)
_WORDS = ["red cup", "green bowl with a lid", "blue plate", "old grey vase", "lamp", "wide tray"]


def items(count: int, kinds=("text", "image", "audio"), seed: int = 0):
    dice = np.random.default_rng(seed)
    for row in range(count):
        what = row % len(_WORDS)
        colour = np.array([what * 40, 255 - what * 40, (what * 90) % 256])
        picture = dice.normal(colour, 20, (20 + row % 3 * 10, 24, 3)).clip(0, 255)
        time = np.arange(3000 + 500 * (row % 2)) / 8000
        sound = np.sin(2 * np.pi * (300 + 400 * what) * time) + dice.normal(0, 0.01, len(time))
        found: dict[str, object] = {
            "text": {"en": f"{_WORDS[what]} {row}"},
            "image": picture.astype(np.uint8),
            "audio": Sound(sound.astype(np.float32), 8000),
        }
        if row % 4 == 3:
            found["audio"] = None
        yield {name: found[name] for name in kinds}


def wake(network: PackedTransformer, size: float) -> PackedTransformer:
    """Outputs that start at zero would hide every difference."""
    for block in network.trunk.blocks:
        assert isinstance(block, Block)
        torch.nn.init.normal_(block.out.weight, std=size)
        torch.nn.init.normal_(block.down.weight, std=size)
    return network


def corpus(folder: Path, count: int = 24, kinds=("text", "image", "audio")) -> Corpus:
    corpora.write(folder, items(count, kinds), READING, "digest")
    return Corpus(folder)
