"""What the weight-free audio and text blocks reach on real data, and how fast they are.

    python benchmarks/towers_audio_text.py --data DIR     about five CPU minutes
    python benchmarks/towers_audio_text.py                speeds only, on noise

DIR holds `esc10`, `avmnist_parts/fsdd`, `stamps_trimodal` and `emoji`. Blocks are fitted on the
training rows only, kernels (RBF for audio, linear for text) are centred, scaled to unit mean norm
and summed, and a one-vs-all ridge takes its penalty from group folds inside the training rows.
"chosen" is the set of blocks that those inner folds prefer. Groups: the official folds of esc10
and the speakers of fsdd; for stamps, the same English sentence or name stem; for emoji, the
concept without man, woman and person. The official test of stamps' speech (115 items, standard
error 4.6 points) is the mean over five seeds of the blocks. Bars are the marks of an earlier
tournament less 2 points.
Speeds are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
from numpy.typing import NDArray

from common import Row, report
from handful.data.modalities.base import Sound, Words
from handful.learn.towers.classical.audio.base import Recordings
from handful.learn.towers.classical.tower import ClassicalTower, make_block
from handful.learn.towers.latents import LatentCache
from handful.numerics.linear import folds
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.fusion import sum_kernels
from handful.numerics.linear.kernels import Config, KernelSum
from handful.numerics.linear.ridge import PENALTIES, Spectrum, accuracy, choose, indicator

SEED = 0
SEEDS = (0, 1, 2, 3, 4)
FAST = ("mfcc", "band_statistics", "aligned_cepstra")
DEFAULT = ("mfcc", "band_statistics", "modulation", "aligned_cepstra", "random_kernels")
SCENES = ("mfcc", "band_statistics", "modulation", "random_kernels")
ANCHOR = ("random_kernels",)
TEXT = ("characters", "words")
PICTURE_WIDTHS = {"lab": 8505, "hog": 2124, "fvo": 8448, "fvc2": 8704}
EIGHT = ("en", "de", "es", "fr", "it", "ru", "zh", "ja")

Labels = NDArray[Any]
Places = NDArray[np.intp]


def tower(modality: str, names: Sequence[str]) -> ClassicalTower[Any]:
    """Blocks of one modality with default settings."""
    prepare = Recordings.of if modality == "audio" else None
    return ClassicalTower([make_block(modality, name) for name in names], prepare=prepare)


# ---------------------------------------------------------------- quality


class Task:
    """Things to classify: their values, classes and groups."""

    def __init__(self, modality: str, values: Sequence[Any], labels: Labels, groups: Labels):
        self.modality = modality
        self.values = values
        self.classes, self.target = np.unique(labels, return_inverse=True)
        self.groups = groups
        self.cpu_s = 0.0

    def score(
        self, train: Places, test: Places, sets: Mapping[str, Sequence[str]], seed: int = SEED
    ) -> dict[str, float]:
        """Accuracy on `test` of every set of blocks, and of the one chosen inside `train`."""
        started = time.process_time()
        names = sorted({name for blocks in sets.values() for name in blocks})
        made = tower(self.modality, names)
        made.fit([self.values[place] for place in train], seed=seed)
        views = {
            rows: made.encode([self.values[place] for place in places])
            for rows, places in (("train", train), ("test", test))
        }
        self.cpu_s += time.process_time() - started
        shape = "linear" if self.modality == "text" else "rbf"
        kernels = KernelSum.fit(_apart(views["train"]), Config(shape=shape), SEED)
        own, cross = kernels.train(), kernels.cross(_apart(views["test"]))
        inner = folds.split(
            self.target[train], self.groups[train], items=len(train), count=5, seed=SEED
        )
        found, promised = {}, {}
        for title, blocks in sets.items():
            promised[title], found[title] = self._fit(
                sum_kernels(own, blocks), sum_kernels(cross, blocks), train, test, inner.assignment
            )
        found["chosen"] = found[max(promised, key=lambda title: promised[title])]
        return found

    def _fit(
        self,
        own: NDArray[np.float32],
        cross: NDArray[np.float32],
        train: Places,
        test: Places,
        assignment: Places,
    ) -> tuple[float, float]:
        targets = indicator(self.target[train], len(self.classes))
        spectrum = Spectrum.of_kernel(own)
        path = spectrum.out_of_fold(targets, assignment, PENALTIES)
        choice = choose(path, targets, PENALTIES)
        scores = spectrum.dual(targets, choice.penalty).scores(cross)
        truth = indicator(self.target[test], len(self.classes))
        return float(choice.quality.max()), accuracy(scores, truth)


def _apart(views: Mapping[str, NDArray[np.float32]]) -> dict[str, dict[str, Block]]:
    return {name: {name: Block.of(rows)} for name, rows in views.items()}


def held_out(
    task: Task, assignment: Labels, sets: Mapping[str, Sequence[str]]
) -> dict[str, list[float]]:
    """Accuracy of every set on every left-out part."""
    found: dict[str, list[float]] = {}
    for part in np.unique(assignment):
        train, test = np.flatnonzero(assignment != part), np.flatnonzero(assignment == part)
        for title, value in task.score(train, test, sets).items():
            found.setdefault(title, []).append(value)
    return found


def rows_of(
    name: str, found: Mapping[str, Sequence[float]], marks: Mapping[str, float], task: Task
) -> list[Row]:
    """A row per set: the mean over parts, the range over parts, and the bar where there is one."""
    rows = []
    for title, values in found.items():
        mark = marks.get(title)
        note = f"mark {mark:g}" if mark else ""
        if len(values) > 1:
            note += f"{'; ' if note else ''}parts {min(values):.3f} to {max(values):.3f}"
        bar = mark - 0.02 if mark else None
        value = float(np.mean(values))
        rows.append(Row(name=f"{name}: {title}", value=value, at_least=bar, note=note))
    rows.append(Row(name=f"{name}: fitting and encoding", value=task.cpu_s, unit="CPU s"))
    return rows


def scenes(data: Path) -> list[Row]:
    """Ten environmental sounds, the official five folds."""
    records = _lines(data / "esc10" / "metadata.jsonl")
    sounds = _sounds(data / "esc10" / "audio.zip", [record["file"] for record in records])
    fold = np.array([record["fold"] for record in records])
    task = Task("audio", sounds, np.array([record["label"] for record in records]), fold)
    sets = {"fast": FAST, "scenes": SCENES, "default": DEFAULT, "random kernels": ANCHOR}
    marks = {"scenes": 0.922, "random kernels": 0.874, "chosen": 0.922}
    return rows_of("esc10", held_out(task, fold, sets), marks, task)


def digits(data: Path) -> list[Row]:
    """Spoken digits, one speaker left out at a time."""
    folder = data / "avmnist_parts" / "fsdd"
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    sounds = _sounds(folder / "recordings.zip", [record["file"] for record in records])
    speaker = np.array([record["speaker"] for record in records])
    task = Task("audio", sounds, np.array([record["digit"] for record in records]), speaker)
    sets = {"fast": FAST, "default": DEFAULT, "random kernels": ANCHOR}
    marks = {"default": 0.899, "random kernels": 0.848, "chosen": 0.899}
    return rows_of("fsdd unseen speaker", held_out(task, speaker, sets), marks, task)


def stamps(data: Path) -> list[Row]:
    """Categories of stamps by a French sentence spoken, or by what is written."""
    folder = data / "stamps_trimodal"
    records = [r for r in _lines(folder / "records.jsonl") if "fr" in r["speech"]]
    category = np.array([record["category"] for record in records])
    sides = [("t" + r["text"]["en"], "s" + re.sub(r"[\d_]+$", "", r["id"])) for r in records]
    family = _families(sides)
    split = np.array([record["split"] for record in records])
    train, test = np.flatnonzero(split == "train"), np.flatnonzero(split == "test")
    five = folds.split(category, family, items=len(records), seed=SEED).assignment
    speech = _sounds(folder / "speech.zip", [r["speech"]["fr"]["file"] for r in records])
    spoken = {"fast": FAST, "default": DEFAULT, "random kernels": ANCHOR}
    written = {"characters + words": TEXT, "characters": TEXT[:1], "words": TEXT[1:]}
    english: list[Words] = [{"en": record["text"]["en"]} for record in records]
    everything: list[Words] = [record["text"] for record in records]
    tasks: list[tuple[str, str, Sequence[Any], Mapping[str, Sequence[str]], dict[str, float]]] = [
        ("French speech", "audio", speech, spoken, {"random kernels": 0.583, "chosen": 0.583}),
        ("English", "text", english, written, {"characters + words": 0.835}),
        ("24 languages", "text", everything, written, {"characters + words": 0.835}),
    ]
    rows = []
    for name, modality, values, sets, marks in tasks:
        task = Task(modality, values, category, family)
        official: dict[str, list[float]] = {}
        for seed in SEEDS if modality == "audio" else SEEDS[:1]:
            for title, value in task.score(train, test, sets, seed).items():
                official.setdefault(title, []).append(value)
        rows += rows_of(f"stamps {name}, official test", official, marks, task)
        apart = held_out(task, five, sets)
        rows += rows_of(f"stamps {name}, unseen families", apart, {}, task)
    return rows


def emoji(data: Path) -> list[Row]:
    """Groups of emoji by their names and keywords, unseen concepts."""
    records = _lines(data / "emoji" / "concepts.jsonl")
    group = np.array([record["group"] for record in records])
    people = r"(?<![a-z])(man|woman|person|men|women|people|boy|girl|male|female)(?![a-z])"
    family = np.array([re.sub(people, "", record["concept"]) for record in records])
    split = np.array([record["split"] for record in records])
    train, test = np.flatnonzero(split == "train"), np.flatnonzero(split == "test")
    five = folds.split(group, family, items=len(records), seed=SEED).assignment
    names: list[Words] = [{"en": record["name"]} for record in records]
    with_keywords: list[Words] = [_described(record, ["en"]) for record in records]
    eight: list[Words] = [_described(record, EIGHT) for record in records]
    sets = {"characters + words": TEXT}
    rows = []
    for name, values, mark in (
        ("English names", names, 0.767),
        ("English names + keywords", with_keywords, 0.902),
        ("names + keywords in 8 languages", eight, 0.874),
    ):
        task = Task("text", values, group, family)
        official = {title: [value] for title, value in task.score(train, test, sets).items()}
        title = "characters + words"
        rows += rows_of(f"emoji {name}", {title: official[title]}, {title: mark}, task)
        apart = held_out(task, five, sets)
        rows += rows_of(f"emoji {name}, 5 folds", {title: apart[title]}, {}, task)[:1]
    return rows


def _described(record: Mapping[str, Any], languages: Iterable[str]) -> dict[str, str]:
    fields = {}
    for language in languages:
        name = record["names"].get(language, record["name"] if language == "en" else "")
        fields[language] = ", ".join([name, *record["keywords"].get(language, [])])
    return fields


def _families(sides: Sequence[tuple[str, ...]]) -> NDArray[np.intp]:
    """Items that share any side, directly or through others, are one family."""
    parent: dict[str, str] = {}

    def root(side: str) -> str:
        while parent.setdefault(side, side) != side:
            side = parent[side]
        return side

    for first, *others in sides:
        for other in others:
            parent[root(other)] = root(first)
    return np.unique([root(first) for first, *_ in sides], return_inverse=True)[1]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _sounds(archive: Path, names: Sequence[str]) -> list[Sound]:
    with zipfile.ZipFile(archive) as file:
        members = set(file.namelist())
        sounds = []
        for name in names:
            content = file.read(name if name in members else f"recordings/{name}")
            samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
            sounds.append(Sound(samples.mean(axis=1), rate))
        return sounds


# ---------------------------------------------------------------- speed


def speeds() -> list[Row]:
    """Items per CPU second of each profile, resampling included."""
    rng = np.random.default_rng(SEED)
    rows = []
    for seconds, count in ((1, 128), (5, 64)):
        decay = np.exp(-np.linspace(0, 3, seconds * 22_050)).astype(np.float32)
        noise = rng.standard_normal((count, len(decay))).astype(np.float32) * decay
        sounds = [Sound(samples, 22_050) for samples in noise]
        for title, names, bar in (("fast", FAST, 300), ("default", DEFAULT, 60)):
            made = tower("audio", names)
            made.fit(sounds, seed=SEED)
            value = count / cpu_seconds(lambda: made.encode(sounds))  # noqa: B023
            rows.append(
                Row(
                    name=f"audio {title}, clips of {seconds} s at 22 kHz",
                    value=value,
                    unit="items/s",
                    at_least=bar,
                )
            )
    vocabulary = [
        "".join(chr(97 + letter) for letter in rng.integers(0, 26, 6)) for _ in range(3000)
    ]
    texts: list[Words] = [{"en": " ".join(rng.choice(vocabulary, 8))} for _ in range(4000)]
    made = tower("text", TEXT)
    made.fit(texts, seed=SEED)
    value = len(texts) / cpu_seconds(lambda: made.encode(texts))
    rows.append(Row(name="text default, sentences of 8 words", value=value, unit="items/s"))
    return rows


def cache_speeds() -> list[Row]:
    """Rows per CPU second that are found in the latent cache."""
    default = {"audio": 4907, "text, nearly empty": 8192, **PICTURE_WIDTHS}
    rows, total_s = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, width in default.items():
            found_s = _hit_s(Path(folder), name, width, filled=0.03 if "text" in name else 1.0)
            total_s += found_s
            rows.append(
                Row(
                    name=f"cache hit, {name}, {width:,} numbers",
                    value=1 / found_s,
                    unit="items/s",
                    at_least=10_000,
                )
            )
    whole = f"cache hit, an item of three modalities, {sum(default.values()):,} numbers"
    rows.append(Row(name=whole, value=1 / total_s, unit="items/s", at_least=10_000))
    return rows


def _hit_s(folder: Path, name: str, width: int, filled: float, count: int = 10_000) -> float:
    rng = np.random.default_rng(SEED)
    some = rng.standard_normal((500, width)).astype(np.float32)
    some *= rng.random(some.shape) < filled
    keys = [hashlib.sha256(f"{name} {place}".encode()).hexdigest() for place in range(count)]
    block = _Named(name)
    LatentCache(folder).fetch(keys, block, lambda places: some[np.asarray(places) % len(some)])
    order = rng.permutation(count)
    wanted = [keys[place] for place in order]
    fresh = LatentCache(folder)
    return cpu_seconds(lambda: fresh.fetch(wanted, block, _refuse)) / count


class _Named:
    """A name and a fingerprint, as the cache wants to see them."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fingerprint(self) -> str:
        """The hash of the name."""
        return hashlib.sha256(self.name.encode()).hexdigest()


def _refuse(places: Sequence[int]) -> NDArray[np.float32]:
    raise SystemExit(f"{len(places)} rows were not found in the cache")


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one piece of work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, help="the folder of data sets; speeds only without")
    chosen = parser.parse_args()
    rows = speeds() + cache_speeds()
    parts = {"esc10": scenes, "fsdd": digits, "stamps": stamps, "emoji": emoji}
    for name, part in parts.items():
        rows += part(chosen.data) if chosen.data else [Row(name=name, value=None)]
    report("towers-audio-text", rows, note="one thread; times are CPU seconds", seeds=SEEDS)


if __name__ == "__main__":
    main()
