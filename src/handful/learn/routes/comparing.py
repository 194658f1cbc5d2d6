"""Which towers and layers agree on the same items, and which two are worth having both.

Two views agree when they think the same items alike (`numerics/linear/agreement.py`). Two views of
one modality are worth having both when each is good and they disagree: goodness is how often
neighbours share a label where a task is named, else how far a view agrees with other modalities
(what they share is about the items), else with its own modality's other views. Disagreement alone
proves nothing, as noise disagrees with everything: so both must be a third as good as the best.
"""
# N items, K neighbours

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item, truths
from handful.data.library.library import Library
from handful.foundation.errors import InputError, UsageError, did_you_mean
from handful.learn.routes.encode import encode
from handful.learn.routes.local import Wanted, places_near, read_wanted, where, with_local
from handful.learn.routes.towers import Profile, Recipe, build, sides_of
from handful.learn.towers.latents import LatentCache
from handful.learn.towers.local.opening import open_folder
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.numerics.linear.agreement import FEWEST, cka, gram, mutual, neighbours

MOST = 2000
"""Items that are compared at most: products among them fit in 32 MB each."""
NEAREST = 10


class View(NamedTuple):
    """One way to see items.

    Attributes:
        modality: Which it reads.
        name: Of the block or the model folder and layer.
    """

    modality: str
    name: str

    @property
    def text(self) -> str:
        """Such as `image lab`."""
        return f"{self.modality} {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two views of the same items.

    Attributes:
        first: One.
        second: The other.
        items: Items that have both.
        neighbours: Neighbours in common, 1 for all, 0 for what chance gives.
        geometry: Linear CKA, 1 for the same geometry, 0 for unrelated ones.
        worth: How much there is in having both; None for views of different modalities.
    """

    first: View
    second: View
    items: int
    neighbours: float
    geometry: float
    worth: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "first": self.first.text,
            "second": self.second.text,
            "items": self.items,
            "neighbours": self.neighbours,
            "geometry": self.geometry,
            "worth": self.worth,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What came of comparing.

    Attributes:
        items: Items that were looked at.
        pairs: Every two views, those that agree most first.
        judged_by: What made a view good: `labels`, `modalities` or `views`.
    """

    items: int
    pairs: tuple[Pair, ...]
    judged_by: str

    def worth_both(self) -> dict[str, Pair]:
        """Modality to the two views of it that are most worth having both."""
        best: dict[str, Pair] = {}
        for pair in self.pairs:
            name = pair.first.modality
            if pair.worth is not None and pair.worth > 0:
                held = best.get(name)
                if held is None or pair.worth > (held.worth or 0):
                    best[name] = pair
        return best

    def sentences(self) -> list[str]:
        """What it means, in words."""
        said = []
        across = [pair for pair in self.pairs if pair.worth is None]
        if across:
            top = across[0]
            said.append(
                f"Of different modalities, {top.first.text} and {top.second.text} agree most: "
                f"{top.neighbours:.0%} of neighbours beyond chance, over {top.items} items."
            )
        by = {
            "labels": "whose neighbours share labels",
            "modalities": "that agree with the other modalities",
            "views": "that agree with the rest of their modality (there are no labels and no "
            "second modality to judge by)",
        }[self.judged_by]
        for name, pair in self.worth_both().items():
            said.append(
                f"{name}: worth having both are {pair.first.name} and {pair.second.name}, views "
                f"{by} and have only {max(pair.neighbours, 0):.0%} of neighbours in common."
            )
        return said

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        worth = {name: pair.as_dict() for name, pair in self.worth_both().items()}
        return {
            "items": self.items,
            "judged_by": self.judged_by,
            "pairs": [pair.as_dict() for pair in self.pairs],
            "worth_both": worth,
        }


def compare_towers(
    library: Library,
    cache: Path,
    wanted: Sequence[str],
    *,
    labels: str = "",
    profile: Profile = "default",
    seed: int = 0,
    on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
) -> Comparison:
    """Encode some items by all towers, and compare every two views.

    Args:
        library: The items; 2,000 of them are taken at most, those with most modalities first.
        cache: The project's.
        wanted: Model folders, such as `image=FOLDER`; one without a layer is listened to in the
            middle and at the last layer as well.
        labels: A task; views whose neighbours share its answers are good.
        profile: Of the weight-free towers.
        seed: Of the draw.
        on_items: Told about progress.

    Raises:
        UsageError: When no item has an answer to the task.
        InputError: When too few items have anything in common, or a folder cannot be used.
    """
    items = _drawn(library, labels, seed)
    held = [name for name in ("text", "image", "audio") if _having(items, name) >= FEWEST]
    if not held:
        raise InputError(
            f"{len(items)} items are too few to compare towers on: {FEWEST} with the same modality "
            "are needed.",
            "add more items",
        )
    near = places_near(cache)
    recipe = Recipe.of(profile, held, sides_of(items))
    recipe = with_local(recipe, _deeper(wanted, near), cache, held)
    recipe = replace(recipe, blocks={**_beside(profile, held), **recipe.blocks})
    towers = build(recipe, near)
    kept = LatentCache(cache / "latents")
    encoded = encode(library, items, towers, kept, seed=seed, on_items=on_items)
    seen = {
        View(modality, name): (block.values, block.present)
        for modality, blocks in encoded.views.items()
        for name, block in blocks.items()
    }
    answers = np.array([item.label(labels) or "" for item in items]) if labels else None
    groups = np.array([item.group or item.id for item in items])
    return _compared(seen, answers, groups, len(items))


