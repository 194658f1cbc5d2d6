"""SigLIP: pictures and short texts in one space, learned with a sigmoid."""

from __future__ import annotations

from dataclasses import dataclass

from handful.foundation.errors import require
from handful.learn.towers.local.encoder import Encoder
from handful.learn.towers.local.families.base import (
    About,
    Family,
    number,
    require_modality,
    require_processor,
    require_shapes,
    require_tokenizer,
)
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.halves import Pictures, Texts
from handful.learn.towers.local.networks import (
    Arithmetic,
    explained,
    load_network,
    load_tokenizer,
    offline,
)
from handful.learn.towers.local.weights import read_weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is read at once."""

    tokens: int = 4096
    """Text tokens per batch, at most."""
    pictures: int = 16
    """Pictures per batch, at most."""

    def __post_init__(self) -> None:
        for name in ("tokens", "pictures"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")


class Siglip(Family):
    """Folders whose config says `siglip`."""

    def look(self, folder: ModelFolder) -> About:
        """Describe a folder; see `Family.look`."""
        weights = read_weights(folder.path)
        text, vision = ("text_config",), ("vision_config",)
        seen = number(folder, *vision, "hidden_size", default=768)
        said = number(folder, *text, "hidden_size", default=768)
        side = number(folder, *vision, "image_size", default=224)
        patch = number(folder, *vision, "patch_size", default=16)
        width = number(folder, *text, "projection_size", default=said)
        letters = number(folder, *text, "vocab_size", default=32000)
        longest = number(folder, *text, "max_position_embeddings", default=64)
        places = "vision_model.embeddings.position_embedding.weight"
        require_shapes(
            folder,
            weights,
            {
                places: ((side // patch) ** 2, seen),
                "text_model.embeddings.token_embedding.weight": (letters, said),
                "text_model.embeddings.position_embedding.weight": (longest, said),
                "text_model.head.weight": (width, said),
            },
        )
        require_tokenizer(folder)
        require_processor(folder, "image processor")
        return About(
            widths={"text": width, "image": seen},
            layers={
                "text": number(folder, *text, "num_hidden_layers", default=12),
                "image": number(folder, *vision, "num_hidden_layers", default=12),
            },
            weights=weights,
        )

    def load(self, folder: ModelFolder, modality: str, arithmetic: Arithmetic) -> Encoder:
        """Load one half of the network; see `Family.load`."""
        require_modality(("text", "image"), modality, folder)
        with offline():
            from transformers import SiglipImageProcessorPil, SiglipModel

            network = load_network(SiglipModel, folder.path, arithmetic)
            if modality == "text":
                del network.vision_model
                longest = network.config.text_config.max_position_embeddings
                tokenizer = load_tokenizer(folder.path)
                most = self.config.tokens
                return Texts(network, tokenizer, longest=longest, most=most, is_padded=True)
            del network.text_model
            with explained(folder.path, "read how it prepares pictures"):
                prepare = SiglipImageProcessorPil.from_pretrained(
                    folder.path, local_files_only=True
                )
            return Pictures(network, prepare, most=self.config.pictures)
