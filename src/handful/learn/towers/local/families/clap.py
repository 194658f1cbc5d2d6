"""CLAP: sounds and short texts in one space."""
# B batch, D numbers

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from handful.foundation.errors import require
from handful.learn.towers.local.encoder import Encoder, Rows
from handful.learn.towers.local.families.base import (
    About,
    Family,
    number,
    require_modality,
    require_processor,
    require_shapes,
    require_tokenizer,
    windows,
)
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.halves import Texts
from handful.learn.towers.local.networks import (
    Arithmetic,
    by_length,
    explained,
    listen,
    load_network,
    load_tokenizer,
    offline,
)
from handful.learn.towers.local.pieces import by_pieces
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.learn.towers.local.weights import read_weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is read and heard at once."""

    tokens: int = 4096
    """Text tokens per batch, at most."""
    sounds: int = 8
    """Pieces of sound per batch, at most."""
    pieces: int = 12
    """Pieces that a long recording is heard in, at most, evenly spread."""

    def __post_init__(self) -> None:
        for name in ("tokens", "sounds", "pieces"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")


class Clap(Family):
    """Folders whose config says `clap`."""

    def look(self, folder: ModelFolder) -> About:
        """Describe a folder; see `Family.look`."""
        weights = read_weights(folder.path)
        width = number(folder, "projection_dim", default=512)
        heard = number(folder, "audio_config", "hidden_size", default=768)
        said = number(folder, "text_config", "hidden_size", default=768)
        letters = number(folder, "text_config", "vocab_size", default=50265)
        require_shapes(
            folder,
            weights,
            {
                "audio_projection.linear1.weight": (width, heard),
                "text_projection.linear1.weight": (width, said),
                "text_model.embeddings.word_embeddings.weight": (letters, said),
            },
        )
        require_tokenizer(folder)
        require_processor(folder, "feature extractor")
        audio = folder.config.get("audio_config")
        depths = audio.get("depths", (2, 2, 6, 2)) if isinstance(audio, dict) else ()
        return About(
            widths={"text": width, "audio": width},
            layers={
                "text": number(folder, "text_config", "num_hidden_layers", default=12),
                "audio": len(depths) if isinstance(depths, list | tuple) else 0,
            },
            weights=weights,
        )

    def load(self, folder: ModelFolder, modality: str, arithmetic: Arithmetic) -> Encoder:
        """Load one half of the network; see `Family.load`."""
        require_modality(("text", "audio"), modality, folder)
        with offline():
            from transformers import ClapFeatureExtractor, ClapModel

            network = load_network(ClapModel, folder.path, arithmetic)
            if modality == "text":
                del network.audio_model
                settings = network.config.text_config
                longest = settings.max_position_embeddings - settings.pad_token_id - 1
                tokenizer = load_tokenizer(folder.path)
                return Texts(network, tokenizer, longest=longest, most=self.config.tokens)
            del network.text_model
            with explained(folder.path, "read how it prepares sounds"):
                prepare = ClapFeatureExtractor.from_pretrained(folder.path, local_files_only=True)
            return _Sounds(network, prepare, self.config)


class _Sounds(Encoder):
    """Sounds in pieces that the network holds whole.

    Of a longer sound the reference takes a part by chance, so a row would depend on luck; here it
    is the mean over pieces. A network with fusion always gets its flag for long sounds, as it does
    from the reference for a single one.
    """

    def __init__(self, network: Any, prepare: Any, config: Config) -> None:
        self._network, self._prepare, self._config = network, prepare, config

    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        prepare = self._prepare

        def cut(sound: Any) -> list[Any]:
            return windows(sound, prepare.sampling_rate, prepare.max_length_s, self._config.pieces)

        return by_pieces(values, cut, lambda pieces: self._rows(pieces, taps))

    def _rows(self, pieces: Sequence[Any], taps: Collection[Tap]) -> Rows:
        import torch

        def make(places: list[int]) -> dict[Tap, Any]:
            heard = self._prepare(
                [pieces[place] for place in places],
                sampling_rate=self._prepare.sampling_rate,
                return_tensors="pt",
            )["input_features"]
            fuses = self._prepare.truncation == "fusion"
            out = self._network.get_audio_features(
                input_features=heard.to(self._network.dtype),
                is_longer=torch.full((len(places), 1), fuses),
                output_hidden_states=any(tap != OUTPUT for tap in taps),
            )
            return {
                tap: out.pooler_output if tap == OUTPUT else listen(out.hidden_states, tap)
                for tap in taps
            }

        return by_length([1] * len(pieces), self._config.sounds, make, rows=self._config.sounds)
