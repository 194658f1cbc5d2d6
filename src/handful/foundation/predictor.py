"""What every trained thing looks like from outside: questions in, answers out.

Evaluation, gates, serving and the studio see only a `Predictor`, so one suite covers the raw, the
quantised and the served model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

Query = Mapping[str, Any]
"""One item to answer for: modality (`text`, `image`, `audio`) to a path, bytes, or decoded value.

A modality that is left out is absent; an empty query is an error.
"""


class Level(StrEnum):
    """How sure an answer is, in the words shown to people."""

    SURE = "sure"
    FAIRLY_SURE = "fairly sure"
    NOT_SURE = "not sure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer.

    "Not sure" is a full answer: `label` then still holds the best guess, for those who want it.

    Attributes:
        label: The most probable class.
        level: How sure, by the thresholds that were set on held-out answers.
        probabilities: Class to calibrated probability; they sum to 1.
        shares: Modality to its part in the decision, in [0, 1]; the parts of the modalities that
            were present sum to 1.
        reason: One plain sentence: what decided, or why it is not sure.
        error_rate: The stated error rate among answers of this level, in [0, 1]; None where too
            few checked answers exist to promise one.
        candidates: Where the answer is not sure, the classes it may be, most probable first; empty
            where nothing can be promised of them, or every class would be among them.
        coverage: How often, at least, the right class is among such candidates, in [0, 1]; None
            without any.
        seconds: How long the answer took, wall time; 0 when not measured.
    """

    label: str
    level: Level
    probabilities: Mapping[str, float]
    shares: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    error_rate: float | None = None
    candidates: tuple[str, ...] = ()
    coverage: float | None = None
    seconds: float = 0.0

    @property
    def confidence(self) -> float:
        """The probability of the chosen label, in [0, 1]."""
        return self.probabilities[self.label]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "label": self.label,
            "level": str(self.level),
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities),
            "shares": dict(self.shares),
            "reason": self.reason,
            "error_rate": self.error_rate,
            "candidates": list(self.candidates),
            "coverage": self.coverage,
            "seconds": self.seconds,
        }


@runtime_checkable
class Predictor(Protocol):
    """Anything that answers queries about items.

    Attributes:
        name: What to call it in tables.
        classes: The labels it chooses from, in the order of its probabilities.
        modalities: The modalities it can use; a query may hold any non-empty subset.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def classes(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def modalities(self) -> tuple[str, ...]: ...  # noqa: D102

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer each query.

        Args:
            queries: One mapping per item, from modality to path, bytes or decoded value.

        Returns:
            One answer per query, in order.

        Raises:
            InputError: When a query is empty or holds something that cannot be read.
        """
        ...
