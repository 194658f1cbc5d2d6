"""Small files and a small library, for checks to plant their faults in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from handful.data.library.ingest import ingest
from handful.data.library.library import Library

_WORDS = ("blue", "red", "round", "flat", "tall", "small", "bowl", "cup", "plate", "vase", "jug")


class Workbench:
    """Makes files in a folder, lists them in a table, and takes them into a library.

    Args:
        folder: Empty; it is left full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        self._rows: list[dict[str, Any]] = []
        self._taken = 0

    def picture(self, name: str, dice: np.random.Generator) -> Path:
        """Make a small picture that no other roll of the dice makes.

        Args:
            name: Of the file; its ending says the format.
            dice: What is on it.
        """
        pixels = dice.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        path = self.files / name
        Image.fromarray(pixels).save(path)
        return path

    def scene(self, name: str, dice: np.random.Generator, grain: int = 6) -> Path:
        """Make a picture with light and dark places, as photos have.

        Args:
            name: Of the file; its ending says the format.
            dice: What is on it.
            grain: How many places there are along a side.
        """
        coarse = Image.fromarray(dice.integers(20, 236, (grain, grain, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((96, 72), Image.Resampling.BICUBIC), np.int16)
        pixels = np.clip(smooth + dice.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)
        path = self.files / name
        Image.fromarray(pixels).save(path)
        return path

    def tune(self, name: str, dice: np.random.Generator) -> Path:
        """Make two seconds of short notes, as nobody plays them twice.

        Args:
            name: Of the file; its ending says the format.
            dice: What is heard.
        """
        moments = np.arange(800) / 8000
        notes = [
            np.sin(2 * np.pi * dice.uniform(150, 3500) * moments) * np.exp(-12 * moments)
            for _ in range(20)
        ]
        path = self.files / name
        soundfile.write(path, 0.5 * np.concatenate(notes).astype(np.float32), 8000)
        return path

    def sound(self, name: str, dice: np.random.Generator) -> Path:
        """Make a short sound that no other roll of the dice makes.

        Args:
            name: Of the file; its ending says the format.
            dice: What is heard.
        """
        samples = dice.normal(0, 0.1, 800).astype(np.float32)
        path = self.files / name
        soundfile.write(path, samples, 8000)
        return path

    def words(self, dice: np.random.Generator) -> str:
        """A few words in a row."""
        return " ".join(dice.choice(_WORDS, size=6))

    def item(self, key: str, dice: np.random.Generator, **facts: Any) -> None:
        """Make an item with a picture, a sound and a note of its own.

        Args:
            key: Its name.
            dice: What it looks like and sounds like.
            **facts: Columns of the table, over those that this makes: `kind` for a label, `split`,
                `batch` for the group, `licence`; `image`, `audio` for files of another item.
        """
        row: dict[str, Any] = {
            "id": key,
            "image": self.picture(f"{key}.png", dice).name,
            "audio": self.sound(f"{key}.wav", dice).name,
            "note": f"{self.words(dice)} {key}",
            "licence": "CC0-1.0",
        }
        self._rows.append({**row, **facts})

    def library(self) -> Library:
        """Take everything made so far into the library.

        A second call opens it as it is, unless items were made since: what happened to files
        meanwhile stays unnoticed, as it does in life.
        """
        library = Library.open_or_create(self.folder / "library")
        if len(self._rows) > self._taken:
            table = self.files / "table.jsonl"
            lines = "".join(json.dumps(row) + "\n" for row in self._rows)
            table.write_text(lines, encoding="utf-8")
            ingest(library, table, columns=self._columns())
            self._taken = len(self._rows)
        return library

    def _columns(self) -> Mapping[str, Any]:
        names = {name for row in self._rows for name in row}
        return {
            "id": "id",
            "image": "image",
            "audio": "audio",
            "text": "note",
            "licence": "licence",
            "labels": [name for name in ("kind", "grade") if name in names],
            "split": "split" if "split" in names else "",
            "group": "batch" if "batch" in names else "",
            **{name: name for name in ("person", "consent_expires") if name in names},
        }
