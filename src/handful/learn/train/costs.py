"""Core seconds of each part of a training, one function each, on the core they were measured on.

Constants come from fits on kiln pieces, spoken digits, grocery photos and emoji with 60 to 900
labels of 3 to 42 classes, one thread, on a busy machine. Descents stop when they have converged,
which depends on the data as much as on its size, so a single figure may be off by a third; what
past runs of a project took corrects it (`history`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handful.learn.train.counts import WIDTH, Counts, Files, Work

_BASE_FOLDS = 6
"""Fits behind the measured constants: five folds, and one on everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What one fit of one rung depends on.

    Attributes:
        items: Labelled items per modality.
        classes: Different answers.
        folds: Inner folds to choose penalties on; 0 when nothing is held out.
        widths: Modality to numbers per item, all blocks together.
        has_shared: Whether what modalities tell of each other is tried at several weights.
        network_s: Processor seconds that a network from scratch is given.
    """

    items: Mapping[str, float]
    classes: int
    folds: int
    widths: Mapping[str, int]
    has_shared: bool = False
    network_s: float = 20.0

    @property
    def most(self) -> float:
        """Items of the modality that most have: about as many as there are."""
        return max(self.items.values())


Cost = Callable[[Lesson], Work]


def ridge(items: float, classes: int, folds: int) -> Work:
    """One factorisation of a kernel, and left-out answers at eight penalties."""
    numbers_s = 1e-4 * items + 3e-10 * items**3 + 7e-6 * items * classes
    return Work(numbers_s=numbers_s, steps_s=0.004 * max(folds, 1))


def descent(items: float, classes: int, folds: int, modalities: int = 1) -> Work:
    """Logistic regression at seven penalties, on every fold and on everything."""
    fits = (folds + 1) / _BASE_FOLDS
    more = 1 + 0.1 * (modalities - 1)
    numbers_s = (3e-4 * items + 6.5e-5 * items * classes) * more
    return Work(numbers_s=numbers_s, steps_s=0.09 + 2.5e-4 * items) * fits


def _kernel_sum(lesson: Lesson) -> Work:
    return ridge(lesson.most, lesson.classes, lesson.folds)


def _kernel_pairs(lesson: Lesson) -> Work:
    if not lesson.has_shared:
        return _average(lesson)
    weights = 2 if lesson.folds else 1
    return _kernel_sum(lesson) * weights


def _logistic_joint(lesson: Lesson) -> Work:
    weights = 3 if lesson.has_shared and lesson.folds else 1
    return descent(lesson.most, lesson.classes, lesson.folds, len(lesson.items)) * weights


def _prototypes(lesson: Lesson) -> Work:
    """Class means on every fold, and a temperature for each weight of the names."""
    return Work(numbers_s=1.4e-4 * lesson.most + 2.5e-6 * lesson.most * lesson.classes)


def _late_fusion(lesson: Lesson) -> Work:
    parts = [descent(items, lesson.classes, lesson.folds) for items in lesson.items.values()]
    return sum(parts, Work()) * 1.1


def _calibrated_product(lesson: Lesson) -> Work:
    parts = [ridge(items, lesson.classes, lesson.folds) for items in lesson.items.values()]
    return sum(parts, _late_fusion(lesson)) * 1.05


def _concatenation(lesson: Lesson) -> Work:
    items, width = lesson.most, sum(lesson.widths.values())
    fits = (lesson.folds + 1) / _BASE_FOLDS
    spread = 1.9e-4 * items * lesson.classes * min(1.0, items / 400) * fits
    gram = 4e-11 * items**2 * width + 1.5e-8 * items * width
    return Work(numbers_s=gram + spread + 7e-4 * items * fits, steps_s=0.07 + 6e-4 * items * fits)


def _boosting(lesson: Lesson) -> Work:
    trees = lesson.classes if lesson.classes > 2 else 1
    leaves = min(1.0, lesson.most / 20 / 31)
    return Work(numbers_s=trees * (0.08 + 0.3 * leaves * len(lesson.items)))


def network_s(budget_s: float) -> float:
    """Processor seconds that the network from scratch gets for one fit.

    Args:
        budget_s: Of the whole training. On a busy machine a fit took three times as long as it
            was given, so five folds of it may take a sixth of the budget.
    """
    return min(60.0, max(2.0, budget_s / 100))


def _conv_scratch(lesson: Lesson) -> Work:
    value_ms = {"image": 0.75, "audio": 0.95, "text": 0.1}
    most = lesson.most
    item_ms = sum(value_ms.get(name, 1) * held / most for name, held in lesson.items.items())
    batch = min(32.0, most)
    passes_s = 200 * most / batch * (4 + batch * item_ms) / 1000
    # Its own constants say a third of this: on busy cores a step took 75 ms where they say 22.
    return Work(numbers_s=3.4 * min(lesson.network_s, passes_s), steps_s=0.5)


def attention_s(network_s: float) -> float:
    """Processor seconds that attention over modalities gets for one lesson with its folds.

    Args:
        network_s: What the network from scratch gets for one fit.
    """
    return 3 * network_s


_ATTENTION_FEWEST = 100
"""Labelled items below which attention is not tried, as its settings say."""
_ATTENTION_PASSES = (20, 60)
"""The fewest and the most passes over them; with a budget for fewer it is not tried."""


def _attention_fusion(lesson: Lesson) -> Work:
    most, kinds = lesson.most, 2 if lesson.has_shared else 1
    if len(lesson.items) < 2 or most < _ATTENTION_FEWEST:
        return Work(steps_s=1e-4)
    batch = min(64.0, most)
    step_ms = 13 + batch * 0.03 * (1 + WIDTH * kinds * len(lesson.items) / 600)
    pass_s = (lesson.folds + 1) * most / batch * step_ms / 1000
    fewest, longest = _ATTENTION_PASSES
    budget_s = attention_s(lesson.network_s)
    if budget_s < fewest * pass_s:
        return Work(steps_s=1e-4)
    return Work(numbers_s=min(budget_s, longest * pass_s), steps_s=0.5)


def _average(lesson: Lesson) -> Work:
    """Next to nothing, once the rungs that it is made of have learned."""
    return Work(numbers_s=1e-7 * lesson.most * lesson.classes)


def _majority(lesson: Lesson) -> Work:
    return Work(steps_s=1e-6 * lesson.most)


def _unknown(lesson: Lesson) -> Work:
    """What a rung costs that nothing is known of: as much as choosing between two descents."""
    return descent(lesson.most, lesson.classes, lesson.folds, len(lesson.items)) * 2


RUNGS: Mapping[str, Cost] = {
    "attention_fusion": _attention_fusion,
    "average": _average,
    "boosting": _boosting,
    "calibrated_product": _calibrated_product,
    "concatenation": _concatenation,
    "conv_scratch": _conv_scratch,
    "kernel_pairs": _kernel_pairs,
    "kernel_sum": _kernel_sum,
    "late_fusion": _late_fusion,
    "logistic_joint": _logistic_joint,
    "majority": _majority,
    "prototypes": _prototypes,
    "zero_shot": _prototypes,
}
"""Rung to the cost of one fit; others cost what `_unknown` says until past runs correct it."""


def rung(name: str, lesson: Lesson) -> Work:
    """One fit of one rung.

    Args:
        name: Of the rung.
        lesson: What it depends on.
    """
    return RUNGS.get(name, _unknown)(lesson)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """What fitting a block costs besides describing the files it is fitted on.

    Attributes:
        work: With all the samples it takes at most.
        full_at: Files from which so many samples come, of 96 px where they are pictures.
        file_s: Reference seconds to describe one file.
        sample_bytes: Memory for all the samples.
        is_picture: Whether larger pictures cost more.
    """

    work: Work
    full_at: int
    file_s: float
    sample_bytes: float
    is_picture: bool = True


FITS: Mapping[str, Fit] = {
    "fisher_colour": Fit(
        work=Work(numbers_s=3.2), full_at=45, file_s=3.5e-3, sample_bytes=150 * 2**20
    ),
    "fisher_gradient": Fit(
        work=Work(numbers_s=2.6), full_at=100, file_s=3.5e-3, sample_bytes=320 * 2**20
    ),
    "random_kernels": Fit(
        work=Work(numbers_s=0.12),
        full_at=64,
        file_s=2.7e-3,
        sample_bytes=20 * 2**20,
        is_picture=False,
    ),
}
"""Blocks whose fit on six files says nothing of the fit on four hundred; others are measured."""


def fit(block: str, files: int, picture_px: int = 96) -> Work | None:
    """Work of fitting a block; None when it is to be measured.

    Args:
        block: Its name.
        files: How many it is fitted on.
        picture_px: Height and width that pictures are brought to; sounds do not mind.
    """
    if block not in FITS:
        return None
    known = FITS[block]
    larger = (picture_px / 96) ** 2 if known.is_picture else 1.0
    samples = known.work * min(1.0, larger * files / known.full_at)
    return samples + Work(numbers_s=known.file_s * larger * files)


def keep(items: int, fresh: int, width: int) -> Work:
    """Putting fresh rows into the cache, and taking all rows out of it."""
    return Work(numbers_s=4.5e-8 * fresh * width + 2.8e-8 * items * width, steps_s=0.02)


def align(counts: Counts) -> Work:
    """Leading directions of every modality, what two share, and what the rest says in words."""
    total = Work()
    for files in counts.files.values():
        total += _directions(files.items, files.width)
    couples = len(counts.files) * (len(counts.files) - 1) / 2
    if couples and counts.pairs:
        total += Work(numbers_s=7e-4 * counts.pairs * couples, steps_s=0.1 * couples)
    for name, files in counts.files.items():
        if name != "text" and "text" in counts.files and counts.pairs:
            pairs = min(counts.pairs, files.items, counts.files["text"].items)
            total += _wording(pairs, files)
    return total


_MOST_PAIRS, _SKETCH, _SPACE, _SOLVES = 4000, 2048, 600, 15


def _wording(pairs: int, files: Files) -> Work:
    """What one modality would say in words: sketches, a kernel made twice, and its solves."""
    pairs = min(pairs, _MOST_PAIRS)
    short = sum(min(width, _SKETCH) for width in files.widths.values())
    kernel = 1.4e-11 * 4 * pairs**2 * short
    seen = 2 * pairs / 3
    solves = 1.4e-11 * _SOLVES * (seen**3 / 3 + 2 * seen**2 * _SPACE)
    return Work(numbers_s=3e-8 * pairs * files.width + kernel + solves, steps_s=0.1)


def _directions(items: int, width: int) -> Work:
    small, large = min(items, width), max(items, width)
    copies = 2.5e-8 * items * width
    if small <= 3072:
        gram = 2.5e-11 * small**2 * large + 1.25e-10 * small**3
    else:
        gram = 10 * 1.4e-11 * 2 * items * width * (WIDTH * 1.25 + 16)
    project = 2.5e-11 * 2 * items * width * min(WIDTH, small)
    return Work(numbers_s=copies + gram + project, steps_s=0.08)


def kernels(counts: Counts) -> Work:
    """Kernels among the labelled items, and their latents."""
    total = Work()
    for files in counts.files.values():
        numbers = files.labelled * files.width
        product = 1.4e-11 * 4 * files.labelled * numbers
        project = 1.4e-11 * 2 * numbers * WIDTH
        total += Work(numbers_s=product + project + 3e-8 * numbers, steps_s=0.02)
    return total


def deal(counts: Counts) -> Work:
    """Taking the rows of each turn apart, for every way to learn."""
    numbers = sum(files.labelled * files.width for files in counts.files.values())
    return Work(numbers_s=3e-9 * numbers + 3e-9 * counts.labelled**2) * (
        counts.turns * (2 + len(counts.files))
    )


def lean(counts: Counts) -> Work:
    """Asking of every modality with lean kernels, in every turn, whether they serve it better."""
    total = Work()
    for files in counts.files.values():
        if files.lean_width and counts.turns:
            product = 1.4e-11 * 2 * files.labelled**2 * files.lean_width
            left = _left(counts) * files.labelled
            asked = ridge(left, counts.classes, counts.turns) * (2 * counts.turns)
            last = ridge(files.labelled, counts.classes, counts.turns) * 2
            total += Work(numbers_s=product) + asked + last
    return total


def ladder(counts: Counts) -> Work:
    """Kernels, the choice of a rung in every turn, and the last choice.

    With baselines each modality alone as well.
    """
    total = kernels(counts) + deal(counts) + lean(counts)
    everything = lesson(counts, 1.0, counts.turns)
    part = lesson(counts, _left(counts), counts.turns)
    total += _choice(counts.rungs, everything) + _choice(counts.rungs, part) * counts.turns
    if len(counts.files) > 1 and counts.baselines:
        able = tuple(name for name in counts.rungs if name not in counts.shy)
        for name in part.items:
            alone = Lesson(
                items={name: part.items[name]},
                classes=part.classes,
                folds=part.folds,
                widths={name: part.widths[name]},
                has_shared=part.has_shared,
            )
            total += _choice(able, alone) * counts.turns
    decide = Work(steps_s=7e-5 * counts.labelled * 2 ** len(counts.files))
    return total + decide + answers(counts)


def answers(counts: Counts) -> Work:
    """Timing whole answers for a dozen items, twice each."""
    rows = sum(files.labelled * files.width for files in counts.files.values())
    return Work(numbers_s=1.5e-9 * rows + 2e-6 * counts.width, steps_s=0.02) * 24


def baselines(counts: Counts) -> Work:
    """Everything that only stands in the table to be beaten, in every turn."""
    return _choice(counts.baselines, lesson(counts, _left(counts), counts.turns)) * counts.turns


def lesson(counts: Counts, share: float, folds: int) -> Lesson:
    """The labelled items, or a share of them, as a lesson.

    Args:
        counts: Of everything.
        share: Part of the labelled items, 0 to 1.
        folds: Inner folds.
    """
    held = {name: files for name, files in counts.files.items() if files.labelled}
    return Lesson(
        items={name: share * files.labelled for name, files in held.items()},
        classes=counts.classes,
        folds=folds,
        widths={name: files.width for name, files in held.items()},
        has_shared=len(counts.files) > 1 and counts.pairs > 0,
        network_s=counts.network_s,
    )


def _left(counts: Counts) -> float:
    return 1 - 1 / counts.turns if counts.turns else 1.0


def _choice(names: tuple[str, ...], part: Lesson) -> Work:
    return sum((rung(name, part) for name in names), Work()) if part.items else Work()
