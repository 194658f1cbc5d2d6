"""Copies that were changed are found, and things that only look alike are not taken for copies.

    python benchmarks/near_duplicates.py --data DIR     about a CPU minute

Pictures: photos of groceries, where many products stand on one shelf, are compared with each other;
a pair of two products is a false merge. Then a part of them that no threshold was chosen on (the
last 600 in a shuffled order) is changed in one way at a time, and each must be found among all.
Emoji are small drawings of one style with many siblings; how many different ones are merged is told
without a bar. Sounds: clips of ESC-10, whose file names say which recording they were cut from.
Texts: recipes. `benchmarks/real.py` names the sets.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
import soxr
from PIL import Image

from common import Row, report
from handful.data.library.twins import pictures, sounds, words
from handful.data.modalities.base import Picture, Sound
from handful.data.modalities.image import read as image_room

SEED = 0
CHANGED = 600
RECALL = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    data = parser.parse_args().data
    rows = [*of_groceries(data), *of_emoji(data), *of_sounds(data), *of_recipes(data)]
    report(
        "near-duplicates",
        rows,
        seeds=[SEED],
        note="thresholds were chosen on 1,000 other grocery photos; on the same clips and recipes",
    )


def of_groceries(data: Path) -> list[Row]:
    """False merges among products, and what is found again of changed photos."""
    with zipfile.ZipFile(data / "grocery" / "images.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        photos = [image_room.read(archive.read(name)).value for name in names]
    started = time.process_time()
    prints = [pictures.print_of(photo) for photo in photos]
    per_second = len(photos) / (time.process_time() - started)
    started = time.process_time()
    pairs = list(pictures.twins(prints, 0))
    took = time.process_time() - started
    product = [name.split("/")[-2] for name in names]
    wrong = sum(product[one] != product[other] for one, other in pairs)
    rows = [
        Row(name="photos printed", value=per_second, unit="/s", note="decoded before"),
        Row(name=f"all {len(photos):,} photos compared", value=took, unit="s"),
        Row(name="groceries: pairs of two products merged", value=wrong, at_most=0),
        Row(name="groceries: pairs of one product merged", value=len(pairs) - wrong),
    ]
    some = np.random.default_rng(SEED).permutation(len(photos))[-CHANGED:]
    for name, (change, has_bar) in CHANGES.items():
        changed = [pictures.print_of(np.ascontiguousarray(change(photos[at]))) for at in some]
        found = set(pictures.twins([*prints, *changed], len(prints)))
        right = {(int(at), len(prints) + place) for place, at in enumerate(some)}
        others = {
            (one, other)
            for one, other in found - right
            if one < len(prints) and product[one] != product[some[other - len(prints)]]
        }
        share = len(found & right) / CHANGED
        bar = RECALL if has_bar else None
        note = f"{len(others)} times another product"
        rows.append(Row(name=f"photos {name}: found", value=share, at_least=bar, note=note))
    return rows


def _jpeg(photo: Picture, quality: int) -> Picture:
    data = io.BytesIO()
    Image.fromarray(photo).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def _half(photo: Picture) -> Picture:
    image = Image.fromarray(photo)
    return np.asarray(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS))


def _cropped(photo: Picture, share: float) -> Picture:
    high, wide = photo.shape[:2]
    down, right = round(high * share / 2), round(wide * share / 2)
    return photo[down : high - down, right : wide - right]


CHANGES: dict[str, tuple[Callable[[Picture], Picture], bool]] = {
    "re-encoded at quality 40": (lambda photo: _jpeg(photo, 40), True),
    "at half the size": (_half, True),
    "at half the size, quality 60": (lambda photo: _jpeg(_half(photo), 60), True),
    "made darker": (lambda photo: (photo * 0.8).astype(np.uint8), False),
    "mirrored": (lambda photo: photo[:, ::-1], False),
    "turned by 90 degrees": (lambda photo: np.rot90(photo), False),
    "cropped by 5 %": (lambda photo: _cropped(photo, 0.05), False),
    "cropped by 10 %": (lambda photo: _cropped(photo, 0.10), False),
    "made grey": (lambda photo: photo.mean(axis=2, keepdims=True).repeat(3, 2).astype("u1"), False),
}


def of_emoji(data: Path) -> list[Row]:
    """How many different things of one style are merged."""
    lines = (data / "emoji" / "images.jsonl").read_text("utf-8").splitlines()
    every = [json.loads(line) for line in lines]
    facts = [each for each in every if each["vendor"] == "noto" and not each["skin_tone"]]
    with zipfile.ZipFile(data / "emoji" / "images.zip") as archive:
        read = (image_room.read(archive.read(each["image"])).value for each in facts)
        prints = [pictures.print_of(picture) for picture in read]
    kept = [(each, one) for each, one in zip(facts, prints, strict=True) if one]
    pairs = list(pictures.twins([one for _, one in kept], 0))
    concept = [each["concept"] for each, _ in kept]
    wrong = {
        place for one, other in pairs if concept[one] != concept[other] for place in (one, other)
    }
    note = "arrows, moons and people that face the other way are mirror images"
    return [
        Row(name=f"of {len(kept):,} emoji, merged with another one", value=len(wrong), note=note)
    ]


def of_sounds(data: Path) -> list[Row]:
    """What is found again of changed clips, and which clips are merged."""
    with zipfile.ZipFile(data / "esc10" / "audio.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".ogg"))
        clips = [_clip(archive.read(name)) for name in names]
    prints = [sounds.print_of(clip) for clip in clips]
    pairs = list(sounds.twins(prints, 0))
    recording = [name.split("-")[1] for name in names]
    apart = [(one, other) for one, other in pairs if recording[one] != recording[other]]
    shown = ", ".join(f"{Path(names[a]).stem} = {Path(names[b]).stem}" for a, b in apart)
    rows = [
        Row(
            name=f"{len(clips)} clips: pairs said to be of two recordings merged",
            value=len(apart),
            note=f"by their names; likely uploaded twice: {shown}",
        )
    ]
    known = {frozenset(pair) for pair in pairs}
    for name, change in SOUND_CHANGES.items():
        changed = [sounds.print_of(change(clip)) for clip in clips]
        right = other = 0
        every = [*prints, *(one or prints[0] for one in changed)]
        for one, later in sounds.twins(every, len(prints)):
            place = later - len(prints)
            if one < len(prints) and changed[place]:
                right += one == place
                other += one != place and frozenset((one, place)) not in known
        note = f"{other} times another clip"
        rows.append(Row(name=f"sounds {name}: found", value=right / len(clips), note=note))
    return rows


def _clip(data: bytes) -> Sound:
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return Sound(samples.mean(axis=1), rate)


SOUND_CHANGES: dict[str, Callable[[Sound], Sound]] = {
    "at a third of the volume": lambda clip: Sound(clip.samples * np.float32(0.3), clip.rate),
    "resampled to 11 kHz": lambda clip: Sound(
        soxr.resample(clip.samples, clip.rate, 11_025), 11_025
    ),
    "without their first 10 %": lambda clip: Sound(
        clip.samples[len(clip.samples) // 10 :], clip.rate
    ),
}


def of_recipes(data: Path) -> list[Row]:
    """What is found again of reworded texts, and which texts are merged."""
    lines = (data / "recipes" / "records.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    prints = [words.print_of({"en": text}) for text in texts]
    kept = [(text, one) for text, one in zip(texts, prints, strict=True) if one]
    pairs = list(words.twins([one for _, one in kept], 0))
    rows = [
        Row(name=f"{len(kept)} recipes: pairs merged", value=len(pairs), note=_titles(kept, pairs))
    ]
    dice = np.random.default_rng(SEED)
    every = sorted({word for text in texts for word in text.split()})
    for share in (0.05, 0.1):
        changed = [words.print_of({"en": _reworded(text, share, every, dice)}) for text, _ in kept]
        found = set(words.twins([*(one for _, one in kept), *changed], len(kept)))
        right = sum((place, len(kept) + place) in found for place in range(len(kept)))
        name = f"texts with {share:.0%} of the words replaced: found"
        rows.append(Row(name=name, value=right / len(kept)))
    return rows


def _reworded(text: str, share: float, every: Sequence[str], dice: np.random.Generator) -> str:
    given = text.split()
    return " ".join(
        every[int(dice.integers(len(every)))] if dice.random() < share else word for word in given
    )


def _titles(kept: Sequence[tuple[str, bytes]], pairs: Sequence[tuple[int, int]]) -> str:
    return "; ".join(
        " = ".join(" ".join(kept[place][0].split())[:40] for place in pair) for pair in pairs[:3]
    )


if __name__ == "__main__":
    main()
