"""From latents of items to what tokens are made of: one scaled row per modality and kind."""
# M items, W numbers of one kind of latents

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from handful.learn.rungs.base import Evidence


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Inputs:
    """What is known of `M` items.

    Attributes:
        rows: `modality/kind` to `[M, W]` float32 of unit mean norm; 0 where absent.
        present: `modality/kind` to `[M]`.
    """

    rows: dict[str, NDArray[np.float32]]
    present: dict[str, NDArray[np.bool_]]

    @property
    def has_any(self) -> NDArray[np.bool_]:
        """`[M]` true where an item has something."""
        return np.any(list(self.present.values()), axis=0)

    def take(self, rows: NDArray[np.intp]) -> Inputs:
        """The same for some of the items.

        Args:
            rows: Which.
        """
        return Inputs(
            rows={name: values[rows] for name, values in self.rows.items()},
            present={name: held[rows] for name, held in self.present.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Where each kind of latents lies, and how large it is.

    Attributes:
        origins: `modality/kind` to `[W]` float32 mean of the labelled items that have it.
        factors: `modality/kind` to what brings a row to unit mean norm.
    """

    origins: dict[str, NDArray[np.float32]]
    factors: dict[str, float]

    @classmethod
    def fit(cls, evidence: Evidence) -> Self:
        """Learn from labelled items.

        Args:
            evidence: Of them; a kind of latents that none of them has is left out.
        """
        origins, factors = {}, {}
        for modality in evidence.modalities:
            for kind, block in evidence.latents[modality].items():
                if kind == "shared" or not block.present.any():
                    continue  # what is shared lies in `plain` as well
                origin = block.rows.mean(axis=0, dtype=np.float64)
                norm = float(((block.rows - origin) ** 2).sum(axis=1).mean())
                origins[f"{modality}/{kind}"] = origin.astype(np.float32)
                factors[f"{modality}/{kind}"] = norm**-0.5 if norm > 0 else 0.0
        return cls(origins, factors)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that a labelled item had."""
        return tuple(dict.fromkeys(name.split("/")[0] for name in self.origins))

    @property
    def numbers(self) -> int:
        """Per item, all kinds together."""
        return sum(map(len, self.origins.values()))

    def inputs(self, evidence: Evidence) -> Inputs:
        """Scaled rows of items; values of absent ones are never read.

        Args:
            evidence: Of `M` items.
        """
        rows, present = {}, {}
        for name, origin in self.origins.items():
            modality, kind = name.split("/")
            held = np.zeros(len(evidence), dtype=bool)
            values = np.zeros((len(evidence), len(origin)), dtype=np.float32)
            block = evidence.latents.get(modality, {}).get(kind)
            if block is not None:
                held = block.present
                values[held] = (block.rows - origin) * np.float32(self.factors[name])
            rows[name], present[name] = values, held
        return Inputs(rows=rows, present=present)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        found: dict[str, NDArray[Any]] = {}
        for name, origin in self.origins.items():
            found |= {f"origin/{name}": origin, f"factor/{name}": np.asarray(self.factors[name])}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The scales that `arrays` described."""
        # Files do not keep the order; tokens carry no place, so any order gives the same answer.
        names = [path[7:] for path in sorted(arrays) if path.startswith("origin/")]
        return cls(
            {name: arrays[f"origin/{name}"] for name in names},
            {name: arrays[f"factor/{name}"].item() for name in names},
        )
