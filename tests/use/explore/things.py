"""A tiny shop of two kinds: round red bowls that hum low, and tall blue vases that ring high.

Every third has no note, every fourth no sound, every fifth no label.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

import handful as hd

KINDS = ("bowl", "vase")
_NOTES = {"bowl": "a round bowl, red glaze", "vase": "tall vase in cobalt blue"}
_REST = ("for Anna", "shelf two", "market on Sunday", "good foot", "wax resist")


def kind_of(number: int) -> str:
    return KINDS[number % 2]


def photo(path: Path, number: int, side: int = 48) -> Path:
    dice = np.random.default_rng(number)
    ground = tuple(int(each) for each in dice.integers(200, 240, 3))
    image = Image.new("RGB", (side, side), ground)
    pen, shift = ImageDraw.Draw(image), int(dice.integers(-4, 5))
    if kind_of(number) == "bowl":
        pen.ellipse((8 + shift, 20, 40 + shift, 42), fill=(170 + shift, 40, 30))
    else:
        pen.rectangle((19 + shift, 5, 29 + shift, 44), fill=(30, 40, 170 + shift))
    for _ in range(2):  # what else lies there, so that no photo is a copy of another
        left, top = (int(each) for each in dice.integers(0, side - 12, 2))
        pen.rectangle((left, top, left + 10, top + 6), fill=(150,) * 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def tap(path: Path, number: int) -> Path:
    dice = np.random.default_rng(number)
    pitch = (220 if kind_of(number) == "bowl" else 1760) * (1 + 0.03 * dice.standard_normal())
    time = np.arange(4000) / 16000
    samples = np.sin(2 * np.pi * pitch * time) * np.exp(-12 * time)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, (0.5 * samples + 0.003 * dice.standard_normal(4000)).astype("f4"), 16000)
    return path


def note(number: int) -> str:
    return f"{_NOTES[kind_of(number)]}, {_REST[number % len(_REST)]}"


def make_shop(folder: Path, count: int = 40) -> Path:
    """Write the files and their table.

    Returns:
        The table.
    """
    table = [["id", "photo", "tap", "note", "kind"]]
    for number in range(count):
        name = f"T{number:03d}"
        photo(folder / "photos" / f"{name}.png", number)
        sound = f"taps/{name}.wav" if number % 4 else ""
        if sound:
            tap(folder / sound, number)
        words = note(number) if number % 3 else ""
        label = kind_of(number) if number % 5 else ""
        table.append([name, f"photos/{name}.png", sound, words, label])
    path = folder / "pieces.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    return path


def trained_shop(base: Path) -> hd.Project:
    """A project with a run without labels and one for `kind`, made once per test session."""
    folder = base / "little-shop"
    if not (folder / "ready").exists():
        project = hd.project(folder / "shop")
        table = make_shop(folder / "files")
        project.add(table, columns={"labels": ["kind"], "text": ["note"]})
        project.train(profile="fast")
        project.train("kind", profile="fast", baselines=False)
        (folder / "ready").touch()
    return hd.Project.open(folder / "shop")
