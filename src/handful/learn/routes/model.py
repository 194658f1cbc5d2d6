"""A trained model: files in, answers out, saved as safetensors and JSON.

Loading and asking a classical model needs numpy, scipy, Pillow and soundfile; neither torch nor the
library's store is touched, so the same class serves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from threadpoolctl import ThreadpoolController

from handful.data.modalities.base import MODALITIES
from handful.foundation.components import make
from handful.foundation.errors import InputError, ProjectError, storage
from handful.foundation.predictor import Answer, Level, Query
from handful.foundation.project.atomic import replacing
from handful.foundation.project.manifest import read_manifest, write_manifest
from handful.learn.model.latents import Latents
from handful.learn.model.quiet import Quiet
from handful.learn.model.unlike import Unlike
from handful.learn.routes.calibrating import apply
from handful.learn.routes.local import places_near
from handful.learn.routes.reading import read_queries
from handful.learn.routes.towers import Recipe, build
from handful.learn.routes.verdict import Judge
from handful.learn.routes.viewing import encode_values
from handful.learn.rungs.base import Evidence, Head, Rung, prefixed, subarrays
from handful.learn.towers.base import Tower
from handful.numerics.decide.calibrate import Temperature
from handful.numerics.decide.shapley import log_odds, shares
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Blocks, KernelSum, Parts

ROOM = "handful.learn.rungs"
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """Answers for items from any of the modalities it learned from.

    Attributes:
        name: What to call it.
        task: What it answers, such as `grade`; empty for a model that learned without labels.
        classes: The labels it chooses from.
        recipe: Which tower serves which modality, and its settings.
        towers: Modality to its fitted tower.
        latents: Compact latents and what the modalities share.
        kernels: Kernels against the labelled items; None when its rung needs none.
        rung: The name of the rung that learned.
        head: What it learned; None for a model that learned without labels.
        judge: What makes an answer sure; None for a model that learned without labels.
        temperature: One per choice of modalities; None when nothing could be held out.
        quiet: What is turned down in the views before anything else sees them.
        unlike: What tells that an item is like nothing that was there in training.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    recipe: Recipe
    towers: Mapping[str, Tower[Any]]
    latents: Latents
    kernels: KernelSum | None
    rung: str
    head: Head | None
    judge: Judge | None
    temperature: Temperature | None = None
    quiet: Quiet = field(default_factory=lambda: Quiet({}))
    unlike: Unlike = field(default_factory=lambda: Unlike.from_arrays({}))

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities it can use, in the usual order."""
        return tuple(name for name in MODALITIES if name in self.latents.modalities)

    def without_kernels(self) -> Model:
        """The same encoders and latents, with nothing learned from labels."""
        return replace(self, kernels=None, rung="", head=None, judge=None, temperature=None)

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer each query.

        Args:
            queries: Modality (`text`, `image`, `audio`) to a path, bytes, or decoded value.

        Returns:
            One answer per query, in order.

        Raises:
            InputError: When a query is empty, holds something that cannot be read, or nothing
                this model knows; or when it learned without labels.
        """
        start = time.perf_counter()
        # Products this small only wait for each other on several threads: 227 ms of core time per
        # answer on a busy two-core machine, 11 ms on one thread.
        with _threads().limit(limits=1):
            answers = self.answer(
                self.evidence(read_queries(queries, self.modalities), only_needed=True)
            )
        seconds = (time.perf_counter() - start) / max(len(queries), 1)
        return [_timed(answer, seconds) for answer in answers]

    def evidence(
        self, values: Mapping[str, Sequence[Any]], *, only_needed: bool = False
    ) -> Evidence:
        """Encode decoded values.

        Args:
            values: Modality to one value per item, None where absent.
            only_needed: Leave out what the rung does not look at, which takes a sixth off the
                time of an answer where the rung compares by kernels.
        """
        only: Mapping[str, Collection[str]] = self.needed_views if only_needed else {}
        views = {
            modality: encode_values(self.towers[modality], found, only.get(modality))
            for modality, found in values.items()
            if modality in self.towers and any(value is not None for value in found)
        }
        items = len(next(iter(values.values())))
        with_latents = not only_needed or self._rung is None or self._rung.needs_latents
        return self.evidence_of(views, items, with_latents=with_latents)

    @cached_property
    def _rung(self) -> Rung | None:
        return make(ROOM, self.rung, Rung) if self.rung else None

    @cached_property
    def needed_views(self) -> dict[str, set[str]]:
        """Modality to the views that its rung looks at, by kernels or through latents."""
        found: dict[str, set[str]] = {}
        if self.kernels and self._rung and self._rung.needs_kernels:
            for modality, views in self.kernels.blocks.items():
                found.setdefault(modality, set()).update(views)
        if self._rung is None or self._rung.needs_latents:
            for modality, stack in self.latents.stacks.items():
                found.setdefault(modality, set()).update(stack.origins)
        return found

    def evidence_of(
        self,
        views: Mapping[str, Mapping[str, Block]],
        items: int,
        *,
        with_latents: bool = True,
    ) -> Evidence:
        """Latents and kernels of items whose views are known.

        Args:
            views: Modality to view to `[M, D]` with presence, as the towers gave them.
            items: M.
            with_latents: Whether the latents hold numbers, or only tell who has what.
        """
        views = {name: named for name, named in views.items() if named}
        look = self.unlike.look(views, items)
        views = self.quiet.of(views)
        latents: dict[str, Mapping[str, Block]] = {}
        if with_latents and views:
            latents = dict(self.latents.of(views))
        for modality in self.latents.modalities:
            if modality not in latents:
                named = views.get(modality, {})
                absent = np.zeros(items, dtype=bool)
                present = next((block.present for block in named.values()), absent)
                width = self.latents.projections[modality].directions.shape[1]
                nothing = np.zeros((items, width), dtype=np.float32)
                latents[modality] = {"plain": Block(values=nothing, present=present)}
        parts, known = Parts({}, {}, {}), self.kernels.known(views) if self.kernels else {}
        if self.kernels and known:
            parts = self.kernels.cross(known)
        ordered = {name: latents[name] for name in self.latents.modalities}
        return Evidence(kernels=parts, latents=ordered, views=views, look=look)

    def latents_of(self, views: Blocks) -> dict[str, dict[str, Block]]:
        """Latents of items whose views are known.

        Args:
            views: Modality to view to `[M, D]` with presence, as the towers gave them.
        """
        return self.latents.of(self.quiet.of(views))

    def answer(self, evidence: Evidence) -> list[Answer]:
        """Answer for encoded items.

        Args:
            evidence: Of `M` items, from this model.

        Raises:
            InputError: When the model learned without labels.
        """
        if self.head is None or self.judge is None:
            raise InputError(
                "This model learned without labels, so it can find but not answer.",
                "handful train --labels TASK",
            )
        said = _by_subset(self.head, evidence, self.temperature)
        return [self._one(evidence, said, row) for row in range(len(evidence))]

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """What it says of encoded items, each from what it has, calibrated, without reasons.

        Args:
            evidence: Of `M` items, from this model.

        Returns:
            `[M, K]`, rows sum to 1.

        Raises:
            InputError: When the model learned without labels.
        """
        if self.head is None:
            raise InputError(
                "This model learned without labels, so it can find but not answer.",
                "handful train --labels TASK",
            )
        said = self.head.probabilities(evidence)
        if self.temperature is None:
            return said
        present = {name: evidence.present(name) for name in evidence.modalities}
        for subset in subsets(list(present)):
            held = [present[name] if name in subset else ~present[name] for name in present]
            rows = np.all(held, axis=0)
            said[rows] = apply(self.temperature, subset, said[rows])
        return said

    def _one(
        self,
        evidence: Evidence,
        said: Mapping[frozenset[str], NDArray[np.float64]],
        row: int,
    ) -> Answer:
        assert self.judge is not None
        present = tuple(name for name in self.modalities if evidence.present(name)[row])
        alone = {subset: table[row] for subset, table in said.items()}
        probabilities = alone[frozenset(present)]
        best = int(probabilities.argmax())
        parts = _parts(lambda subset: alone[subset][best], present)
        unlike = evidence.look.of(row) if evidence.look else ()
        verdict = self.judge.judge(
            probabilities, {name: alone[frozenset({name})] for name in present}, parts, unlike
        )
        candidates = None
        if verdict.level == Level.NOT_SURE and not unlike:
            candidates = self.judge.candidates(probabilities, present)
        return Answer(
            label=self.classes[best],
            level=verdict.level,
            probabilities=dict(zip(self.classes, probabilities.tolist(), strict=True)),
            shares=parts,
            reason=verdict.reason,
            error_rate=verdict.error_rate,
            candidates=tuple(self.classes[at] for at in candidates.places) if candidates else (),
            coverage=candidates.coverage if candidates else None,
        )

    def save(self, folder: Path) -> None:
        """Write the model into a folder; it is there once its manifest is.

        Args:
            folder: Made when missing.

        Raises:
            StorageError: When the disk refuses.
        """
        arrays: dict[str, NDArray[Any]] = {}
        for modality, tower in self.towers.items():
            arrays |= prefixed(tower.state(), f"tower/{modality}")
        arrays |= prefixed(self.latents.arrays(), "latents")
        arrays |= prefixed(self.quiet.arrays(), "quiet")
        arrays |= prefixed(self.unlike.arrays(), "unlike")
        if self.kernels:
            arrays |= prefixed(self.kernels.arrays(), "kernels")
        if self.head:
            arrays |= prefixed(self.head.arrays(), "head")
        with storage("make", folder):
            folder.mkdir(parents=True, exist_ok=True)
        plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        with replacing(folder / WEIGHTS) as temporary:
            save_file(plain, temporary)
        write_manifest(
            folder,
            "model",
            {
                "name": self.name,
                "task": self.task,
                "classes": list(self.classes),
                "towers": self.recipe.as_dict(),
                "rung": self.rung,
                "latents_note": self.latents.note,
                "judge": self.judge.as_dict() if self.judge else None,
                "temperature": asdict(self.temperature) if self.temperature else None,
            },
        )

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read a model that `save` wrote.

        Args:
            folder: Where.

        Raises:
            ProjectError: When it is missing or damaged.
            NewerFormatError: When a newer Handful wrote it.
        """
        about = read_manifest(folder, "model")
        try:
            arrays = load_file(folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise ProjectError(
                f'Cannot read the weights in "{folder}": {error}.', "train again"
            ) from None
        recipe = Recipe.from_dict(about["towers"])
        towers = {}
        for modality, tower in build(recipe, places_near(folder)).items():
            tower.load(subarrays(arrays, f"tower/{modality}"))
            towers[modality] = tower
        kernels = subarrays(arrays, "kernels")
        head = None
        if about["rung"]:
            rung: Rung = make(ROOM, about["rung"], Rung)
            head = rung.restore(subarrays(arrays, "head"))
        return cls(
            name=about["name"],
            task=about["task"],
            classes=tuple(about["classes"]),
            recipe=recipe,
            towers=towers,
            latents=Latents.from_arrays(subarrays(arrays, "latents")),
            kernels=KernelSum.from_arrays(kernels) if kernels else None,
            rung=about["rung"],
            head=head,
            judge=Judge.from_dict(about["judge"]) if about["judge"] else None,
            temperature=Temperature(**about["temperature"]) if about["temperature"] else None,
            quiet=Quiet.from_arrays(subarrays(arrays, "quiet")),
            unlike=Unlike.from_arrays(subarrays(arrays, "unlike")),
        )


@cache
def _threads() -> ThreadpoolController:
    """Finds the arithmetic libraries once: looking for them takes longer than an answer."""
    return ThreadpoolController()


def subsets(modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """Every non-empty choice of modalities, small ones first.

    Args:
        modalities: To choose from.
    """
    return [
        chosen
        for size in range(1, len(modalities) + 1)
        for chosen in combinations(modalities, size)
    ]


def _by_subset(
    head: Head, evidence: Evidence, temperature: Temperature | None
) -> dict[frozenset[str], NDArray[np.float64]]:
    """`[M, K]` from every subset of the modalities that some item has, and from none at all."""
    found = {frozenset[str](): head.probabilities(evidence.only(()))}
    for subset in subsets(evidence.modalities):
        said = head.probabilities(evidence.only(subset))
        found[frozenset(subset)] = apply(temperature, subset, said) if temperature else said
    return found


def _parts(value: Callable[[frozenset[str]], float], present: Sequence[str]) -> dict[str, float]:
    """Each modality's part in the decision: its Shapley share, those against it counting as 0."""
    if not present:
        return {}
    found = shares(lambda subset: float(log_odds(value(subset))), present)
    positive = {name: max(0.0, share) for name, share in found.items()}
    total = sum(positive.values())
    if total <= 0:
        return {name: 1 / len(present) for name in present}
    return {name: share / total for name, share in positive.items()}


def _timed(answer: Answer, seconds: float) -> Answer:
    return replace(answer, seconds=seconds)
