"""CLIP: pictures and short texts in one space."""

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


class Clip(Family):
    """Folders whose config says `clip`."""

    def look(self, folder: ModelFolder) -> About:
        """Describe a folder; see `Family.look`."""
        weights = read_weights(folder.path)
        text, vision = ("text_config",), ("vision_config",)
        width = number(folder, "projection_dim", default=512)
        seen = number(folder, *vision, "hidden_size", default=768)
        said = number(folder, *text, "hidden_size", default=512)
        side = number(folder, *vision, "image_size", default=224)
        patch = number(folder, *vision, "patch_size", default=32)
        letters = number(folder, *text, "vocab_size", default=49408)
        require_shapes(
            folder,
            weights,
            {
                "visual_projection.weight": (width, seen),
                "text_projection.weight": (width, said),
                "vision_model.embeddings.position_embedding.weight": (
                    (side // patch) ** 2 + 1,
                    seen,
                ),
                "text_model.embeddings.token_embedding.weight": (letters, said),
            },
        )
        require_tokenizer(folder)
        require_processor(folder, "image processor")
        return About(
            widths={"text": width, "image": width},
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
            from transformers import CLIPModel

            network = load_network(CLIPModel, folder.path, arithmetic)
            if modality == "text":
                del network.vision_model, network.visual_projection
                longest = network.config.text_config.max_position_embeddings
                tokenizer = load_tokenizer(folder.path)
                return Texts(network, tokenizer, longest=longest, most=self.config.tokens)
            del network.text_model, network.text_projection
            from transformers import CLIPImageProcessorPil

            with explained(folder.path, "read how it prepares pictures"):
                prepare = CLIPImageProcessorPil.from_pretrained(folder.path, local_files_only=True)
            return Pictures(network, prepare, most=self.config.pictures)
