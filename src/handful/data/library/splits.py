"""Which items may be trained on, and which are kept for measuring: by unit, balanced, for ever.

Rules, in this order:

1. An item that has a split keeps it, whatever comes later.
2. A new item goes where the rest of its unit (`units.py`) is: a group is never torn. A group that
   was torn by its source takes its new items where it is held back most strictly.
3. A new unit is drawn: units come in an order that their names and the seed decide, and each goes
   where it brings the answers closest to the shares, so every split gets its part of each answer.
4. A new item of which a copy lies in another split gives way: it is set `out` and takes no part.
5. A locked split takes nothing. What belongs to it is set `out`, so nobody trains on it either.
6. What is not in use, because it is set aside, damaged or gone, waits for its place until it is.
   One that has a place keeps it, and the rest of its unit goes there.

Stratified folds for choosing settings live with training; this is about what is never trained on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from handful.data.library.items import Item, Split, truths
from handful.data.library.units import members, units_of
from handful.foundation.errors import require

MEASURED = (Split.TEST, Split.HOLDOUT)
"""Splits that quality is measured on."""

HELD_BACK = (*MEASURED, Split.OUT)
"""Splits that no training sees."""

_STRICTEST = (Split.HOLDOUT, Split.TEST, Split.VALIDATION, Split.TRAIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How large the kept parts are."""

    test: float = 0.2
    """Share of items kept for the final measure."""
    validation: float = 0.0
    """Share of items kept for choosing; training makes its own folds where it is 0."""
    seed: int = 0
    """Another seed draws anew."""
    by: str = ""
    """The task whose answers are balanced; the one with the most answers when empty."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("test", "validation"):
            require(0 <= getattr(self, name) < 1, name, getattr(self, name), "in [0, 1)")
        whole = self.test + self.validation
        require(whole < 1, "test + validation", whole, "below 1, so that something is left")


class Placed(NamedTuple):
    """Where an item goes.

    Attributes:
        split: There.
        reason: Why, kept with the item.
    """

    split: Split
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """What became of the items that had no split, and what is torn.

    Attributes:
        placed: Item id to its new place.
        torn_groups: Groups of which a part is held back and a part is not, each with the ids of
            the latter; only a source or a change of groups does this.
        torn_copies: The same for copies; training leaves these ids out.
        by: The task whose answers were balanced; empty when there was none.
    """

    placed: Mapping[str, Placed] = field(default_factory=dict)
    torn_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    torn_copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: str = ""

    @property
    def counts(self) -> Counter[Split]:
        """How many items went where."""
        return Counter(each.split for each in self.placed.values())


def assign(
    items: Iterable[Item],
    config: Config,
    copies: Mapping[str, str],
    locked: Collection[Split] = (),
    waiting: Collection[str] = (),
) -> Placement:
    """Place all items that nobody placed yet.

    Args:
        items: All items of the library.
        config: Shares and seed.
        copies: From `copies_of`.
        locked: Splits that take nothing.
        waiting: Ids of items that are not in use, and get no place yet.

    Returns:
        The new places, and what is torn.
    """
    every = {item.id: item for item in items}
    units = units_of(every.values(), copies)
    by = config.by or _commonest_task(every.values())
    drawing = _Drawing(config, locked)
    found: dict[str, Placed] = {}
    drawn: list[tuple[str, list[Item]]] = []
    for unit, ids in members(units).items():
        inside = [every[identity] for identity in ids]
        new = [item for item in inside if item.split is None and item.id not in waiting]
        there = {item.split for item in inside if item.split and item.split != Split.OUT}
        for item in inside:
            if item.split in drawing.counts:
                drawing.note(item.split, _answers([item], by))
        if new and there:
            place = _with_others(unit, there, locked)
            found |= {item.id: place for item in new}
            if place.split in drawing.counts:
                drawing.note(place.split, _answers(new, by))
        elif new:
            drawn.append((unit, new))
    drawn.sort(key=lambda each: _place(each[0], config.seed))
    for split, new in drawing.spread(drawn, by):
        found |= {item.id: Placed(split, _drawn(config, by)) for item in new}
    before = {item.id: item.split for item in every.values()}
    found |= _giving_way(copies, before, found)
    after = before | {identity: place.split for identity, place in found.items()}
    there = {identity for identity in every if after[identity]}
    groups = {each: unit for each, unit in units.items() if unit.startswith("group ")}
    return Placement(
        placed=found,
        torn_groups=torn({each: unit for each, unit in groups.items() if each in there}, after),
        torn_copies=torn({each: name for each, name in copies.items() if each in there}, after),
        by=by,
    )


def torn(
    units: Mapping[str, str], splits: Mapping[str, Split | None]
) -> dict[str, tuple[str, ...]]:
    """Units of which a part is held back for a measure and a part may be trained on.

    Args:
        units: Item id to its unit.
        splits: Item id to its split.

    Returns:
        Unit to the ids of its items that may be trained on, sorted.
    """
    found = {}
    for unit, ids in members(units).items():
        free = tuple(sorted(each for each in ids if splits[each] not in HELD_BACK))
        if free and any(splits[each] in MEASURED for each in ids):
            found[unit] = free
    return found


def _giving_way(
    copies: Mapping[str, str], before: Mapping[str, Split | None], found: Mapping[str, Placed]
) -> dict[str, Placed]:
    """New items with copies in another split; of new ones the most strictly held back stays."""
    gone = {}
    for ids in members(copies).values():
        new = [each for each in ids if each in found and found[each].split != Split.OUT]
        there = {before[each] for each in ids} - {None, Split.OUT}
        there = there or {found[each].split for each in new}
        if not new:
            continue
        stays = next(split for split in _STRICTEST if split in there)
        for each in new:
            if found[each].split != stays:
                gone[each] = Placed(Split.OUT, f"a copy of it is in {stays}")
    return gone


class _Drawing:
    """Gives units to splits so that answers come out near their shares.

    A unit goes to a split when that brings the counts of its answers nearer to what the split
    should have of all answers so far. Where exactly the first one falls is up to the seed, so that
    rare answers are not always trained on.
    """

    def __init__(self, config: Config, locked: Collection[Split]) -> None:
        self._seed = config.seed
        wanted = {Split.TEST: config.test, Split.VALIDATION: config.validation}
        self._shares = {
            split: share for split, share in wanted.items() if share > 0 and split not in locked
        }
        self._rest = Split.OUT if Split.TRAIN in locked else Split.TRAIN
        self.counts: dict[Split, Counter[str]] = {
            Split.TRAIN: Counter(),
            Split.VALIDATION: Counter(),
            Split.TEST: Counter(),
        }

    def note(self, split: Split | None, answers: Mapping[str, int]) -> None:
        """Count what lies in a split."""
        if split is not None:
            self.counts[split].update(answers)

    def spread(
        self, waiting: list[tuple[str, list[Item]]], by: str
    ) -> Iterable[tuple[Split, list[Item]]]:
        """Decide unit by unit."""
        first = {split: not self.counts[split] for split in self._shares}
        chosen: list[Split] = []
        dearest: dict[Split, tuple[float, int]] = {}
        for place, (_, new) in enumerate(waiting):
            answers = _answers(new, by)
            costs = {split: self._cost(split, answers) for split in self._shares}
            split = next((each for each, cost in costs.items() if cost < 0), self._rest)
            for each, cost in costs.items():
                dearest[each] = min(dearest.get(each, (cost, place)), (cost, place))
            chosen.append(split)
            if split in self.counts:
                self.note(split, answers)
        for split, is_first in first.items():
            # So few units that none was drawn: the one that fits best is taken, if others are left.
            if is_first and split in dearest and split not in chosen and len(waiting) > 1:
                chosen[dearest[split][1]] = split
        return zip(chosen, (new for _, new in waiting), strict=True)

    def _cost(self, split: Split, answers: Mapping[str, int]) -> float:
        """How much further the counts get from what is wanted; below 0 they come nearer."""
        share, cost = self._shares[split], 0.0
        for value, size in answers.items():
            every = size + sum(counts[value] for counts in self.counts.values())
            nudge = (_place(f"{split} {value}", self._seed) - 0.5) * size
            lacks = share * every + nudge - self.counts[split][value]
            cost += size * (size - 2 * lacks) / every
        return cost


def _with_others(unit: str, there: Collection[Split], locked: Collection[Split]) -> Placed:
    """Where a new item of a unit goes that is placed already."""
    split = next(each for each in _STRICTEST if each in there)
    group = unit.removeprefix("group ")
    with_what = "with its copies" if group == unit else f'with its group "{group}"'
    if split in locked:
        return Placed(Split.OUT, f"{with_what} in {split}, which is locked")
    if len(there) > 1:
        others = ", ".join(sorted(str(each) for each in there if each != split))
        return Placed(split, f"{with_what}, which lies in {others} too")
    return Placed(split, with_what)


def _drawn(config: Config, by: str) -> str:
    return f"drawn, balanced by {by}, seed {config.seed}" if by else f"drawn, seed {config.seed}"


def _place(name: str, seed: int) -> float:
    """A place in [0, 1) that the name and the seed decide."""
    digest = hashlib.sha256(f"{seed}\x00{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _commonest_task(items: Iterable[Item]) -> str:
    counts = Counter(task for item in items for task in truths(item.labels))
    return min(counts, key=lambda task: (-counts[task], task), default="")


def _answers(items: Iterable[Item], by: str) -> Counter[str]:
    """How many of the items have which answer; those without one count together."""
    return Counter((item.label(by) if by else None) or "" for item in items)
