"""Spoken and written digits, both damaged: the same bytes on every machine, from given parts.

The recipe, in whole numbers wherever a sum is taken:

pictures  MNIST in its original order. The covariance of the first 10,000 training pictures is made
          of integers; the 34 directions that vary most, about three quarters of all variance, are
          taken out of every picture, and what is left is moved by 128 and rounded to a byte.
sounds    FSDD, 8 kHz. Noise is a stretch of an ESC-10 clip, brought to 8 kHz by `resample_poly`,
          scaled to the power of the recording (0 dB), added, and brought to a peak of 30,000.
          Training sounds get noise of folds 1 to 4, test sounds of fold 5.
pairs     Every picture gets a recording of its digit. A seed deals the six speakers: two are only
          ever heard in the test. It also draws which recording, which noise, and which sides are
          missing where some are to be.

`DIGESTS` holds the SHA-256 of pictures, sounds, digits, speakers and masks of seeds 0 to 2.
"""
# N pairs

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

TRAIN, TEST, REMOVED, RATE = 4000, 2000, 34, 8000
FITTED_ON = 10_000
COMPLETE = (0.2, 0.4, 0.6, 0.8)
"""Shares of pairs that keep both sides, where some are to miss one."""
DIGESTS = {
    0: "22f54e00cefd23df2136abc5e1e1439be1bc3bda7b87a5240632d8bc094f96f3",
    1: "bce3975ed509a592b25480622dc13118837a8d147dd8808f598dffdb570f0d16",
    2: "faf301b8b17d378120cee61a57d139e8397c4ecb49d40376bd6aa7ed310d3b2d",
}
"""Seed to the SHA-256 of the whole set."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Pairs, those of the training first.

    Attributes:
        pictures: `[N, 28, 28]` uint8.
        sounds: `N` int16 sounds at 8 kHz.
        digits: `[N]`.
        speakers: `N` names.
        masks: Share of complete pairs to `[N, 2]`: whether picture and sound are there.
        removed: Share of the variance that was taken out of the pictures.
    """

    pictures: NDArray[np.uint8]
    sounds: list[NDArray[np.int16]]
    digits: NDArray[np.uint8]
    speakers: list[str]
    masks: dict[float, NDArray[np.bool_]]
    removed: float

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """`[N]` the last pairs."""
        return np.arange(len(self.digits)) >= TRAIN

    def digest(self) -> str:
        """SHA-256 of everything that decides a figure."""
        found = sha256(self.pictures.tobytes())
        for sound in self.sounds:
            found.update(len(sound).to_bytes(4, "little") + sound.astype("<i2").tobytes())
        found.update(self.digits.tobytes() + "\n".join(self.speakers).encode())
        for share in sorted(self.masks):
            found.update(np.packbits(self.masks[share]).tobytes())
        return found.hexdigest()


def make(data: Path, seed: int) -> Digits:
    """Follow the recipe.

    Args:
        data: The folder that holds `avmnist_parts` and `esc10`.
        seed: Deals speakers, recordings, noise and what is missing.

    Raises:
        SystemExit: When the bytes are not those of the recipe.
    """
    dice = np.random.Generator(np.random.PCG64(seed))
    mnist = data / "avmnist_parts" / "mnist"
    first, digits = _mnist(mnist, "train")
    last, asked = _mnist(mnist, "t10k")
    kept, removed = _directions(first[:FITTED_ON])
    pictures = np.concatenate(
        [_damaged(first[:TRAIN], kept, first), _damaged(last[:TEST], kept, first)]
    )
    digits = np.concatenate([digits[:TRAIN], asked[:TEST]])
    recordings = _recordings(data / "avmnist_parts" / "fsdd")
    people = sorted({each.speaker for each in recordings})
    unseen = {people[place] for place in dice.permutation(len(people))[:2]}
    noise = _noise(data / "esc10")
    sounds, speakers = [], []
    for place, digit in enumerate(digits):
        is_test = place >= TRAIN
        able = [r for r in recordings if r.digit == digit and (r.speaker in unseen) == is_test]
        chosen = able[int(dice.integers(len(able)))]
        sounds.append(_noisy(chosen.samples, noise[is_test], dice))
        speakers.append(chosen.speaker)
    masks = {share: _mask(len(digits), share, dice) for share in COMPLETE}
    made = Digits(pictures, sounds, digits, speakers, masks, removed)
    if seed in DIGESTS and made.digest() != DIGESTS[seed]:
        raise SystemExit(
            f"Digits of seed {seed} came out as {made.digest()[:12]}; {DIGESTS[seed][:12]} is the "
            "recipe's. The parts or the arithmetic differ, so figures would not compare."
        )
    return made


