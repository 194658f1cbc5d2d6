"""How hard is the potter's kiln, and what does it look like?

    python benchmarks/kiln.py                 600 items, about three minutes
    python benchmarks/kiln.py --sheet FILE    the contact sheet of 48 only, as JPEG

Simple features of each modality (colour and gradient histograms; log-mel statistics and decay;
character and word TF-IDF) with logistic regression and with gradient boosting, and boosting
on all features together; five folds that keep firings whole. Bars: the best single modality
reaches 55 to 75 % on `grade`. "Ceiling" rows read the answer key: what perfect eyes, ears or
reading could reach alone, and what all three could reach together. The result is written to
`results/kiln-<date>.json`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.signal import stft
from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import Row, report
from handful.data.samples import make_kiln
from handful.data.samples.kiln.fingerprint import GENERATOR, fingerprint
from handful.data.samples.kiln.forms import KINDS
from handful.data.samples.kiln.pieces import GRADES
from handful.data.samples.kiln.plan import Row as Planned
from handful.data.samples.kiln.plan import make_plan
from handful.data.samples.kiln.render import photograph
from handful.data.samples.kiln.scene import scene_of

ITEMS, SEED = 600, 0
MODALITIES = ("photo", "tap", "note")
SHEET = Path(__file__).resolve().parents[1] / "docs" / "images" / "kiln-contact-sheet.jpg"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """The sample as features: a matrix per modality with rows only where it exists."""

    features: dict[str, Floats]
    present: dict[str, NDArray[np.bool_]]
    texts: list[str]
    labels: dict[str, NDArray[np.str_]]
    truth: dict[str, NDArray[np.str_]]
    firing: NDArray[np.str_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--sheet", type=Path, help="write the contact sheet there and stop")
    chosen = parser.parse_args()
    if chosen.sheet:
        draw_sheet(chosen.sheet)
        return
    with tempfile.TemporaryDirectory() as folder:
        before, started = time.perf_counter(), _cpu_s()
        made = make_kiln(Path(folder) / "kiln", items=chosen.items, seed=SEED, workers=2)
        wall_s, cpu_s = time.perf_counter() - before, _cpu_s() - started
        shop = read(made.folder, made.answers)
        rows = [
            Row(
                name="make_kiln CPU over two cores",
                value=cpu_s / 2,
                unit="s",
                at_most=60,
                note="CPU seconds of both workers, halved",
            ),
            Row(name="make_kiln wall", value=wall_s, unit="s", note="with whatever else ran"),
            Row(name="photos", value=made.photos),
            Row(name="taps", value=made.taps),
            Row(name="notes", value=made.notes),
        ]
    rows += measure(shop, "grade") + measure(shop, "kind")
    rows += ceilings(shop_truth(chosen.items))
    report(
        "kiln",
        rows,
        note="accuracy over 5 folds that keep firings whole; generator fixed before any tuning",
        seeds=[SEED],
        extra={"generator": GENERATOR, "fingerprint": fingerprint(), "items": chosen.items},
    )


def _cpu_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


# ---------------------------------------------------------------- features


def read(folder: Path, answers: Path) -> Shop:
    with (folder / "pieces.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    key = json.loads(answers.read_text(encoding="utf-8"))["truth"]
    found: dict[str, list[Floats | None]] = {"photo": [], "tap": []}
    texts = []
    for row in table:
        found["photo"].append(_opened(picture_features, folder, row["photo"]))
        found["tap"].append(_opened(sound_features, folder, row["tap"]))
        texts.append(_text(folder, row["note"]))
    features, present = {}, {"note": np.array([bool(text) for text in texts])}
    for name, vectors in found.items():
        present[name] = np.array([vector is not None for vector in vectors])
        width = next(len(vector) for vector in vectors if vector is not None)
        features[name] = np.array(
            [np.full(width, np.nan) if vector is None else vector for vector in vectors]
        )
    labels = {name: np.array([row[name] for row in table]) for name in ("kind", "grade")}
    truth = {name: np.array([key[row["id"]][name] for row in table]) for name in ("kind", "grade")}
    return Shop(features, present, texts, labels, truth, np.array([row["firing"] for row in table]))


def _opened(make: Callable[[Path], Floats], folder: Path, name: str) -> Floats | None:
    if not name:
        return None
    try:
        return make(folder / name)
    except (OSError, RuntimeError):
        return None


def _text(folder: Path, note: str) -> str:
    if note.startswith("notes/"):
        return (folder / note).read_text(encoding="utf-8", errors="replace").strip()
    return note


def picture_features(path: Path) -> Floats:
    """Colour histograms on 1, 2x2 and 3x3 grids, gradient histograms on 6x6, contrast."""
    with Image.open(path) as image:
        picture = image.convert("RGB").resize((96, 96), Image.Resampling.BILINEAR)
    values = np.asarray(picture, dtype=np.float64) / 255
    hue = np.asarray(picture.convert("HSV"), dtype=np.int64)
    code = (hue[..., 0] // 32) * 9 + (hue[..., 1] // 86) * 3 + hue[..., 2] // 86
    parts = [_histograms(code, 72, grid) for grid in (1, 2, 3)]
    grey = values.mean(axis=2)
    down, across = np.gradient(grey)
    size = np.hypot(down, across)
    turn = ((np.arctan2(down, across) % np.pi) / np.pi * 9).astype(int) % 9
    parts.append(_histograms(turn, 9, 6, weights=size))
    fine = np.abs(
        grey[1:-1, 1:-1] * 4 - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    )
    parts.append(np.array([np.quantile(fine, q) for q in (0.5, 0.9, 0.97, 0.99, 0.999)]))
    parts.append(np.array([np.quantile(size, q) for q in (0.5, 0.9, 0.97, 0.99)]))
    parts.append(np.quantile(grey, (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)))
    return np.concatenate(parts)


def _histograms(
    code: NDArray[np.int64], bins: int, grid: int, weights: Floats | None = None
) -> Floats:
    side = len(code) // grid
    parts = []
    for row in range(grid):
        for column in range(grid):
            cell = np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]
            heavy = None if weights is None else weights[cell].ravel()
            counted = np.bincount(code[cell].ravel(), heavy, bins).astype(float)
            parts.append(np.sqrt(counted / max(counted.sum(), 1e-9)))
    return np.concatenate(parts)


def sound_features(path: Path) -> Floats:
    """Log-mel means, spread, attack and decay of 32 bands; how fast the whole sound dies."""
    samples, rate = soundfile.read(path)
    _, _, spectrum = stft(samples, rate, nperseg=512, noverlap=256)
    power = np.abs(spectrum) ** 2
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 10_000 / 700), 34) / 2595) - 1)
    frequency = np.linspace(0, rate / 2, len(power))
    bank = np.array(
        [
            np.interp(frequency, edges[band : band + 3], [0, 1, 0], left=0, right=0)
            for band in range(32)
        ]
    )
    mel = 10 * np.log10(bank @ power + 1e-9)
    mel = np.maximum(mel - mel.max(), -70)
    start = int(mel.mean(axis=0)[: mel.shape[1] // 3].argmax())
    tail = mel[:, start : start + 40]
    tail = np.pad(tail, ((0, 0), (0, 40 - tail.shape[1])), mode="edge")
    loud = 10 * np.log10(np.maximum(power.sum(axis=0)[start : start + 40], 1e-12))
    loud = np.pad(loud, (0, 40 - len(loud)), mode="edge")
    fall = (loud - loud[0])[[2, 4, 6, 9, 12, 16, 22, 30]]
    return np.concatenate(
        [
            mel.mean(axis=1),
            mel.std(axis=1),
            tail[:, 0],
            tail[:, 5],
            tail[:, 12],
            tail[:, 0] - tail[:, 8],
            fall,
        ]
    )


def text_features(texts: list[str], train: NDArray[np.intp]) -> Any:
    """Character 2-5-gram and word 1-2-gram TF-IDF, fitted on the training rows."""
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")
    seen = [texts[row] for row in train if texts[row]]
    both = [make.fit(seen).transform(texts) for make in (characters, words)]
    return hstack(both).tocsr()


# ---------------------------------------------------------------- difficulty


def measure(shop: Shop, label: str) -> list[Row]:
    """Accuracy of each modality alone and of boosting on everything."""
    known = np.flatnonzero(shop.labels[label] != "")
    right: dict[str, NDArray[np.float64]] = {}
    for train, test in _folds(shop, known):
        for name, hits in _fold(shop, label, train, test).items():
            right.setdefault(name, np.full(len(shop.firing), np.nan))[test] = hits
    rows, best = [], {"where present": 0.0, "on all items": 0.0}
    for name, hits in right.items():
        modality = name.split()[0]
        rows.append(_row(f"{label}: {name}, all items", hits[known]))
        if modality in MODALITIES:
            there = known[shop.present[modality][known]]
            rows.append(_row(f"{label}: {name}, where present", hits[there]))
            best["on all items"] = max(best["on all items"], float(hits[known].mean()))
            best["where present"] = max(best["where present"], float(hits[there].mean()))
    if label == "grade":
        for where, value in best.items():
            rows.append(
                Row(
                    name=f"grade: best single modality {where}",
                    value=value,
                    at_least=0.55,
                    at_most=0.75,
                )
            )
    return rows


def _row(name: str, hits: Floats) -> Row:
    mean = float(hits.mean())
    margin = 1.96 * float(hits.std()) / np.sqrt(len(hits))
    return Row(name=name, value=mean, low=mean - margin, high=mean + margin, note=f"n={len(hits)}")


def _folds(
    shop: Shop, known: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Five folds of whole firings: rows to learn from and rows to ask about."""
    firings = np.random.default_rng(SEED).permutation(np.unique(shop.firing))
    for fold in range(5):
        asked = np.isin(shop.firing[known], firings[fold::5])
        yield known[~asked], known[asked]


