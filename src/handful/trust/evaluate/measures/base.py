"""What every measure is: it reads a sitting and says what it found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from handful.trust.evaluate.finding import Finding
from handful.trust.evaluate.sitting import Sitting

LEVEL = 0.95
"""Nominal coverage of every interval in a report."""


class Measure(ABC):
    """One thing that is measured.

    Args:
        config: The settings of the measure's own file.
    """

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """Its name in reports: the name of its file."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def measure(self, sitting: Sitting) -> Finding:
        """Read what is needed from a sitting and say what was found.

        Args:
            sitting: One predictor before one list of cases.

        Returns:
            Figures, tables and sentences; `missing` says why when nothing can be measured.

        Raises:
            HandfulError: When the predictor or the goal cannot be used.
        """

    def cannot(self, why: str) -> Finding:
        """A finding that nothing could be measured.

        Args:
            why: One sentence.
        """
        return Finding(measure=self.name, missing=why, meaning=(why,))
