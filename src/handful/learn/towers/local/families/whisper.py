"""Whisper: the half that listens, for speech and for what else it hears."""
# B batch, T frames, D numbers

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handful.foundation.errors import require
from handful.learn.towers.local.encoder import Encoder, Rows
from handful.learn.towers.local.families.base import (
    About,
    Family,
    number,
    require_modality,
    require_processor,
    require_shapes,
    windows,
)
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.networks import (
    Arithmetic,
    by_length,
    explained,
    listen,
    load_network,
    offline,
)
from handful.learn.towers.local.pieces import by_pieces
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.learn.towers.local.weights import read_weights

_STRIDE = 2
"""Frames of the spectrogram that become one token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is heard at once."""

    sounds: int = 4
    """Pieces of 30 s per batch, at most."""
    pieces: int = 8
    """Pieces that a long recording is heard in, at most, evenly spread."""

    def __post_init__(self) -> None:
        for name in ("sounds", "pieces"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")


class Whisper(Family):
    """Folders whose config says `whisper`; the half that writes is left out."""

    def look(self, folder: ModelFolder) -> About:
        """Describe a folder; see `Family.look`."""
        weights = read_weights(folder.path)
        width = number(folder, "d_model", default=384)
        bands = number(folder, "num_mel_bins", default=80)
        start = "model." if any(name.startswith("model.") for name in weights.shapes) else ""
        conv = f"{start}encoder.conv1.weight"
        require_shapes(folder, weights, {conv: (width, bands, 3)})
        require_processor(folder, "feature extractor")
        layers = number(folder, "encoder_layers", default=4)
        return About(widths={"audio": width}, layers={"audio": layers}, weights=weights)

    def load(self, folder: ModelFolder, modality: str, arithmetic: Arithmetic) -> Encoder:
        """Load the half that listens; see `Family.load`."""
        require_modality(("audio",), modality, folder)
        with offline():
            from transformers import WhisperFeatureExtractor, WhisperModel

            network = load_network(WhisperModel, folder.path, arithmetic)
            with explained(folder.path, "read how it prepares sounds"):
                prepare = WhisperFeatureExtractor.from_pretrained(
                    folder.path, local_files_only=True
                )
            return _Sounds(network.encoder, prepare, self.config)


class _Sounds(Encoder):
    """Mean of the frames that hold sound: Whisper fills every piece up to 30 s with silence."""

    def __init__(self, network: Any, prepare: Any, config: Config) -> None:
        self._network, self._prepare, self._config = network, prepare, config

    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        prepare = self._prepare

        def cut(sound: Any) -> list[Any]:
            return windows(sound, prepare.sampling_rate, prepare.chunk_length, self._config.pieces)

        return by_pieces(values, cut, lambda pieces: self._rows(pieces, taps))

    def _rows(self, pieces: Sequence[Any], taps: Collection[Tap]) -> Rows:
        import torch

        def make(places: list[int]) -> dict[Tap, Any]:
            batch = [pieces[place] for place in places]
            heard = self._prepare(
                batch, sampling_rate=self._prepare.sampling_rate, return_tensors="pt"
            )["input_features"]
            out = self._network(
                heard.to(self._network.dtype),
                output_hidden_states=any(tap != OUTPUT for tap in taps),
            )
            frames = self._prepare.hop_length * _STRIDE
            used = np.array([max(1, -(-len(piece) // frames)) for piece in batch])
            total = out.last_hidden_state.shape[1]
            keep_BT = torch.arange(total)[None] < torch.from_numpy(used)[:, None]
            last = (out.last_hidden_state,)
            return {
                tap: listen(last, Tap(0, "mean"), keep_BT)
                if tap == OUTPUT
                else listen(out.hidden_states, tap, keep_BT)
                for tap in taps
            }

        return by_length([1] * len(pieces), self._config.sounds, make, rows=self._config.sounds)
