"""One release, loaded and proven to answer: values in, answers or embeddings out.

Neither the library's store nor torch is loaded for a release of weight-free towers.
"""
# M items, D numbers of an embedding

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import MODALITIES, Sound
from handful.foundation.errors import HandfulError, ProjectError
from handful.foundation.predictor import Answer, Query
from handful.foundation.project.manifest import read_manifest
from handful.learn.routes.model import Model
from handful.use.release.golden import GOLDEN, compare_golden, item_of
from handful.use.release.seal import KIND, require_intact
from handful.use.serve.refusals import Refusal, of_fault

MODEL = "model"
"""The folder in a release that holds the weights."""

_SPACES = ("shared", "plain")


class Replica:
    """A release that answers.

    Args:
        model: What answers.
        digest: The release's name.
        golden: Its golden set, see `handful.use.release.golden`; empty for none.
    """

    def __init__(
        self, model: Model, digest: str, golden: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.model = model
        self.digest = digest
        self.golden = golden

    @classmethod
    def open(cls, folder: Path) -> Replica:
        """Load a release after a look at every byte, and have it answer once.

        Args:
            folder: Of the release.

        Raises:
            ProjectError: When it was altered, cannot be loaded, or does not answer sanely.
            NewerFormatError: When a newer Handful made it.
            StorageError: When it may not be read.
        """
        require_intact(folder)
        digest = str(read_manifest(folder, KIND)["digest"])
        golden = folder / GOLDEN
        found = json.loads(golden.read_text(encoding="utf-8")) if golden.is_file() else {}
        replica = cls(Model.load(folder / MODEL), digest, found)
        replica.check()
        replica.check_golden()
        return replica

    @property
    def name(self) -> str:
        """The first digits of its digest."""
        return self.digest[:12]

    @property
    def classes(self) -> tuple[str, ...]:
        """What it chooses from."""
        return self.model.classes

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it reads."""
        return self.model.modalities

    @property
    def answers(self) -> bool:
        """Whether it learned with labels."""
        return self.model.head is not None

    def predict(self, values: Sequence[Query]) -> list[Answer | Refusal]:
        """Answer decoded items; one that fails takes no other with it.

        Args:
            values: Modality to decoded value.
        """
        return one_by_one(self._predict, values)

    def embed(
        self, values: Sequence[Query], space: str = ""
    ) -> list[NDArray[np.float32] | Refusal]:
        """Numbers that lie close where items are alike, of length 1 each.

        Args:
            values: Modality to decoded value; several modalities of one item only where they share
                a space.
            space: `shared` (comparable across modalities) or `plain`; the former where there is
                one, when empty.

        Returns:
            `[D]` float32 each, or why there is none.
        """
        return one_by_one(lambda some: self._embed(some, space), values)

    @property
    def space(self) -> str:
        """The space that embeddings are taken from: `shared` where there is one."""
        found = self.model.latents.space
        return "shared" if found is not None and found.dimensions else "plain"

    def check(self) -> float:
        """Answer for something canned.

        Returns:
            Seconds that it took.

        Raises:
            ProjectError: When the answer is none: an exception, or numbers that are not finite.
        """
        start = time.perf_counter()
        query = {name: canned(name) for name in self.modalities}
        said = (self.predict if self.answers else self.embed)([query])[0]
        if isinstance(said, Refusal):
            raise ProjectError(
                f'The release "{self.name}" does not answer: {said.what}',
                "handful rollback, or train and release again",
            )
        return time.perf_counter() - start

    def check_golden(self) -> int:
        """Answer the golden set, and compare with what was answered when it was made.

        Returns:
            How many answers were compared; 0 for a release without a golden set.

        Raises:
            ProjectError: When any answer is another one.
        """
        items = self.golden.get("items", [])
        if items:
            compare_golden(self.golden, self.predict([item_of(each) for each in items]), self.name)
        return len(items)

    def _predict(self, values: Sequence[Query]) -> list[Answer | Refusal]:
        return [_sane(answer) for answer in self.model.predict(values)]

    def _embed(self, values: Sequence[Query], space: str) -> list[NDArray[np.float32] | Refusal]:
        wanted = space or self.space
        if wanted not in _SPACES or (wanted == "shared" and self.space == "plain"):
            allowed = "`plain`" if self.space == "plain" else "`shared` or `plain`"
            refusal = Refusal(422, "space", f'This release has no space "{wanted}".', allowed)
            return [refusal for _ in values]
        columns = {
            name: [query.get(name) for query in values]
            for name in self.modalities
            if any(name in query for query in values)
        }
        latents = self.model.evidence(columns).latents
        return [_vector(latents, query, wanted, row) for row, query in enumerate(values)]


def one_by_one(work: Any, values: Sequence[Query]) -> list[Any]:
    """Do some work on all values at once, and on each alone where that fails.

    Args:
        work: Values to as many results.
        values: Modality to decoded value.
    """
    try:
        return work(values)
    except Exception as error:
        if len(values) == 1:
            return [_failed(error)]
    return [one_by_one(work, [each])[0] for each in values]


def canned(modality: str) -> Any:
    """A small made-up value, the same every time.

    Args:
        modality: `text`, `image` or `audio`.
    """
    if modality == "text":
        return {"und": "Is anybody there?"}
    if modality == "image":
        ramp = np.linspace(0, 255, 48, dtype=np.uint8)
        return np.stack(
            [np.tile(ramp, (48, 1)), np.tile(ramp[:, None], 48), np.tile(ramp, (48, 1))], 2
        )
    time_s = np.arange(8_000) / 16_000
    wave = 0.3 * np.sin(2 * np.pi * 440 * time_s) * np.exp(-6 * time_s)
    return Sound(wave.astype(np.float32), 16_000)


def _sane(answer: Answer) -> Answer | Refusal:
    """The answer, unless its numbers are none."""
    numbers = list(answer.probabilities.values())
    if np.all(np.isfinite(numbers)):
        return answer
    return Refusal(500, "not_finite", "The model gave numbers that are not finite.", _REPORT)


def _vector(
    latents: Mapping[str, Mapping[str, Any]], query: Query, space: str, row: int
) -> NDArray[np.float32] | Refusal:
    names = [name for name in MODALITIES if query.get(name) is not None]
    if space == "plain" and len(names) > 1:
        what = f"The {' and '.join(names)} of this release share no space."
        return Refusal(422, "space", what, "ask for one modality at a time")
    rows = []
    for name in names:
        block = latents.get(name, {}).get(space)
        if block is None:
            what = f"The {name} is not part of the shared space of this release."
            return Refusal(422, "space", what, 'ask with "space": "plain"')
        rows.append(_unit(block.values[row]))
    found = _unit(np.mean(rows, axis=0))
    if not np.all(np.isfinite(found)):
        return Refusal(500, "not_finite", "The model gave numbers that are not finite.", _REPORT)
    return found


def _unit(row: NDArray[Any]) -> NDArray[np.float32]:
    length = float(np.linalg.norm(row))
    return np.asarray(row / length if length > 0 else row, dtype=np.float32)


def _failed(error: Exception) -> Refusal:
    if isinstance(error, HandfulError):
        return of_fault(error)
    what = f"The model failed with {type(error).__name__}."
    return Refusal(500, "model_failed", what, _REPORT)


_REPORT = "this is a fault of the release: `handful rollback` goes back to the one before"
