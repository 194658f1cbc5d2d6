"""What the weight-free picture blocks reach on real data, and how fast they are.

    python benchmarks/towers.py --data DIR     about five CPU minutes
    python benchmarks/towers.py                speeds only, on made-up pictures

DIR holds `grocery`, `emoji`, `stamps_trimodal` and `avmnist_parts/mnist`. Blocks are fitted
without labels on the training pictures only. Kernels (as each block prefers) are centred, scaled
to unit mean norm and summed; a one-vs-all ridge takes its penalty from the validation part and is
trained on the training part alone. "chosen" is the set of blocks that did best on the validation
part. Bars are the marks of an earlier tournament less 2 points. Speeds are CPU seconds of one
thread, best of three.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.linalg import cho_factor, cho_solve

from common import Row, report
from handful.data.modalities.base import Picture
from handful.learn.routes.towers import Profile, Recipe
from handful.learn.towers.base import Kernel
from handful.learn.towers.classical.image.base import Canvas, paint
from handful.learn.towers.classical.profiles import make_tower
from handful.learn.towers.classical.tower import ClassicalTower, make_block
from handful.numerics.stats.proportions import share_interval

SEED = 0
PENALTIES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)
SETS: dict[str, tuple[str, ...]] = {
    "fast": ("lab", "hog", "lbp"),
    "lab + lbp": ("lab", "lbp"),
    "fisher pair": ("fisher_colour", "fisher_gradient"),
    "fisher pair + lbp": ("fisher_colour", "fisher_gradient", "lbp"),
    "fisher pair + lab + hog": ("fisher_colour", "fisher_gradient", "lab", "hog"),
    "fisher pair + lab + lbp": ("fisher_colour", "fisher_gradient", "lab", "lbp"),
}
SPEED_BARS = {"fast": 300, "fisher pair + lbp": 60, "fisher pair + lab + hog": 60}

Labels = NDArray[Any]
Places = NDArray[np.intp]


def tower(names: Sequence[str], size: int) -> ClassicalTower[Picture]:
    """Picture blocks with default settings at one size."""
    return ClassicalTower(
        [make_block("image", name, {"size": size}) for name in names],
        prepare=lambda pictures: paint(pictures, size),
    )


# ---------------------------------------------------------------- quality


@dataclass(frozen=True, kw_only=True)
class Task:
    """Pictures to classify at one size, with the parts they were split into."""

    name: str
    pictures: Sequence[Picture]
    labels: Mapping[str, Labels]
    groups: Labels
    part: Labels
    size: int
    sets: Mapping[str, tuple[str, ...]]

    def places(self, part: str) -> Places:
        """Rows of one part."""
        return np.flatnonzero(self.part == part)


def kernels_of(task: Task, train: Places) -> tuple[dict[str, NDArray[np.float32]], list[Row]]:
    """One scaled kernel over all pictures per block; blocks are fitted on `train`."""
    names = sorted({name for blocks in task.sets.values() for name in blocks})
    made = tower(names, task.size)
    started = time.process_time()
    made.fit([task.pictures[place] for place in train], seed=SEED)
    fitted = time.process_time()
    views = made.encode(task.pictures)
    ended = time.process_time()
    shapes = made.kernels()
    kernels = {name: kernel(rows, train, shapes[name]) for name, rows in views.items()}
    widths = ", ".join(f"{name} {rows.shape[1]:,}" for name, rows in views.items())
    rows = [
        Row(name=f"{task.name}: fitting {len(names)} blocks", value=fitted - started, unit="CPU s"),
        Row(
            name=f"{task.name}: encoding {len(task.pictures):,} pictures with {len(names)} blocks",
            value=ended - fitted,
            unit="CPU s",
            note=widths,
        ),
    ]
    return kernels, rows


def kernel(views: NDArray[np.float32], train: Places, shape: Kernel) -> NDArray[np.float32]:
    """Centred on the training rows and scaled to unit mean norm there."""
    matrix = views @ views.T
    if shape == "rbf":
        squares = np.diag(matrix)
        matrix = np.maximum(squares[:, None] + squares - 2 * matrix, 0)
        some = train[:: max(1, len(train) // 1500)]
        matrix = np.exp(matrix / -np.median(matrix[np.ix_(some, some)]))
    means = matrix[:, train].mean(axis=1)
    matrix = matrix - means[:, None] - means + means[train].mean()
    return matrix / np.diag(matrix)[train].mean()


def scores(
    matrix: NDArray[np.float32], target: NDArray[np.intp], train: Places, penalty: float
) -> NDArray[np.float32]:
    """One-vs-all kernel ridge trained on `train`, for every row: `[N, classes]`."""
    wanted = (target[:, None] == np.arange(target.max() + 1)).astype(np.float32)
    offset = wanted[train].mean(axis=0)
    own = matrix[np.ix_(train, train)].astype(np.float32)
    own[np.diag_indices(len(own))] += np.float32(penalty * own.trace() / len(own))
    weights = cho_solve(cho_factor(own, lower=True), wanted[train] - offset)
    answer: NDArray[np.float32] = matrix[:, train] @ weights + offset
    return answer


def judge(
    task: Task, marks: Mapping[str, Mapping[str, float]], extra: Callable[..., list[Row]] | None
) -> list[Row]:
    """Test accuracy of every set of blocks, and of the one chosen on the validation part."""
    train, valid, test = task.places("train"), task.places("val"), task.places("test")
    kernels, rows = kernels_of(task, train)
    sums = {title: sum(kernels[block] for block in blocks) for title, blocks in task.sets.items()}
    for label, values in task.labels.items():
        target = np.unique(values, return_inverse=True)[1]
        right, promised = {}, {}
        for title, matrix in sums.items():
            by_penalty = {}
            for penalty in PENALTIES:
                hits = scores(np.asarray(matrix), target, train, penalty).argmax(axis=1) == target
                by_penalty[penalty] = hits
            best = max(PENALTIES, key=lambda each: by_penalty[each][valid].mean())
            promised[title] = float(by_penalty[best][valid].mean())
            right[title] = by_penalty[best][test]
        winner = max(promised, key=lambda title: promised[title])
        for title in [*task.sets, "chosen"]:
            hits = right[winner if title == "chosen" else title]
            mark = marks.get(label, {}).get(title)
            interval = share_interval(hits, task.groups[test])
            note = winner if title == "chosen" else f"validation {promised[title]:.3f}"
            rows.append(
                Row(
                    name=f"{task.name} {label}: {title}",
                    value=float(hits.mean()),
                    low=interval.low,
                    high=interval.high,
                    at_least=None if mark is None else round(mark - 0.02, 3),
                    note=note + (f"; mark {mark:g}" if mark else ""),
                )
            )
    return rows + (extra(task, sums) if extra else [])


def grocery(data: Path) -> list[Row]:
    """Photos of groceries, the official split."""
    records = lines(data / "grocery" / "metadata.jsonl")
    task = Task(
        name="grocery",
        pictures=pictures(data / "grocery" / "images.zip", [r["image"] for r in records], 96),
        labels={"coarse": column(records, "coarse"), "fine": column(records, "fine")},
        groups=column(records, "fine"),
        part=column(records, "split"),
        size=96,
        sets=SETS,
    )
    marks = {
        "coarse": {"chosen": 0.765, "fisher pair": 0.765},
        "fine": {"chosen": 0.683, "fisher pair": 0.683},
    }
    return judge(task, marks, None)


def emoji(data: Path) -> list[Row]:
    """Groups of emoji of unseen concepts, and of a drawing style that training never saw."""
    records = [r for r in lines(data / "emoji" / "images.jsonl") if r["skin_tone"] is None]
    style = column(records, "vendor")
    task = Task(
        name="emoji",
        pictures=pictures(data / "emoji" / "images.zip", [r["image"] for r in records], 64),
        labels={"group": column(records, "group")},
        groups=column(records, "concept"),
        part=column(records, "split"),
        size=64,
        sets=SETS,
    )

    def unseen_style(task: Task, sums: Mapping[str, NDArray[np.float32]]) -> list[Row]:
        target = np.unique(task.labels["group"], return_inverse=True)[1]
        before = {"noto": 0.591, "twemoji": 0.536, "openmoji": 0.278}
        rows = []
        for left_out, value in before.items():
            train = np.flatnonzero((task.part == "train") & (style != left_out))
            test = np.flatnonzero((task.part == "test") & (style == left_out))
            for title in ("fisher pair", "fisher pair + lbp", "fisher pair + lab + hog"):
                found = scores(sums[title], target, train, 0.1).argmax(axis=1) == target
                rows.append(
                    Row(
                        name=f"emoji group, {left_out} never seen: {title}",
                        value=float(found[test].mean()),
                        note=f"earlier {value}; words saw all styles, without labels",
                    )
                )
        return rows

    return judge(task, {"group": {"chosen": 0.801}}, unseen_style)


def stamps(data: Path) -> list[Row]:
    """Categories of drawn and photographed stamps."""
    records = lines(data / "stamps_trimodal" / "records.jsonl")
    names = [r["image"] for r in records]
    stems = [re.sub(r"[-_ \d]+$", "", r["id"]) for r in records]
    task = Task(
        name="stamps",
        pictures=pictures(data / "stamps_trimodal" / "images.zip", names, 96),
        labels={"category": column(records, "category")},
        groups=np.array(stems),
        part=column(records, "split"),
        size=96,
        sets=SETS,
    )
    return judge(task, {"category": {"chosen": 0.723}}, None)


def digits(data: Path) -> list[Row]:
    """Handwritten digits whose 34 largest components (76 % of the variance) are taken away."""
    folder = data / "avmnist_parts" / "mnist"
    raw = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
    marks = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
    count = 10_000
    images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784)[:count].astype(np.float32)
    label = np.frombuffer(marks, np.uint8, offset=8)[:count]
    centred = images - images.mean(axis=0)
    largest = np.linalg.eigh(centred.T @ centred)[1][:, -34:]
    rest = np.clip(128 + centred - centred @ largest @ largest.T, 0, 255).astype(np.uint8)
    order = np.random.default_rng(SEED).permutation(count)[:8000]
    part = np.array(["train"] * 4000 + ["val"] * 1000 + ["test"] * 3000)
    task = Task(
        name="degraded",
        pictures=list(np.repeat(rest[order].reshape(-1, 28, 28, 1), 3, axis=-1)),
        labels={"digit": label[order]},
        groups=np.arange(len(order)),
        part=part,
        size=32,
        sets={"patches": ("patches",), "hog": ("hog",), "patches + hog": ("patches", "hog")},
    )
    return judge(task, {"digit": {"chosen": 0.964, "patches": 0.964}}, None)


# ---------------------------------------------------------------- speed


def _as_trained(profile: Profile, size: int, bar: float, photos: list[Picture]) -> Row:
    """The tower that `handful train` gives photos, each encoded with all its blocks."""
    names = Recipe.of(profile, ["image"]).blocks["image"]
    made = make_tower("image", names, picture_px=size)
    made.fit(photos, seed=SEED)
    return Row(
        name=f"speed of the {profile} profile as trained, {size} px, from 256 px",
        value=len(photos) / cpu(lambda: made.encode(photos)),
        unit="pictures/CPU s",
        at_least=bar,
    )


def speeds() -> list[Row]:
    """Pictures a second of one thread, from small and from large pictures, and from JPEG bytes."""
    small, large = made_up(192, 112), made_up(192, 256)
    encoded = [as_jpeg(picture) for picture in large]
    rows = []
    for title, blocks in SETS.items():
        made = tower(blocks, 96)
        made.fit(small, seed=SEED)
        ways: dict[str, Callable[[], object]] = {
            "112 px": lambda made=made: made.encode(small),
            "256 px": lambda made=made: made.encode(large),
            "256 px JPEG": lambda made=made: made.encode([from_jpeg(data) for data in encoded]),
        }
        for way, action in ways.items():
            rows.append(
                Row(
                    name=f"speed of {title}, {way}",
                    value=len(small) / cpu(action),
                    unit="pictures/CPU s",
                    at_least=SPEED_BARS.get(title),
                )
            )
    rows += [_as_trained("default", 128, 60, large), _as_trained("fast", 96, 300, large)]
    for name in sorted({name for blocks in SETS.values() for name in blocks}):
        made = tower([name], 96)
        started = time.process_time()
        made.fit(small, seed=SEED)
        fitted = time.process_time() - started
        pixels = paint(small, 96).pixels
        alone = cpu(lambda made=made, pixels=pixels: made.encode(Canvas(pixels)))
        rows.append(
            Row(
                name=f"speed of block {name}, 96 px, its own colours and gradients included",
                value=len(small) / alone,
                unit="pictures/CPU s",
                note=f"fit {fitted:.1f} CPU s",
            )
        )
    return rows


def cpu(action: Callable[[], object]) -> float:
    """The least CPU seconds of three runs."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        action()
        taken.append(time.process_time() - started)
    return min(taken)


