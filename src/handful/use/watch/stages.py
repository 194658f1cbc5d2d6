"""A challenger's way to be champion: first unseen, then for a few, then for half, then for all.

In shadow it answers beside the champion and nobody sees it. Then it answers a fixed share of items,
chosen by a hash, so that whoever was answered by it stays with it as the share grows. As many other
items, chosen by the same hash, are the control: the same share of the same minutes, answered by the
champion. It becomes champion only when it is shown that it differs no more than it may and is no
less often sure; when that stays open for too long, it is held and a person decides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from handful.foundation.errors import require
from handful.numerics.stats.sequential import Config as Testing
from handful.numerics.stats.sequential import SequentialTest, Signal
from handful.use.watch.bets import Bet
from handful.use.watch.guards import Seen

_EVERY = 10
"""Answers between looks at the sequential test, whose interval takes milliseconds."""


class Arm(StrEnum):
    """Who answers an item, and what for."""

    CANDIDATE = "candidate"
    """The challenger."""
    CONTROL = "control"
    """The champion, and its answers are held against the challenger's."""
    REST = "rest"
    """The champion, as always."""


class Step(StrEnum):
    """What is to be done now."""

    STAY = "stay"
    """Nothing."""
    NEXT = "next"
    """A larger share, from now on."""
    PROMOTE = "promote"
    """It is shown to be no worse: make it champion."""
    HOLD = "inconclusive"
    """It could not be shown in time: take its share away and ask a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How a challenger is tried."""

    shadow: int = 50
    """Answers that are compared before anybody sees one."""
    shares: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5)
    """Shares of items that it answers, one after the other."""
    each: int = 50
    """Answers that it gives at each share, before the next."""
    margin: float = 0.2
    """How much smaller its share of sure answers may be, to be called no worse."""
    alpha: float = 0.05
    """Chance that a challenger which is worse than that is called no worse."""
    horizon: int = 2_000
    """Answers after which an open question is inconclusive."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.shadow >= 1, "shadow", self.shadow, "1 or more")
        require(self.each >= 1, "each", self.each, "1 or more")
        rising = list(self.shares) == sorted(set(self.shares))
        inside = all(0 < share <= 0.5 for share in self.shares)
        require(bool(self.shares) and rising and inside, "shares", self.shares, "rising, to 0.5")
        require(0 < self.margin < 1, "margin", self.margin, "between 0 and 1")
        require(0 < self.alpha < 0.5, "alpha", self.alpha, "between 0 and 0.5")
        enough = self.horizon >= self.each * len(self.shares)
        require(enough, "horizon", self.horizon, "`each` times the number of `shares`, or more")


class Standing(NamedTuple):
    """How far a challenger has come.

    Attributes:
        stage: `shadow`, `canary` or `held`.
        share: Of items that it answers.
        answers: That it gave to clients so far.
        compared: Items that both answered.
        signal: What the sequential test says of its share of sure answers.
    """

    stage: str
    share: float
    answers: int
    compared: int
    signal: str


class Stages:
    """One challenger on its way.

    Args:
        config: How it is tried.
        differ: Largest share of answers that may differ from the champion's.
        salt: The challenger's digest, so that another one meets other clients first.
    """

    def __init__(self, config: Config, differ: float, salt: str) -> None:
        self.config = config
        self.is_held = False
        self._salt = salt
        self._place = -1
        self._answers = self._at_this_share = self._compared = 0
        # Bets that it agrees more often than it must: won means that it differs less than it may.
        self._agrees = Bet(1 - differ, config.alpha)
        self._sure = SequentialTest(
            Testing(alpha=config.alpha, margin=config.margin, horizon=config.horizon)
        )

    @property
    def share(self) -> float:
        """Of items that the challenger answers; 0 in shadow and when held."""
        is_seen = self._place >= 0 and not self.is_held
        return self.config.shares[self._place] if is_seen else 0.0

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        stage = "held" if self.is_held else "shadow" if self._place < 0 else "canary"
        signal = str(self._sure.look().signal)
        return Standing(stage, self.share, self._answers, self._compared, signal)

    def arm_of(self, who: str) -> Arm:
        """Who answers; the same for the same name as long as the share does not fall.

        Args:
            who: Of a client, or the hash of an item.
        """
        share = self.share
        if not share:
            return Arm.REST
        data = hashlib.sha256(f"{self._salt}\n{who}".encode(errors="surrogatepass")).digest()
        place = int.from_bytes(data[:8], "big") / 2**64
        # The control lies at the other end: nobody moves from it to the challenger and back.
        if place < share:
            return Arm.CANDIDATE
        return Arm.CONTROL if place >= 1 - share else Arm.REST

    def compare(self, is_same: bool) -> None:
        """Count one item that both answered.

        Args:
            is_same: Whether they gave the same label.
        """
        self._compared += 1
        self._agrees.add(float(is_same))

    def see(self, seen: Seen, arm: Arm) -> None:
        """Count one answer that a client got.

        Args:
            seen: What is looked at.
            arm: Whose it is.
        """
        score = float(seen.is_sure)
        if arm is Arm.CANDIDATE:
            self._answers += 1
            self._at_this_share += 1
            self._sure.add_new(score)
        elif arm is Arm.CONTROL:
            self._sure.add_old(score)

    def step(self) -> Step:
        """What is to be done now; a larger share is taken at once."""
        if self.is_held:
            return Step.STAY
        if self._place < 0:
            is_next = self._compared >= self.config.shadow
        else:
            is_next = self._at_this_share >= self.config.each
        if is_next and self._place + 1 < len(self.config.shares):
            self._place += 1
            self._at_this_share = 0
            return Step.NEXT
        if is_next and self._agrees.is_won and self._is_no_worse():
            return Step.PROMOTE
        if self._answers >= self.config.horizon:
            self.is_held = True
            return Step.HOLD
        return Step.STAY

    def _is_no_worse(self) -> bool:
        if self._answers % _EVERY:
            return False
        return self._sure.look().signal in (Signal.NO_WORSE, Signal.BETTER)