def _fold(
    shop: Shop, label: str, train: NDArray[np.intp], test: NDArray[np.intp]
) -> dict[str, NDArray[np.bool_]]:
    """Which test rows each learner got right."""
    answer, wanted = shop.labels[label][train], shop.labels[label][test]
    names, counts = np.unique(answer, return_counts=True)
    majority = np.full(len(test), names[counts.argmax()], dtype=answer.dtype)
    text = text_features(shop.texts, train)
    dense = np.asarray(TruncatedSVD(60, random_state=SEED).fit(text[train]).transform(text))
    dense[~shop.present["note"]] = np.nan
    right = {"majority": majority == wanted}
    probability: list[tuple[str, Floats]] = []
    for modality in MODALITIES:
        there, asked = shop.present[modality][train], shop.present[modality][test]
        plain = text if modality == "note" else shop.features[modality]
        boosted = dense if modality == "note" else shop.features[modality]
        for name, model, values in (
            ("logistic", _logistic(modality), plain),
            ("boosting", _boosting(), boosted),
        ):
            model.fit(values[train[there]], answer[there])
            guess = majority.copy()
            guess[asked] = model.predict(values[test[asked]])
            right[f"{modality} {name}"] = guess == wanted
            if name == "logistic":
                share = np.zeros((len(test), len(names)))
                share[asked] = model.predict_log_proba(values[test[asked]])
                share[asked] -= np.log(counts / counts.sum())
                probability.append((modality, share))
    everything = np.concatenate([shop.features["photo"], shop.features["tap"], dense], axis=1)
    joined = _boosting().fit(everything[train], answer)
    right["everything boosting"] = joined.predict(everything[test]) == wanted
    total = np.log(counts / counts.sum()) + sum(share for _, share in probability)
    right["everything product of logistics"] = names[total.argmax(axis=1)] == wanted
    return right