def write(made: Digits, folder: Path) -> Path:
    """Write pictures, sounds and the table that lists them.

    Args:
        made: The pairs.
        folder: Where.

    Returns:
        The table.
    """
    from PIL import Image

    (folder / "media").mkdir(parents=True, exist_ok=True)
    lines = []
    for place, digit in enumerate(made.digits.tolist()):
        name = f"D{place:05d}"
        Image.fromarray(made.pictures[place]).save(folder / "media" / f"{name}.png")
        soundfile.write(folder / "media" / f"{name}.wav", made.sounds[place], RATE)
        line = {"id": name, "image": f"media/{name}.png", "audio": f"media/{name}.wav"}
        split = "test" if made.is_test[place] else "train"
        line |= {"answer": str(digit), "group": made.speakers[place], "split": split}
        lines.append(json.dumps(line))
    table = folder / "items.jsonl"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


# ---------------------------------------------------------------- pictures


def _mnist(folder: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    def unpacked(path: Path, head: int) -> NDArray[np.uint8]:
        return np.frombuffer(gzip.decompress(path.read_bytes()), dtype=np.uint8)[head:]

    pictures = unpacked(folder / f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 28 * 28)
    return pictures, unpacked(folder / f"{name}-labels-idx1-ubyte.gz", 8)


def _directions(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float64], float]:
    """`[784, 34]` the directions that vary most, and their share of the variance."""
    whole = rows.astype(np.int64)
    total = whole.sum(axis=0)
    table = len(whole) * (whole.T @ whole) - np.outer(total, total)  # exact
    values, vectors = np.linalg.eigh(table.astype(np.float64))
    return vectors[:, -REMOVED:], float(values[-REMOVED:].sum() / values.sum())


def _damaged(
    rows: NDArray[np.uint8], directions: NDArray[np.float64], known: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    mean = known[:FITTED_ON].astype(np.int64).sum(axis=0) / FITTED_ON
    centred = rows.astype(np.float64) - mean
    left = centred - (centred @ directions) @ directions.T
    # A millionth of a grey level is far above what two machines differ by.
    whole = np.floor(np.round(left + 128, 6) + 0.5)
    return np.clip(whole, 0, 255).astype(np.uint8).reshape(-1, 28, 28)


# ---------------------------------------------------------------- sounds


class _Recording(NamedTuple):
    digit: int
    speaker: str
    samples: NDArray[np.int16]


def _recordings(folder: Path) -> list[_Recording]:
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        records = sorted(csv.DictReader(file), key=lambda record: record["file"])
    with zipfile.ZipFile(folder / "recordings.zip") as archive:
        return [
            _Recording(int(r["digit"]), r["speaker"], _samples(archive, r["file"])[0])
            for r in records
        ]


def _samples(archive: zipfile.ZipFile, name: str) -> tuple[NDArray[np.int16], int]:
    found, rate = soundfile.read(io.BytesIO(archive.read(name)), dtype="int16", always_2d=True)
    return np.asarray(found[:, 0], dtype=np.int16), rate


def _noise(folder: Path) -> dict[bool, list[NDArray[np.int64]]]:
    """Clips at 8 kHz for training and for the test, silent ones left out."""
    lines = (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    found: dict[bool, list[NDArray[np.int64]]] = {False: [], True: []}
    with zipfile.ZipFile(folder / "audio.zip") as archive:
        for record in sorted(map(json.loads, lines), key=lambda record: record["file"]):
            samples, rate = _samples(archive, record["file"])
            slow = resample_poly(samples.astype(np.float64), RATE, rate)
            found[record["fold"] == 5].append(np.floor(np.round(slow, 3) + 0.5).astype(np.int64))
    return found


def _noisy(
    voice: NDArray[np.int16], clips: Sequence[NDArray[np.int64]], dice: np.random.Generator
) -> NDArray[np.int16]:
    """A recording with a stretch of noise of the same power, which is drawn until it is heard."""
    own = voice.astype(np.int64)
    while True:
        clip = clips[int(dice.integers(len(clips)))]
        long = np.tile(clip, -(-2 * len(own) // len(clip)))
        start = int(dice.integers(len(long) - len(own)))
        stretch = long[start : start + len(own)]
        power = int((stretch**2).sum())
        if power > 100 * len(own):
            break
    gain = np.sqrt(int((own**2).sum()) / power)
    both = np.round(own + gain * stretch, 6)
    scaled = np.round(both * (30_000 / max(np.abs(both).max(), 1.0)), 3)
    return np.floor(scaled + 0.5).astype(np.int16)


def _mask(pairs: int, complete: float, dice: np.random.Generator) -> NDArray[np.bool_]:
    """`[N, 2]` of the rest, each keeps one side by the toss of a coin."""
    whole = dice.permutation(pairs) < round(complete * pairs)
    coin = dice.integers(2, size=pairs).astype(bool)
    return np.stack([whole | coin, whole | ~coin], axis=1)
