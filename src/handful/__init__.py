"""Handful: train on your own text, pictures and sound from a handful of examples."""

__version__ = "0.1.0"
