"""The latent cache: rows that a tower made, on disk, by content and by what made them."""

from handful.learn.towers.latents.cache import Encoder, Entry, LatentCache

__all__ = ["Encoder", "Entry", "LatentCache"]
