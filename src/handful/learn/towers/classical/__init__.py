"""Towers without weights: every block is fitted on the library itself, without labels."""
