"""What the user wants, in costs: which mistake hurts how much, how fast, for how much money.

A goal turns answers into one number, the expected cost per item, so that two models that accuracy
ranks one way and costs another are told apart. Decisions follow Bayes' rule for a cost matrix with
a reject option (Chow, "On optimum recognition error and reject tradeoff", IEEE Trans. Inf. Theory
16, 1970): the cheapest class is said, and nothing is said when leaving the item to a person is
cheaper still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import UsageError, did_you_mean, require

ANY = "*"
NOT_SURE = -1
"""What stands for "not sure" where a class index is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """What one kind of mistake costs."""

    truth: str = ANY
    """What it really was; `*` for anything."""
    said: str = ANY
    """What was answered; `*` for anything else."""
    cost: float
    """In the same unit as every other cost of the goal."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(0 <= self.cost < float("inf"), "cost", self.cost, "0 or more")
        same = self.truth == self.said != ANY
        require(not same, "said", self.said, "another class than `truth`; right answers cost 0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """The content of `goal.toml`."""

    labels: str = ""
    """The task this goal is about, such as `grade`; empty for any."""
    mistake: float = 1.0
    """Cost of one wrong answer that no line of `mistakes` names. Everything else is relative."""
    not_sure: float = 0.2
    """Cost of leaving one item to a person. An answer is given when it is expected to cost less."""
    sure_error: float = 0.05
    """Share of wrong answers allowed among those called "sure", from 0 to 0.5."""
    fairly_sure_error: float = 0.2
    """Share of wrong answers allowed among those called "fairly sure"."""
    latency_ms: float | None = None
    """Nine of ten answers must come within this many milliseconds; left out for no limit."""
    money_per_1000: float | None = None
    """What 1,000 answers may cost, in the currency of `project.toml`; left out for no limit."""
    mistakes: tuple[Mistake, ...] = ()
    """Mistakes that cost more or less than `mistake`; the later line wins. Write each as a table
    of its own: [[mistakes]], then truth = "cracked", said = "first", cost = 10 below it."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("mistake", "not_sure"):
            value = getattr(self, name)
            require(0 <= value < float("inf"), name, value, "0 or more")
        require(0 < self.sure_error <= 0.5, "sure_error", self.sure_error, "in (0, 0.5]")
        require(
            self.sure_error <= self.fairly_sure_error < 1,
            "fairly_sure_error",
            self.fairly_sure_error,
            "at least `sure_error` and below 1",
        )
        for name in ("latency_ms", "money_per_1000"):
            limit = getattr(self, name)
            require(limit is None or limit > 0, name, limit, "above 0, or left out")

    def costs(self, classes: Sequence[str]) -> NDArray[np.float64]:
        """The cost matrix.

        Args:
            classes: K class names.

        Returns:
            `[K, K]`: row the truth, column what was said; zeros on the diagonal.

        Raises:
            UsageError: When `mistakes` names a class that does not exist.
        """
        for mistake in self.mistakes:
            for name in (mistake.truth, mistake.said):
                if name != ANY and name not in classes:
                    raise UsageError(
                        f'The goal names the class "{name}", which no item has.',
                        f"mend goal.toml: {did_you_mean(name, classes)}",
                    )
        costs = np.full((len(classes), len(classes)), self.mistake)
        for mistake in self.mistakes:
            rows = _places(mistake.truth, classes)
            columns = _places(mistake.said, classes)
            costs[np.ix_(rows, columns)] = mistake.cost
        np.fill_diagonal(costs, 0.0)
        return costs

    def decide(
        self, probabilities: NDArray[np.floating[Any]], classes: Sequence[str]
    ) -> NDArray[np.intp]:
        """Say the cheapest class, or nothing where a person is cheaper.

        Args:
            probabilities: `[N, K]`, rows sum to 1.
            classes: K class names.

        Returns:
            `[N]` class index, or `NOT_SURE`.
        """
        expected = probabilities @ self.costs(classes)
        said = expected.argmin(axis=1)
        return np.where(expected.min(axis=1) <= self.not_sure, said, NOT_SURE)

    def cost(
        self, truth: NDArray[np.intp], said: NDArray[np.intp], classes: Sequence[str]
    ) -> NDArray[np.float64]:
        """What each answer cost, now that the truth is known.

        Args:
            truth: `[N]` class index.
            said: `[N]` class index or `NOT_SURE`.
            classes: K class names.

        Returns:
            `[N]` cost per item, in the unit of the goal.
        """
        costs = self.costs(classes)
        return np.where(said == NOT_SURE, self.not_sure, costs[truth, np.maximum(said, 0)])

    def tune_threshold(self, held_out: HeldOut, classes: Sequence[str]) -> Tuned:
        """Find the confidence below which "not sure" is cheapest, on held-out answers.

        Unlike `decide` this does not trust the probabilities to be calibrated; it needs only
        their order. Ties go to answering more.

        Args:
            held_out: Answers on items that the model did not learn from.
            classes: K class names.

        Raises:
            UsageError: When the answers are the test answers, or there are none.
        """
        if held_out.split == "test":
            raise UsageError(
                "A threshold was to be tuned on test answers, and then the test would flatter it.",
                "tune on validation or out-of-fold answers",
            )
        if len(held_out.truth) == 0:
            raise UsageError("A threshold needs held-out answers, and there are none.")
        said = (held_out.probabilities @ self.costs(classes)).argmin(axis=1)
        confidence = held_out.probabilities[np.arange(len(said)), said]
        order = np.argsort(-confidence, kind="stable")
        answered = np.cumsum(self.cost(held_out.truth, said, classes)[order])
        left = self.not_sure * np.arange(len(said), -1, -1)
        total = np.concatenate([[0.0], answered]) + left
        boundaries = np.append(np.diff(confidence[order]) != 0, True)
        allowed = np.concatenate([[True], boundaries])
        best = int(np.flatnonzero(allowed & (total <= total[allowed].min() + 1e-12))[-1])
        threshold = confidence[order[best - 1]] if best else np.nextafter(confidence.max(), np.inf)
        return Tuned(float(threshold), float(total[best] / len(said)), best / len(said))

    def unmet(self, latency_ms: float | None, money_per_1000: float | None) -> list[str]:
        """Say which limits a model breaks, and by how much.

        Args:
            latency_ms: Its 90th percentile answer time; None when not measured.
            money_per_1000: Its price for 1,000 answers; None when not known.

        Returns:
            One sentence per broken limit; a limit whose figure is missing counts as broken.
        """
        found = (
            ("latency_ms", self.latency_ms, latency_ms, "ms per answer"),
            ("money_per_1000", self.money_per_1000, money_per_1000, "per 1,000 answers"),
        )
        sentences = []
        for name, limit, value, unit in found:
            if limit is None:
                continue
            if value is None:
                sentences.append(f"`{name}` allows {limit:g} {unit}, and this was not measured.")
            elif value > limit:
                share = value / limit - 1
                sentences.append(
                    f"`{name}` allows {limit:g} {unit}: it is {value:.3g}, {share:.0%} too much."
                )
        return sentences


class HeldOut(NamedTuple):
    """Answers whose truth is known and that took no part in the learning.

    Attributes:
        probabilities: `[N, K]`.
        truth: `[N]` class index.
        split: Where they come from: `validation`, `out_of_fold` or `test`.
    """

    probabilities: NDArray[np.floating[Any]]
    truth: NDArray[np.intp]
    split: str


class Tuned(NamedTuple):
    """A tuned threshold.

    Attributes:
        threshold: Answer when the confidence is at least this.
        cost: Mean cost per held-out item at that threshold.
        answered: Share of held-out items that get an answer.
    """

    threshold: float
    cost: float
    answered: float


def _places(name: str, classes: Sequence[str]) -> list[int]:
    return list(range(len(classes))) if name == ANY else [list(classes).index(name)]