def _logistic(modality: str) -> Any:
    learner = LogisticRegression(C=10.0 if modality == "note" else 0.003, max_iter=2000)
    return learner if modality == "note" else make_pipeline(StandardScaler(), learner)


def _boosting() -> Any:
    return HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=8, max_features=0.2,
        random_state=SEED,
    )  # fmt: skip


def shop_truth(items: int) -> list[dict[str, Any]]:
    """The hidden causes of each row, from the plan."""
    return [
        {
            "crack": bool(row.content.crack),
            "flaw": bool(row.content.flaw),
            "event": row.content.event,
            "has": sorted(row.content.has),
            "grade": row.grade,
        }
        for row in make_plan(SEED, items).rows
    ]


def ceilings(causes: list[dict[str, Any]]) -> list[Row]:
    """What perfect senses could reach on `grade`, alone and together."""
    kept = [cause for cause in causes if cause["grade"]]
    rows = []
    for name, senses in (
        ("photo", {"photo"}),
        ("tap", {"tap"}),
        ("note", {"note"}),
        ("everything", set(MODALITIES)),
    ):
        told = [_told(cause, senses) for cause in kept]
        best = {}
        for state in set(told):
            grades = [
                cause["grade"] for cause, seen in zip(kept, told, strict=True) if seen == state
            ]
            best[state] = max(set(grades), key=grades.count)
        hits = np.array(
            [cause["grade"] == best[seen] for cause, seen in zip(kept, told, strict=True)], float
        )
        rows.append(_row(f"ceiling of {name} on grade, all items", hits))
        there = np.array([senses <= set(cause["has"]) for cause in kept])
        rows.append(_row(f"ceiling of {name} on grade, where present", hits[there]))
    return rows