def _beside(profile: Profile, modalities: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The weight-free blocks: they are compared with even where a folder is named alone."""
    return dict(Recipe.of(profile, modalities).blocks)


def _drawn(library: Library, labels: str, seed: int) -> list[Item]:
    items = [item for item in library.items() if item.usable]
    if labels:
        known = sorted({task for item in items for task in truths(item.labels)})
        items = [item for item in items if item.label(labels)]
        if not items:
            raise UsageError(f'No item has an answer to "{labels}".', did_you_mean(labels, known))
    order = np.random.default_rng(seed).permutation(len(items))
    rich = sorted(order, key=lambda place: -len(items[place].modalities))
    return [items[place] for place in sorted(rich[:MOST])]


def _having(items: Sequence[Item], modality: str) -> int:
    return sum(modality in item.modalities for item in items)


def _deeper(wanted: Sequence[str], near: Sequence[Path]) -> list[str]:
    """The folders asked for, those without a layer in the middle and at the last one as well."""
    found: list[Wanted] = []
    for each in map(read_wanted, wanted):
        found.append(each)
        if each.tap == OUTPUT:
            layers = open_folder(where(each.folder, near)).about.layers.get(each.modality, 0)
            middle = sorted({layers // 2, layers} - {0})
            found += [each._replace(tap=Tap(layer, "mean")) for layer in middle]
    return list(dict.fromkeys(each.text for each in found))


Seen = Mapping[View, tuple[NDArray[np.floating], NDArray[np.bool_]]]


def _compared(
    seen: Seen, answers: NDArray[np.str_] | None, groups: NDArray[np.str_], items: int
) -> Comparison:
    pairs = [pair for pair in _pairs(seen) if pair is not None]
    if not pairs:
        raise InputError(
            f"No two views see the same {FEWEST} items or more, so there is nothing to compare.",
            "add more items, or name a model folder",
        )
    if answers is not None:
        judged_by = "labels"
        good = {view: _tells(*seen[view], answers, groups) for view in seen}
    else:
        crosses = [pair for pair in pairs if pair.first.modality != pair.second.modality]
        judged_by = "modalities" if crosses else "views"
        good = {view: _agreeing(view, crosses or pairs) for view in seen}
    best = dict.fromkeys((view.modality for view in seen), 0.0)
    if judged_by != "views":  # by views alone, twins would outdo all others
        for view, value in good.items():
            best[view.modality] = max(best[view.modality], value)
    judged = [
        replace(pair, worth=_worth(pair, good, best[pair.first.modality]))
        if pair.first.modality == pair.second.modality
        else pair
        for pair in pairs
    ]
    ordered = sorted(judged, key=lambda pair: -pair.neighbours)
    return Comparison(items=items, pairs=tuple(ordered), judged_by=judged_by)


def _pairs(seen: Seen) -> list[Pair | None]:
    """Every two views; what is needed of one is made once for the items that a modality has."""
    made: dict[tuple[View, bytes], tuple[NDArray[np.intp], NDArray[np.float64]]] = {}

    def of(view: View, both: NDArray[np.bool_], nearest: int) -> Any:
        key = (view, both.tobytes())
        if key not in made:
            rows = seen[view][0][both]
            made[key] = neighbours(rows, nearest), gram(rows)
        return made[key]

    found: list[Pair | None] = []
    for one, other in combinations(seen, 2):
        both = seen[one][1] & seen[other][1]
        count = int(both.sum())
        if count < max(FEWEST, 4):
            continue
        nearest = min(NEAREST, max(1, count // 4))
        (near, products), (nears, others) = of(one, both, nearest), of(other, both, nearest)
        found.append(
            Pair(
                first=one,
                second=other,
                items=count,
                neighbours=mutual(near, nears),
                geometry=cka(products, others),
            )
        )
    return found


def _agreeing(view: View, pairs: Collection[Pair]) -> float:
    mine = [pair.neighbours for pair in pairs if view in (pair.first, pair.second)]
    return max(float(np.mean(mine)), 0.0) if mine else 0.0


def _tells(
    rows: NDArray[np.floating],
    present: NDArray[np.bool_],
    answers: NDArray[np.str_],
    groups: NDArray[np.str_],
) -> float:
    """How often a neighbour of another group has the same answer, less what chance gives."""
    answers, groups = answers[present], groups[present]
    count = len(answers)
    if count < FEWEST:
        return 0.0
    near = neighbours(rows[present], min(2 * NEAREST, max(1, count // 4)))
    apart = groups[near] != groups[:, None]
    if not apart.any():
        return 0.0
    same = (answers[near] == answers[:, None])[apart].mean()
    shares = np.unique(answers, return_counts=True)[1] / count
    chance = float((shares**2).sum())
    return max(float((same - chance) / (1 - chance)), 0.0) if chance < 1 else 0.0


def _worth(pair: Pair, good: Mapping[View, float], best: float) -> float:
    """Nothing where one is less than a third as good as the best: it differs because it errs."""
    weaker = min(good[pair.first], good[pair.second])
    return 0.0 if weaker < best / 3 else weaker * (1 - max(pair.neighbours, 0.0))
