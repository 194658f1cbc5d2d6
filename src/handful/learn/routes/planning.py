"""Plan: count what there is to do, time a few files, and say what a training will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.modalities.base import MODALITIES
from handful.foundation.components import find, make
from handful.foundation.console import seconds_text
from handful.foundation.errors import HandfulError, InputError, UsageError
from handful.foundation.hardware import Tariff, find_module, resident_bytes
from handful.foundation.hardware.power import EnergyCounter
from handful.foundation.project.manifest import MANIFEST, read_manifest
from handful.learn.routes.encode import FITTED_ON, fit_keys
from handful.learn.routes.gathering import Labelled
from handful.learn.routes.local import places_near, with_local
from handful.learn.routes.planning_local import both, local_files
from handful.learn.routes.probing import Timed, pace_of, time_files, watch
from handful.learn.routes.towers import Profile, Recipe, build, lean_of, sides_of
from handful.learn.rungs.base import Rung
from handful.learn.towers.base import Tower
from handful.learn.towers.latents import LatentCache
from handful.learn.train import costs
from handful.learn.train.counts import Counts, Files, Pace
from handful.learn.train.history import Past, learn, past_of
from handful.learn.train.plan import (
    Estimate,
    Plan,
    Prices,
    budget_text,
    choose,
    enough,
    estimate,
    finish,
)

if TYPE_CHECKING:
    from handful.learn.routes.train import Config

_RUNGS = "handful.learn.rungs"
_PROFILES: tuple[Profile, ...] = ("default", "fast")
"""Better ones first."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is planned, and where.

    Attributes:
        library: The items.
        learned: Those of them that the training learns from.
        config: The training; a profile in it is kept to.
        runs: The project's `runs`, whose costs correct the plan.
        cache: The project's `cache`.
        tariff: What energy and time cost.
    """

    library: Library
    learned: Labelled
    config: Config
    runs: Path
    cache: Path
    tariff: Tariff = field(default_factory=Tariff)


def plan(question: Question) -> Plan:
    """Say what a training will cost, by the best way that its budget allows.

    Better towers come first, then the baselines: what fits is taken in this order. When nothing
    fits, the quickest way is planned, and the plan says so.

    Args:
        question: What is planned.

    Raises:
        InputError: When the files cannot be read any more, or no tower can be fitted on them.
    """
    config, pace = question.config, pace_of(question.cache)
    share, records = watch(), _records(question.runs)
    past = [each for each in map(past_of, records) if each]
    profiles = (config.profile,) if config.profile else _PROFILES
    counts = _count(question, profiles, pace)
    ways = _ways(counts, replace(pace, share=share()), past, config.baselines)
    chosen = choose(ways, config.budget_s)
    lessons = learn(past, chosen.profile)
    blocks = {name: tuple(files.widths) for name, files in chosen.counts.files.items()}
    return finish(
        chosen,
        lessons,
        Prices(question.tariff, EnergyCounter().mode),
        labels=config.labels,
        blocks=blocks,
        why=_why(chosen.counts, config.labels),
        because=_because(chosen, ways, config),
        budget_s=config.budget_s,
        smallest_s=enough(min(way.wall_s for way in ways)),
        advice=_advice(chosen, ways, config),
    )


def require_possible(found: Plan) -> None:
    """Refuse a training that ends late even if all goes better than expected.

    Args:
        found: Its plan.

    Raises:
        UsageError: Naming the smallest budget that works.
    """
    if found.budget_s is not None and found.wall_low_s > found.budget_s:
        raise UsageError(
            f"A budget of {seconds_text(found.budget_s)} is too small for anything: the quickest "
            f"training of these items takes about {seconds_text(found.wall_s)}.",
            f"the smallest budget that works: --budget {budget_text(found.smallest_s)}",
        )


def _ways(
    counts: Mapping[Profile, Counts], pace: Pace, past: Sequence[Past], has_baselines: bool
) -> list[Estimate]:
    """Everything that could be done, best first: with baselines before without them."""
    ways = []
    for keeps in (True, False) if has_baselines else (False,):
        for profile, each in counts.items():
            part = each if keeps else replace(each, baselines=(), reads_files=False)
            ways.append(estimate(profile, part, pace, learn(past, profile)))
    if any(not way.counts.labelled for way in ways):
        return ways[: len(counts)]
    return ways


def _why(counts: Counts, labels: str) -> str:
    """The route and its reason."""
    names = " and ".join(counts.files)
    if len(counts.files) > 1:
        names = ", ".join(counts.files)
        shared = (
            f"Closed form: align {names} over {counts.items} items, {counts.pairs} of which carry "
            "two or more"
        )
    else:
        shared = f"Closed form: find the leading directions of {names} over {counts.items} items"
    if not labels:
        return f"{shared}; no labels were named, so nothing is learned from them."
    return (
        f"{shared}, then the ladder over {counts.labelled} labels of {counts.classes} classes "
        f"in {counts.groups} groups."
    )


def _because(chosen: Estimate, ways: Sequence[Estimate], config: Config) -> str:
    """Why these towers, and whether the baselines are left out for the budget."""
    said = [f"{chosen.profile.capitalize()} towers, {_reason(chosen, ways, config)}."]
    if config.baselines and config.labels and not chosen.counts.baselines:
        said.append("The baselines are left out, to keep to the budget.")
    return " ".join(said)


def _reason(chosen: Estimate, ways: Sequence[Estimate], config: Config) -> str:
    budget = seconds_text(config.budget_s)
    if config.profile:
        return "as you asked"
    if chosen.wall_s > config.budget_s:
        return f"because nothing fits {budget} and they are the quickest"
    if chosen.profile == "default":
        return f"because they fit: about {seconds_text(chosen.wall_s)} of {budget}"
    better = next(way for way in ways if way.profile == "default")
    return f"because the default ones would take about {seconds_text(better.wall_s)} of {budget}"


def _advice(chosen: Estimate, ways: Sequence[Estimate], config: Config) -> list[str]:
    """What would fit; empty when this does."""
    if chosen.wall_s <= config.budget_s:
        return []
    said = [f"a larger budget: --budget {budget_text(enough(chosen.wall_s))} is the smallest"]
    if config.profile == "default":
        said.append("quicker towers: --profile fast")
    fuller = ways[0]
    if fuller is not chosen:
        wanted = budget_text(enough(fuller.wall_s))
        what = "and baselines " if fuller.counts.baselines else ""
        said.append(f"for {fuller.profile} towers {what}too: --budget {wanted}")
    return said


def _records(runs: Path) -> list[dict[str, Any]]:
    """Manifests of all runs, oldest first; damaged ones are left out."""
    found = []
    for folder in sorted(runs.iterdir()) if runs.is_dir() else []:
        if (folder / MANIFEST).is_file():
            try:
                found.append(read_manifest(folder, "run"))
            except HandfulError:
                continue
    return found


def _count(
    question: Question,
    profiles: Sequence[Profile],
    pace: Pace,
) -> dict[Profile, Counts]:
    """Profile to everything its cost depends on."""
    learned, cache = question.learned, LatentCache(question.cache / "latents")
    held = _held(learned.items)
    if not held:
        raise InputError(
            "No two items carry the same modality, so there is nothing to compare.",
            "add more items",
        )
    shelf = _Shelf(cache, question.config.seed)
    files: dict[Profile, dict[str, Files]] = {profile: {} for profile in profiles}
    labelled = set(learned.rows.tolist())
    local = with_local(Recipe(blocks={}), question.config.towers, question.cache, held).local
    for modality, rows in held.items():
        items = [learned.items[row] for row in rows]
        with_label = sum(row in labelled for row in rows)
        views, extra = local.get(modality, ()), None
        if views:
            near = places_near(question.cache)
            extra = local_files(question.library, items, modality, views, cache, with_label, near)
            if any(each.is_alone for each in views):
                for profile in profiles:
                    files[profile][modality] = extra
                continue
        keys = [item.parts[modality].content_sha256 for item in items]
        recipes = [recipe_of(profile, [modality], items) for profile in profiles]
        towers = [build(recipe)[modality] for recipe in recipes]
        found = time_files(question.library, items, modality, towers, question.config.seed)
        for profile, recipe, timed in zip(profiles, recipes, found, strict=True):
            fitted = shelf.fitted(recipe, modality, keys)
            missing = shelf.missing(modality, keys, timed, fitted)
            made = _files(timed, recipe.picture_px, missing, len(items), with_label, pace)
            if fitted:
                made = replace(made, fitted_on=0, fit_s=0.0, fit_bytes=0.0)
            files[profile][modality] = both(made, extra) if extra else made
    shared = _shared_counts(question)
    return {profile: replace(shared, files=found) for profile, found in files.items()}


def recipe_of(profile: Profile, modalities: Sequence[str], items: Sequence[Item]) -> Recipe:
    """The towers that a training of these items uses.

    Args:
        profile: Of the towers.
        modalities: Those wanted.
        items: All that the training learns from.
    """
    return Recipe.of(profile, modalities, sides_of(items))


def _held(items: Sequence[Item]) -> dict[str, list[int]]:
    """Modality to the rows that have it, where two or more do."""
    found = {
        name: [row for row, item in enumerate(items) if name in item.modalities]
        for name in MODALITIES
    }
    return {name: rows for name, rows in found.items() if len(rows) >= 2}


def _shared_counts(question: Question) -> Counts:
    learned, config = question.learned, question.config
    every: list[Rung] = [make(_RUNGS, name, Rung) for name in find(_RUNGS)]
    has_torch = find_module("torch").is_installed
    reads = config.baselines and has_torch
    able = [rung for rung in every if has_torch or not rung.needs_torch]
    able = [rung for rung in able if reads or not rung.needs_inputs]
    rungs = [rung for rung in able if not rung.is_baseline]
    beaten = [rung for rung in able if rung.is_baseline]
    is_taught = len(learned.rows) > 0
    return Counts(
        files={},
        items=len(learned.items),
        pairs=sum(len(item.modalities) > 1 for item in learned.items),
        labelled=len(learned.rows),
        classes=len(learned.classes),
        groups=len(np.unique(learned.groups[learned.rows])),
        folds=config.folds,
        rungs=tuple(rung.name for rung in rungs) if is_taught else (),
        shy=tuple(rung.name for rung in rungs if rung.needs_several),
        baselines=tuple(rung.name for rung in beaten) if is_taught and config.baselines else (),
        reads_files=any(rung.needs_inputs for rung in beaten) and is_taught and config.baselines,
        network_s=costs.network_s(config.budget_s),
        held_bytes=resident_bytes() or 0,
    )


def _files(
    timed: Timed,
    picture_px: int,
    missing: Mapping[str, int],
    items: int,
    labelled: int,
    pace: Pace,
) -> Files:
    """One modality by the blocks of one profile."""
    fitted_on = min(items, FITTED_ON)
    names = list(timed.tower.blocks)
    stale = [name for name in names if missing[name]]
    fit_s, sample_bytes = 0.0, 0.0
    for name in names:
        work = costs.fit(name, fitted_on, picture_px)
        fit_s += timed.fit_s[name] * fitted_on if work is None else pace.seconds(work)
        if name in costs.FITS:
            sample_bytes = max(sample_bytes, costs.FITS[name].sample_bytes)
    widths = timed.widths(names)
    kept = lean_of(timed.tower.modality, names)
    return Files(
        items=items,
        fresh=max((missing[name] for name in stale), default=0),
        labelled=labelled,
        widths=widths,
        fitted_on=fitted_on,
        read_s=timed.read_s,
        encode_s=timed.encode_s(stale),
        fit_s=fit_s,
        fit_bytes=timed.value_bytes * fitted_on + sample_bytes,
        cached_bytes=timed.cached_bytes(stale),
        lean_width=sum(widths[name] for name in kept),
    )


class _Named(NamedTuple):
    """An encoder of which only the name and the fingerprint are known."""

    name: str
    mark: str

    def fingerprint(self) -> str:
        return self.mark


class _Shelf:
    """What the cache holds already.

    A block that learns has another fingerprint after each fit; where the cache holds what the
    training's own fit gave, it is taken over here as it will be there.
    """

    def __init__(self, cache: LatentCache, seed: int) -> None:
        self._cache = cache
        self._entries = {(entry.name, entry.fingerprint) for entry in cache.entries()}
        self._seed = seed

    def fitted(self, recipe: Recipe, modality: str, keys: Sequence[str]) -> Tower[Any] | None:
        """The tower as the training will have it; None when it has yet to learn.

        Args:
            recipe: Of the training.
            modality: Whose tower.
            keys: Content hashes of all files that have the modality.
        """
        tower = build(recipe)[modality]
        fits = self._cache.fits
        mark = fits.mark(tower.fingerprint(), fit_keys(keys, self._seed), self._seed)
        state = fits.read(mark)
        if state is None:
            return None
        tower.load(state)
        return tower

    def missing(
        self, modality: str, keys: Sequence[str], timed: Timed, fitted: Tower[Any] | None
    ) -> dict[str, int]:
        """Block to the number of files it has to encode."""
        marks = (fitted or timed.tower).fingerprints()
        found = {}
        for name, block in timed.tower.blocks.items():
            is_known = fitted is not None or timed.is_final or not block.state()
            held = (f"{modality}.{name}", marks[name])
            found[name] = len(set(keys))
            if is_known and held in self._entries:
                found[name] = len(self._cache.missing(keys, _Named(*held)))
        return found
