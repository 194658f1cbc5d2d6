"""Towers of one's own: what `handful pretrain` makes from the project's files."""
