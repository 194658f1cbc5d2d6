"""The golden set of a release: made-up items with what it answered to them when it was made.

Whoever loads a release later, elsewhere, or after going back to it, asks again and compares. The
items follow from a seed, so the set holds nothing of the library; what it shows is that the whole
way from a decoded value to an answer still computes what it computed, not how good the answers are.
"""
# M items

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from handful.data.modalities.base import Sound
from handful.foundation.errors import ProjectError
from handful.foundation.predictor import Answer, Query
from handful.learn.routes.model import Model

GOLDEN = "golden.json"
_SEEDS = range(4)
_CLOSE = 0.02
"""Largest difference of a probability; other processors add in another order."""
_WORDS = ("round", "tall", "blue", "red", "cracked", "old", "new", "small", "bowl", "vase", "soft")


def golden_of(model: Model) -> dict[str, Any]:
    """What a model answers to the made-up items.

    Args:
        model: That answers; one that learned without labels has no golden set.

    Returns:
        Plain data for `golden.json`; empty without labels.
    """
    if model.head is None:
        return {}
    specs = specs_of(model.modalities)
    said = model.predict([item_of(each) for each in specs])
    return {
        "items": [
            {
                **spec,
                "label": each.label,
                "level": str(each.level),
                "probabilities": {name: round(p, 6) for name, p in each.probabilities.items()},
            }
            for spec, each in zip(specs, said, strict=True)
        ]
    }


def specs_of(modalities: Sequence[str]) -> list[dict[str, Any]]:
    """The made-up items: each modality alone, and all of them together.

    Args:
        modalities: That a model reads.
    """
    choices: list[tuple[str, ...]] = [(name,) for name in modalities]
    if len(modalities) > 1:
        choices.append(tuple(modalities))
    return [{"modalities": list(some), "seed": seed} for some, seed in product(choices, _SEEDS)]


def item_of(spec: Mapping[str, Any]) -> Query:
    """One made-up item, the same every time.

    Args:
        spec: `modalities` and a `seed`.
    """
    return {name: made_up(name, int(spec["seed"])) for name in spec["modalities"]}


def made_up(modality: str, seed: int) -> Any:
    """A small decoded value.

    Args:
        modality: `text`, `image` or `audio`.
        seed: Which one.
    """
    dice = np.random.default_rng([seed, len(modality)])
    if modality == "text":
        return {"und": " ".join(dice.choice(_WORDS, 6))}
    if modality == "image":
        small = dice.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        return np.repeat(np.repeat(small, 12, axis=0), 12, axis=1)
    time_s = np.arange(8_000) / 16_000
    pitch, fall = dice.uniform(200, 2_000), dice.uniform(3, 20)
    wave = 0.3 * np.sin(2 * np.pi * pitch * time_s) * np.exp(-fall * time_s)
    return Sound(wave.astype(np.float32), 16_000)


def compare_golden(golden: Mapping[str, Any], said: Sequence[Any], name: str) -> None:
    """Refuse a release that no longer answers as it did.

    Args:
        golden: The content of `golden.json`.
        said: Its answers now, one per item; anything but an answer is a failure.
        name: Of the release.

    Raises:
        ProjectError: When any answer is another one; the first is named.
    """
    for row, (wanted, found) in enumerate(zip(golden["items"], said, strict=True)):
        what = ""
        if not isinstance(found, Answer):
            what = "it does not answer"
        elif set(found.probabilities) != set(wanted["probabilities"]):
            what = "it chooses from other classes"
        else:
            far = max(
                abs(found.probabilities[each] - p) for each, p in wanted["probabilities"].items()
            )
            # A tie may fall the other way; numbers that far apart are no tie.
            if not far <= _CLOSE:
                what = f'a probability is off by {far:.2g} and the answer is "{found.label}"'
        if what:
            raise ProjectError(
                f'The release "{name}" does not answer golden item {row} as it did: {what}.',
                "release the run again on this machine, or restore the release from a copy",
            )
