"""Which generator made a sample: its version, and a hash of its source and word lists."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

GENERATOR = "kiln-2"
"""Changes whenever the same seed would give other pieces or another difficulty."""


@functools.lru_cache(maxsize=1)
def fingerprint() -> str:
    """SHA-256 over the generator's own source and data files, by name and content."""
    digest = hashlib.sha256(GENERATOR.encode())
    folder = resources.files("handful.data.samples.kiln")
    for file in sorted(folder.iterdir(), key=lambda found: found.name):
        if file.name.endswith((".py", ".json")):
            text = file.read_text(encoding="utf-8")
            digest.update(f"\0{file.name}\0{text}".encode())
    return digest.hexdigest()
