"""Towers: each turns one modality of an item into latents."""
