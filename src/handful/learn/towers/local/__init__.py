"""Towers from model folders on disk: safetensors only, never a hub, never code from a folder."""
