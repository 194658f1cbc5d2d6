"""What is asked and what was said, kept on disk line by line, so that a stopped run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is asked: a task, a part of its set, labels per class (0 for all), and a seed."""

    task: str
    part: str
    count: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one way to learn said of the test items of a cell.

    Attributes:
        right: Hexadecimal digits of packed bits, one bit per test item.
        cpu_s: Processor seconds of learning and answering, without encoding.
        note: What it chose.
    """

    right: str
    cpu_s: float
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All that was said in one cell.

    Attributes:
        cell: Which.
        labels: How many labels were given.
        said: Way to learn to what it said.
    """

    cell: Cell
    labels: int
    said: Mapping[str, Said]


@dataclass(frozen=True, kw_only=True)
class About:
    """One part of a set.

    Attributes:
        part: Its name.
        train: Items to learn from.
        test: Items to ask.
        groups: Group of each test item.
        cpu_s: What it cost before any label: fitting and encoding, latents, asking.
        sentences: What was found without labels.
    """

    part: str
    train: int
    test: int
    groups: Sequence[str]
    cpu_s: Mapping[str, float]
    sentences: Sequence[str]


class Kept:
    """The lines of one part of a set.

    Args:
        path: The file; made when first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.about: About | None = None
        self.cells: dict[Cell, Answers] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                self._take(json.loads(line))
            except json.JSONDecodeError:
                continue  # the last line of a run that was stopped

    def add(self, made: About | Answers) -> None:
        """Keep one more line."""
        plain = asdict(made)
        self._take(plain)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(plain, ensure_ascii=False) + "\n")

    def _take(self, plain: dict[str, Any]) -> None:
        if "cell" not in plain:
            self.about = About(**plain)
            return
        said = {name: Said(**each) for name, each in plain["said"].items()}
        cell = Cell(**plain["cell"])
        self.cells[cell] = Answers(cell=cell, labels=plain["labels"], said=said)


def unpack(said: Said, count: int) -> NDArray[np.bool_]:
    """Which test items an answer was right on.

    Args:
        said: From a cell.
        count: Test items.
    """
    packed = np.frombuffer(bytes.fromhex(said.right), dtype=np.uint8)
    return np.unpackbits(packed, count=count).astype(bool)


def pack(right: NDArray[np.bool_]) -> str:
    """Hexadecimal digits of which test items an answer was right on.

    Args:
        right: `[M]` true where it was.
    """
    return np.packbits(right).tobytes().hex()


def cells(
    tasks: Mapping[str, Sequence[str]], part: str, counts: Sequence[int], seeds: int
) -> Iterator[Cell]:
    """Every cell of a part; all labels need one seed only.

    Args:
        tasks: Task to modalities.
        part: Its name.
        counts: Labels per class.
        seeds: How many draws.
    """
    for task in tasks:
        for count in counts:
            for seed in range(seeds if count else 1):
                yield Cell(task=task, part=part, count=count, seed=seed)