def made_up(count: int, side: int) -> list[Picture]:
    """Blotches of colour with grain, about as busy as a photo."""
    random = np.random.default_rng(SEED)
    found = []
    for _ in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-12, 13, (side, side, 3), dtype=np.int16)
        found.append(np.clip(smooth + grain, 0, 255).astype(np.uint8))
    return found


def as_jpeg(picture: Picture) -> bytes:
    """JPEG bytes of quality 90."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def from_jpeg(data: bytes) -> Picture:
    """The picture in JPEG bytes."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


# ---------------------------------------------------------------- reading


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def column(records: Sequence[Mapping[str, Any]], key: str) -> Labels:
    """One field of all records."""
    return np.array([record[key] for record in records])


def pictures(archive: Path, names: Sequence[str], size: int) -> Sequence[Picture]:
    """Pictures of a zip file at one size, transparency over white."""
    found = []
    with zipfile.ZipFile(archive) as files:
        for name in names:
            image = Image.open(io.BytesIO(files.read(name))).convert("RGBA")
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            picture = np.asarray(Image.alpha_composite(white, image).convert("RGB"))
            found.append(paint([picture], size)[0])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="the folder with the data sets")
    chosen = parser.parse_args()
    rows = speeds()
    if chosen.data:
        for measure in (grocery, emoji, stamps, digits):
            rows += measure(chosen.data)
    note = "CPU seconds of one thread; accuracy on the test part, one look per row"
    report("towers-image", rows, note=note, seeds=[SEED])


if __name__ == "__main__":
    main()
