"""Text and picture halves of networks that read both: tokens or pixels in, rows out."""
# B batch, T tokens, D numbers

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from PIL import Image

from handful.learn.towers.local.encoder import Encoder, Rows
from handful.learn.towers.local.networks import by_length, listen
from handful.learn.towers.local.taps import OUTPUT, Tap


class Texts(Encoder):
    """The half that reads text.

    Args:
        network: Has `get_text_features`.
        tokenizer: Of the same folder.
        longest: Tokens of a text that are read.
        most: Tokens per batch, at most.
        is_padded: Every text is padded to `longest`, and padding is read as well: SigLIP learned
            so.
    """

    def __init__(
        self, network: Any, tokenizer: Any, *, longest: int, most: int, is_padded: bool = False
    ) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._longest, self._most, self._is_padded = longest, most, is_padded

    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        """Turn every text into one vector per tap; see `Encoder.encode`."""
        padding = "max_length" if self._is_padded else False
        ids = self._tokenizer(
            list(values), truncation=True, max_length=self._longest, padding=padding
        )["input_ids"]

        def make(places: list[int]) -> dict[Tap, Any]:
            batch = self._tokenizer.pad(
                {"input_ids": [ids[place] for place in places]}, return_tensors="pt"
            )
            mask = None if self._is_padded else batch["attention_mask"]
            out = self._network.get_text_features(
                input_ids=batch["input_ids"],
                attention_mask=mask,
                output_hidden_states=any(tap != OUTPUT for tap in taps),
            )
            return {
                tap: out.pooler_output if tap == OUTPUT else listen(out.hidden_states, tap, mask)
                for tap in taps
            }

        return by_length([len(each) for each in ids], self._most, make)


class Pictures(Encoder):
    """The half that looks at pictures.

    Args:
        network: Has `get_image_features`.
        prepare: An image processor that needs Pillow and numpy only.
        most: Pictures per batch, at most.
    """

    def __init__(self, network: Any, prepare: Any, *, most: int) -> None:
        self._network, self._prepare, self._most = network, prepare, most

    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        """Turn every picture into one vector per tap; see `Encoder.encode`."""

        def make(places: list[int]) -> dict[Tap, Any]:
            pictures = [Image.fromarray(np.asarray(values[place])) for place in places]
            pixels = self._prepare(images=pictures, return_tensors="pt")["pixel_values"]
            out = self._network.get_image_features(
                pixel_values=pixels.to(self._network.dtype),
                output_hidden_states=any(tap != OUTPUT for tap in taps),
            )
            return {
                tap: out.pooler_output if tap == OUTPUT else listen(out.hidden_states, tap)
                for tap in taps
            }

        return by_length([1] * len(values), self._most, make, rows=self._most)
