"""Watch a difference as answers come in, look after each one, and still be right.

A canary or an A/B test is looked at all the time; an ordinary 5 % test that is looked at
often enough alarms on identical models nearly always. Here the evidence is the fortune of a
gambler who bets against "no difference" at fair odds: under that hypothesis it reaches 40 at
most once in 40 lives, however often one looks (Ville). Several bets are placed side by side,
from timid to bold, and their mean is a fair fortune too.

The interval depends on which answers were compared, not on their order, and nothing is
drawn at random: a restarted process that replays the events stands where it stood.
"""
# T observations, V distinct values, K bets, C claims

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handful.foundation.errors import UsageError, require
from handful.numerics.stats.base import Interval, Vector, check_level, score_vector

_BETS = 12
_BOLDEST = 0.95  # share of the fortune at stake; 1 would be ruined by a single answer


class Signal(StrEnum):
    """What the answers so far allow to be said."""

    CONTINUE = "CONTINUE"
    """Nothing is proven yet, and the horizon is not reached."""
    BETTER = "BETTER"
    """New scores higher than old."""
    NO_WORSE = "NO WORSE"
    """New loses less than the margin, if it loses at all."""
    WORSE = "WORSE"
    """New scores lower than old."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """The horizon is reached and nothing is proven: hold, do not promote."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What the sequential test may get wrong, and how long it may take."""

    alpha: float = 0.05
    """Chance that equal models are ever called BETTER or WORSE, both together, however often
    one looks; also the chance that a model losing `margin` or more is called NO WORSE."""
    margin: float = 0.01
    """Loss that would be accepted, in score: 0.01 is one point of accuracy."""
    horizon: int = 5_000
    """Comparisons after which an open question is INCONCLUSIVE; also where the timid bets
    are aimed. One comparison uses one new answer."""
    least: int = 20
    """Comparisons before any signal is given."""
    old_per_new: int = 1
    """Answers of the old model that one answer of the new is held against: 19 for a 5 %
    canary against the rest, 1 for pairs. More make the comparison less noisy."""

    def __post_init__(self) -> None:
        require(0 < self.alpha < 0.5, "alpha", self.alpha, "between 0 and 0.5, such as 0.05")
        require(0 <= self.margin < 1, "margin", self.margin, "in [0, 1), such as 0.01")
        require(self.horizon >= 1, "horizon", self.horizon, "at least 1 comparison")
        require(self.least >= 1, "least", self.least, "at least 1 comparison")
        require(self.old_per_new >= 1, "old_per_new", self.old_per_new, "at least 1 answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What one sees on looking."""

    signal: Signal
    """The claim that is proven, or CONTINUE or INCONCLUSIVE."""
    decided_at: int
    """Comparisons when the claim was proven; 0 when none is."""
    difference: Interval
    """New minus old with an interval that holds at all times together."""
    evidence: dict[Signal, float]
    """Largest fortune so far against the opposite of BETTER, NO WORSE and WORSE; needed are
    2 / alpha, 1 / alpha and 2 / alpha."""


class _Claim(NamedTuple):
    signal: Signal
    threshold: float  # the difference that the hypothesis bet against allows at most
    direction: float  # 1 bets on more, -1 on less
    needed: float  # logarithm of the fortune that proves it


class SequentialTest:
    """Compare a new model with an old one while answers arrive.

    Scores lie between 0 and 1, such as right/wrong. In shadow mode both models answer the
    same requests: call `add_pairs`. In canary mode each request goes to one of them by
    chance: call `add_old` and `add_new` in any order; answers wait until a comparison is full.

    Args:
        config: Error rates, margin and horizon.

    Source: betting as in Waudby-Smith and Ramdas, arXiv 2010.09686, with a fixed mixture of
        bets (Robbins) in place of a predicted one.
    """

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self._bets_K = _bets(self.config.alpha, self.config.horizon)
        two_sided, one_sided = math.log(2 / self.config.alpha), math.log(1 / self.config.alpha)
        self._claims = (
            _Claim(Signal.BETTER, 0.0, 1.0, two_sided),
            _Claim(Signal.NO_WORSE, -self.config.margin, 1.0, one_sided),
            _Claim(Signal.WORSE, 0.0, -1.0, two_sided),
        )
        self._log_wealth_CK = np.zeros((len(self._claims), _BETS))
        self._best_C = np.zeros(len(self._claims))
        self._seen: Counter[float] = Counter()
        self._count = 0
        self._proven: dict[Signal, int] = {}
        self._old: deque[float] = deque()
        self._new: deque[float] = deque()

    def add_pairs(self, old: ArrayLike, new: ArrayLike) -> None:
        """Add answers of both models to the same requests.

        Args:
            old: Scores of the old model, 0 to 1, `[T]`.
            new: Scores of the new model on the same requests, `[T]`.

        Raises:
            UsageError: When a score lies outside 0 to 1 or the lengths differ.
        """
        before, after = _unit_scores(old, "old"), _unit_scores(new, "new")
        if before.shape != after.shape:
            raise UsageError(
                f"`old` and `new` must answer the same requests, and they hold {before.size} and"
                f" {after.size}.",
                "for answers to different requests use `add_old` and `add_new`",
            )
        self._observe(after - before)

    def add_old(self, scores: ArrayLike) -> None:
        """Add answers of the old model to requests of its own.

        Args:
            scores: Scores, 0 to 1, `[T]`.

        Raises:
            UsageError: When a score lies outside 0 to 1.
        """
        self._old.extend(_unit_scores(scores, "scores").tolist())
        self._match()

    def add_new(self, scores: ArrayLike) -> None:
        """Add answers of the new model to requests of its own.

        Args:
            scores: Scores, 0 to 1, `[T]`.

        Raises:
            UsageError: When a score lies outside 0 to 1.
        """
        self._new.extend(_unit_scores(scores, "scores").tolist())
        self._match()

    def look(self) -> Look:
        """The state of affairs; looking costs nothing.

        Returns:
            Signal, interval and evidence. The first proven claim stays, save that NO WORSE
            becomes BETTER once that is proven too.
        """
        signal, decided_at = self._signal()
        values = np.array(list(self._seen), dtype=np.float64)
        times = np.array(list(self._seen.values()), dtype=np.float64)
        low, high = self._ends(values, times)
        return Look(
            signal=signal,
            decided_at=decided_at,
            difference=Interval(
                estimate=float(values @ times) / self._count if self._count else math.nan,
                low=low,
                high=high,
                n=self._count,
                groups=self._count,
                level=1 - self.config.alpha,
                method="betting, valid at all times",
            ),
            evidence={
                claim.signal: math.exp(min(best, 700.0))
                for claim, best in zip(self._claims, self._best_C.tolist(), strict=True)
            },
        )

    def _match(self) -> None:
        """Make comparisons of the answers that wait."""
        per_new = self.config.old_per_new
        ready = min(len(self._new), len(self._old) // per_new)
        if ready == 0:
            return
        new = np.array([self._new.popleft() for _ in range(ready)])
        old = np.array([self._old.popleft() for _ in range(ready * per_new)])
        self._observe(new - old.reshape(ready, per_new).mean(axis=1))

    def _observe(self, difference_T: Vector) -> None:
        """Settle the bets of new comparisons and note which claims they prove."""
        values, place_T = np.unique(difference_T, return_inverse=True)
        reached_CT = np.empty((len(self._claims), difference_T.size))
        for c, claim in enumerate(self._claims):
            gains_KV = _log_gains(values, claim.threshold, claim.direction, self._bets_K)
            path_KT = np.cumsum(gains_KV[:, place_T], axis=1)
            path_KT += self._log_wealth_CK[c][:, None]
            self._log_wealth_CK[c] = path_KT[:, -1]
            reached_CT[c] = _log_mean(path_KT)
        self._decide(reached_CT)
        self._best_C = np.maximum(self._best_C, reached_CT.max(axis=1))
        self._seen.update(difference_T.tolist())
        self._count += difference_T.size

    def _decide(self, reached_CT: NDArray[np.float64]) -> None:
        at_T = self._count + 1 + np.arange(reached_CT.shape[1])
        counts_T = (at_T >= self.config.least) & (at_T <= self.config.horizon)
        for c, claim in enumerate(self._claims):
            if claim.signal in self._proven:
                continue
            # What was proven before the least count is kept and told then.
            so_far_T = np.maximum(np.maximum.accumulate(reached_CT[c]), self._best_C[c])
            hits = np.flatnonzero((so_far_T >= claim.needed) & counts_T)
            if hits.size:
                self._proven[claim.signal] = int(at_T[hits[0]])

    def _signal(self) -> tuple[Signal, int]:
        """The claim that was proven first; NO WORSE may still grow into BETTER."""
        if not self._proven:
            over = self._count >= self.config.horizon
            return (Signal.INCONCLUSIVE if over else Signal.CONTINUE), 0
        signal, decided_at = min(self._proven.items(), key=lambda item: item[1])
        if signal is Signal.NO_WORSE and Signal.BETTER in self._proven:
            return Signal.BETTER, self._proven[Signal.BETTER]
        return signal, decided_at

    def _ends(self, values: Vector, times: Vector) -> tuple[float, float]:
        """The differences against which the fortune has not yet reached 2 / alpha."""
        if self._count == 0:
            return -1.0, 1.0
        needed = math.log(2 / self.config.alpha)
        mean = float(values @ times) / self._count

        def is_refuted(threshold: float, direction: float) -> bool:
            gains_KV = _log_gains(values, threshold, direction, self._bets_K)
            return float(_log_mean((gains_KV @ times)[:, None])[0]) >= needed

        ends = []
        for direction in (1.0, -1.0):
            refuted, kept = -direction, mean
            # Where every answer lies at the far end, nothing is refuted.
            for _ in range(40 if abs(mean - refuted) > 1e-9 else 0):
                middle = (refuted + kept) / 2
                if is_refuted(middle, direction):
                    refuted = middle
                else:
                    kept = middle
            ends.append(refuted)
        return ends[0], ends[1]


def mean_sequence(
    values: ArrayLike, *, lowest: float = 0.0, highest: float = 1.0, level: float = 0.95
) -> NDArray[np.float64]:
    """An interval for a bounded mean after each observation, all of them valid together.

    For a rate that is watched, such as errors or abstentions: act when the limit leaves the
    interval, at whatever time that is. In closed form, linear in the observations.

    Args:
        values: Observations in order of arrival, each from `lowest` to `highest`, `[T]`.
        lowest: Smallest possible value.
        highest: Largest possible value.
        level: How often all intervals hold the mean together; 0.95 is common.

    Returns:
        `[T, 2] float64`, low and high; the interval never grows.

    Raises:
        UsageError: When a value is missing or out of bounds.
        ConfigError: When `level` or the bounds are out of range.

    Source: predictable plug-in empirical Bernstein sequence, Waudby-Smith and Ramdas,
        arXiv 2010.09686, theorem 2.
    """
    check_level(level)
    require(lowest < highest, "highest", highest, f"above lowest = {lowest}")
    x = (score_vector(values) - lowest) / (highest - lowest)
    if (x < 0).any() or (x > 1).any():
        raise UsageError(
            f"`values` must lie from {lowest} to {highest}, and they go from"
            f" {np.min(values)} to {np.max(values)}.",
            "pass the smallest and largest possible value as `lowest` and `highest`",
        )
    t = np.arange(1, x.size + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    # Each bet may use only what came before it.
    mean_before = np.concatenate([[0.5], mean[:-1]])
    variance_before = np.concatenate([[0.25], variance[:-1]])
    odds = math.log(2 / (1 - level))
    bet = np.minimum(np.sqrt(2 * odds / (variance_before * t * np.log1p(t))), 0.5)
    surprise = (x - mean_before) ** 2 * (-np.log1p(-bet) - bet)
    staked = np.cumsum(bet)
    centre, reach = np.cumsum(bet * x) / staked, (odds + np.cumsum(surprise)) / staked
    low = np.maximum.accumulate(np.clip(centre - reach, 0, 1))
    high = np.minimum.accumulate(np.clip(centre + reach, 0, 1))
    return lowest + (highest - lowest) * np.stack([low, high], axis=1)


def _bets(alpha: float, horizon: int) -> Vector:
    """Shares of the fortune to stake, from timid to bold."""
    timid = min(0.5 * math.sqrt(2 * math.log(2 / alpha) / horizon), 0.5)
    return np.geomspace(timid, _BOLDEST, _BETS)


def _log_gains(
    difference_T: Vector, threshold: float, direction: float, bets_K: Vector
) -> NDArray[np.float64]:
    """Logarithm of what each bet returns on each comparison, `[K, T]`."""
    # The most that can be lost is the distance from the threshold to the far end, -1 or 1.
    stake_K = bets_K / (1 + direction * threshold)
    return np.log1p(stake_K[:, None] * (direction * (difference_T - threshold)))


def _log_mean(log_KT: NDArray[np.float64]) -> Vector:
    """Logarithm of the mean fortune over the bets, `[T]`."""
    top_T = log_KT.max(axis=0)
    return top_T + np.log(np.exp(log_KT - top_T).mean(axis=0))


def _unit_scores(scores: ArrayLike, name: str) -> Vector:
    vector = score_vector(np.atleast_1d(np.asarray(scores, dtype=np.float64)), name)
    if (vector < 0).any() or (vector > 1).any():
        raise UsageError(
            f"`{name}` must lie between 0 and 1, and they go from {vector.min()} to"
            f" {vector.max()}.",
            "divide by the largest possible score",
        )
    return vector
