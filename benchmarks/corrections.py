"""What corrections do to all other items, how right that is, and how long it takes.

    python benchmarks/corrections.py [--scratch FOLDER]      about a quarter of an hour on one core

right   The workshop of 600 pieces, `kind` and `grade`. A run learns from a few answers per class; a
        person then puts right the first 20 items, drawn by chance, and what is believed of all
        others is compared with what the run says of them, and with a run trained anew on the same
        answers. Five draws.
fast    The library as a run sees it, made up: 10,000 and 100,000 items in three modalities, 300
        answers learned, 20 put right. From the answers to what is believed of every item.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import handful as hd
from common import Row, report
from handful.data.library.items import Item, Label, LabelKind
from handful.data.samples import make_kiln
from handful.numerics.linear.blocks import Block
from handful.use.explore.corrections import correct
from handful.use.explore.likeness import Scale

DRAWS, PER_CLASS, PUT_RIGHT = 5, 10, 20
BARS = {10_000: 2.0, 100_000: 10.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--scratch", type=Path, help="keep the sample there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = chosen.scratch or Path(temporary)
        rows = [row for task in ("kind", "grade") for row in _right(task, scratch)]
    rows += [_fast(count, bar) for count, bar in BARS.items()]
    report("corrections", rows, note="share right of all other items", seeds=list(range(DRAWS)))


def _right(task: str, scratch: Path) -> list[Row]:
    shop = _shop(scratch, task)
    truth = {item.id: item.label(task) for item in shop.items.items()}
    truth = {name: value for name, value in truth.items() if value}
    figures = {"the run": [], "with 20 corrections": [], "trained anew": []}
    wrong_way = []
    for seed in range(DRAWS):
        dice = np.random.default_rng([seed, 7])
        names = dice.permutation(sorted(truth))
        taught, given = [], dict.fromkeys(truth.values(), 0)
        for name in names:
            if given[truth[name]] < PER_CLASS:
                given[truth[name]] += 1
                taught.append(name)
        rest = [name for name in names if name not in set(taught)]
        fixed, asked = rest[:PUT_RIGHT], rest[PUT_RIGHT:]
        few = f"{task}, draw {seed}"  # a task of its own, whose other answers nobody knows
        shop.items.label({name: truth[name] for name in taught}, task=few, annotator="me")
        run = shop.train(few, baselines=False, budget="2min")
        before = shop.effect(few)
        shop.items.label({name: truth[name] for name in fixed}, task=few, annotator="me")
        after = shop.effect(few)
        place = {item.id: at for at, item in enumerate(shop.items.items())}
        classes = np.array(run.model.classes)
        at, told = [place[name] for name in asked], np.array([truth[name] for name in asked])
        was = classes[before.said[at].argmax(axis=1)] == told
        now = classes[after.said[at].argmax(axis=1)] == told
        anew = shop.train(few, baselines=False, budget="2min")
        again = shop.effect(few).said[at].argmax(axis=1)
        figures["the run"].append(was.mean())
        figures["with 20 corrections"].append(now.mean())
        figures["trained anew"].append((np.array(anew.model.classes)[again] == told).mean())
        wrong_way.append((int((was & ~now).sum()), int((~was & now).sum())))
        print(
            task,
            seed,
            {k: round(float(v[-1]), 3) for k, v in figures.items()},
            wrong_way[-1],
            f"gain {after.gain:.3f}, {len(after.changed)} changed",
            flush=True,
        )
    lost, won = np.sum(wrong_way, axis=0)
    found = [
        Row(name=f"{task}, {PER_CLASS} per class: {name}", value=float(np.mean(each)))
        for name, each in figures.items()
    ]
    gain = 100 * float(
        np.mean(np.array(figures["with 20 corrections"]) - np.array(figures["the run"]))
    )
    note = f"{won} answers became right and {lost} wrong in {DRAWS} draws"
    name = f"{task}: others gain by corrections"
    return [*found, Row(name=name, value=gain, unit="pt", at_least=0.0, note=note)]


def _shop(scratch: Path, task: str) -> hd.Project:
    kiln, folder = scratch / "kiln", scratch / f"shop-{task}"
    if not kiln.exists():
        make_kiln(kiln, items=600, seed=0, workers=2)
    if folder.exists():
        return hd.Project.open(folder)
    shop = hd.project(folder)
    table = next(kiln.glob("*.csv"))
    shop.add(table, columns={"labels": [task], "group": "firing"})
    return shop


def _fast(count: int, bar: float) -> Row:
    dice = np.random.default_rng(0)
    classes = ("a", "b", "c", "d")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    truth = dice.integers(len(classes), size=count)

    def labels(place: int) -> tuple[Label, ...]:
        if place >= 320:
            return ()
        value = classes[truth[place]]
        return (Label(task="t", value=value, annotator="me", kind=LabelKind.HUMAN, time=now),)

    items = [Item(id=f"{n:06}", key=str(n), parts={}, labels=labels(n)) for n in range(count)]
    centres = dice.normal(size=(len(classes), 200))
    latents = {
        name: {
            "plain": Block.of(
                (centres[truth] + 2 * dice.normal(size=(count, 200))).astype(np.float32)
            )
        }
        for name in ("text", "image", "audio")
    }
    said = dice.dirichlet(np.ones(len(classes)), size=count).astype(np.float32)
    seen: Any = SimpleNamespace(
        items=items,
        latents=latents,
        scales={(name, name): Scale(0.5, 10.0, 4.0) for name in latents},
        said={"": said},
    )
    held = [
        {"item": f"{n:06}", "truth": classes[truth[n]], "probabilities": said[n].tolist()}
        for n in range(300)
    ]
    run: Any = SimpleNamespace(
        task="t", model=SimpleNamespace(classes=classes), held_out=lambda: held
    )
    times = []
    for _ in range(3):
        start = time.process_time()
        found = correct(seen, run, items)
        times.append(time.process_time() - start)
    assert found.changed
    return Row(
        name=f"{count:,} items: from corrections to what is believed of all",
        value=float(np.median(times)),
        unit="s",
        at_most=bar,
        note=f"CPU seconds, median of 3; {len(found.changed):,} changes with their reasons",
    )


if __name__ == "__main__":
    main()
