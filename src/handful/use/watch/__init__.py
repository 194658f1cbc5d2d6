"""Watching: what a release answers is compared, and what went wrong is written down."""