def _told(cause: dict[str, Any], senses: set[str]) -> tuple[object, ...]:
    """What these senses know of the causes; None where nothing was recorded."""
    known = {"photo": cause["flaw"], "tap": cause["crack"], "note": cause["event"]}
    return tuple(known[sense] if sense in cause["has"] else None for sense in sorted(senses))


# ---------------------------------------------------------------- contact sheet


def draw_sheet(path: Path, photo: int = 192) -> None:
    """48 photos with their id, kind and grade: eight columns, all kinds and grades mixed."""
    chosen = _mixed(make_plan(SEED, ITEMS).rows)
    gap, line, columns = 10, 17, 8
    wide, high = photo + gap, photo + line + gap
    sheet = Image.new("RGB", (columns * wide + gap, 6 * high + gap), (250, 249, 246))
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(chosen):
        picture = Image.fromarray(photograph(row.content))
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side))
        x, y = gap + number % columns * wide, gap + number // columns * high
        sheet.paste(square.resize((photo, photo), Image.Resampling.LANCZOS), (x, y))
        pen.text(
            (x, y + photo + 2),
            f"{row.content.kind} · {row.content.grade}",
            fill=(60, 56, 50),
            font_size=12,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = io.BytesIO()
    sheet.save(encoded, "JPEG", quality=90)
    path.write_bytes(encoded.getvalue())
    print(f"written to {path}")


def _mixed(rows: tuple[Planned, ...]) -> list[Planned]:
    """Eight of each kind, from as many firings and with all grades."""
    left = [row for row in rows if not row.fault and "photo" in row.content.has]
    left = [row for row in left if _fits_square(row)]
    chosen: list[Planned] = []
    used: dict[str, int] = {}

    def seldom(row: Planned) -> tuple[int, int]:
        return used.get(row.piece.firing.name, 0), row.piece.index * 7919 % 601

    for number in range(48):
        kind, grade = KINDS[number % 6], GRADES[(number // 6) % 3]
        fitting = [row for row in left if (row.content.kind, row.content.grade) == (kind, grade)]
        best = min(fitting, key=seldom)
        left.remove(best)
        used[best.piece.firing.name] = used.get(best.piece.firing.name, 0) + 1
        chosen.append(best)
    return chosen


def _fits_square(row: Planned) -> bool:
    """Whether a square cut from the middle of the photo holds the whole piece."""
    firing = row.content.firing
    wide, high = scene_of(row.content.seed, firing.number, firing.backdrop).size
    flat = row.content.kind in ("plate", "teapot", "bowl") or row.content.form == "chamberstick"
    return wide == high or (wide < high if flat else wide > high)


if __name__ == "__main__":
    main()
