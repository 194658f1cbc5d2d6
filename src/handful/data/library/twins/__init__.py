"""Twins: contents that are the same picture, sound or text in another file."""
