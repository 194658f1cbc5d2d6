"""Releases: immutable bundles, the shelf that names them, and the card that tells what they are."""
