"""What a cost depends on: plain counts of items and files, and how fast this machine is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

REFERENCE_GFLOPS = 80.0
"""float32 matrix product of the core that all constants of the cost model were measured on."""
REFERENCE_MOPS = 10.0
"""Small steps of plain Python on that core, in 1e6 per second."""
Profile = Literal["fast", "default"]
"""How thorough the towers are."""
WIDTH = 200
"""Plain latents kept per modality, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Some work, as seconds on one reference core.

    Attributes:
        numbers_s: Arithmetic on arrays; shorter on a core that multiplies matrices faster.
        steps_s: Plain Python in between; shorter on a core that takes small steps faster.
    """

    numbers_s: float = 0.0
    steps_s: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(
            numbers_s=self.numbers_s + other.numbers_s, steps_s=self.steps_s + other.steps_s
        )

    def __mul__(self, times: float) -> Work:
        return Work(numbers_s=self.numbers_s * times, steps_s=self.steps_s * times)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast this machine works, now.

    Attributes:
        gflops: float32 matrix product on one core, in 1e9 operations per second.
        mops: Small steps of plain Python, in 1e6 per second.
        write_mb_per_s: Writing until the disk has it, in 1e6 bytes per second.
        threads: Threads that a training computes with.
        share: Part of a core that this process gets while other programs run; 1 on an idle one.
    """

    gflops: float = REFERENCE_GFLOPS
    mops: float = REFERENCE_MOPS
    write_mb_per_s: float = 200.0
    threads: int = 1
    share: float = 1.0

    def seconds(self, work: Work) -> float:
        """Core seconds of some work on this machine.

        Small steps were measured 5.7 to 11.1 on one core as others came and went, arithmetic 72 to
        87: so the steadier figure has a say in both.
        """
        slower = REFERENCE_GFLOPS / self.gflops
        return work.numbers_s * slower + work.steps_s * (slower * REFERENCE_MOPS / self.mops) ** 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """One modality of the items, and what its files cost on this machine.

    Attributes:
        items: Items that have it.
        fresh: Those of them that are not in the cache; they are encoded.
        labelled: Labelled items that have it.
        widths: Block to numbers per item.
        fitted_on: Files that the tower is fitted on.
        read_s: Core seconds to read one file.
        encode_s: Core seconds to encode one.
        fit_s: Core seconds to fit the tower, reading left out.
        fit_bytes: Memory that fitting holds for a while, the files included.
        cached_bytes: What one item takes in the cache.
        lean_width: Numbers per item of the views that may serve better alone; 0 without such.
    """

    items: int
    fresh: int
    labelled: int
    widths: Mapping[str, int]
    fitted_on: int
    read_s: float
    encode_s: float
    fit_s: float
    fit_bytes: float = 0.0
    cached_bytes: float = 0.0
    lean_width: int = 0

    @property
    def width(self) -> int:
        """Numbers per item, all blocks together."""
        return sum(self.widths.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Everything the cost of one training depends on.

    Attributes:
        files: Modality to its files.
        items: Items to learn from, labelled or not.
        pairs: Those that carry two modalities or more.
        labelled: Items with a label.
        classes: Different answers.
        groups: Groups of the labelled items.
        folds: Folds asked for.
        rungs: Names of the rungs to choose from.
        shy: Those of them that say nothing of their own about a single modality.
        baselines: Names of what only stands in the table to be beaten.
        reads_files: Whether a baseline learns from the labelled files themselves.
        network_s: Processor seconds that such a one is given for one fit.
        held_bytes: Memory that the process holds before it starts.
    """

    files: Mapping[str, Files]
    items: int
    pairs: int = 0
    labelled: int = 0
    classes: int = 0
    groups: int = 0
    folds: int = 5
    rungs: tuple[str, ...] = ()
    shy: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    reads_files: bool = False
    network_s: float = 20.0
    held_bytes: int = 0

    @property
    def turns(self) -> int:
        """Times that some groups are held out; 0 when there are too few groups to measure."""
        return min(self.folds, self.groups) if self.groups >= 3 else 0

    @property
    def width(self) -> int:
        """Numbers per item, all modalities together."""
        return sum(files.width for files in self.files.values())
