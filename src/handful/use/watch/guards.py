"""Tell from its answers that a new release is wrong, while it answers.

Errors say nothing of a model that is quick and wrong. So the answers of a new release are compared
with those that the one before gives: to the same items, or to as many other items of the same
minutes. Each guard is a bet against "no worse than is allowed" (`bets.py`), so that looking after
every answer costs nothing; all of them together take a release that holds to the limits back at
most once in `1 / alpha` lives.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import NamedTuple

from handful.foundation.errors import require
from handful.use.watch.bets import Bet, difference, limit_of

_GUARDS = 6
"""Bets that share `alpha`."""
_LEARNED_FROM = 15
"""First answers that tell which label a collapsed release would give always; not counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What a new release is held to, beside the one before it."""

    answers: int = 400
    """First answers of a new champion that are compared; each costs one answer of the release
    before. 0 for none."""
    differ: float = 0.25
    """Largest share of answers that may differ; a better model differs too."""
    less_sure: float = 0.2
    """How much smaller its share of answers that are not "not sure" may be."""
    less_right: float = 0.1
    """How much smaller the share of its answers may be that people call right."""
    one_label: float = 0.25
    """How much more often it may give the label that it gives most, than the release before."""
    slower: float = 2.0
    """How many times the time of the release before it may take, in half of all comparisons."""
    costlier: float = 2.0
    """How many times the processor time of the release before it may take, in the same way."""
    alpha: float = 0.002
    """Chance that a release which holds to all of that is taken back all the same."""
    failures: int = 3
    """Answers that it may fail to give; each is given by the release before instead."""
    hold_s: float = 3600.0
    """Two releases taken back within so many seconds end automation: a person is asked."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.answers >= 0, "answers", self.answers, "0 or more")
        require(0 < self.differ < 1, "differ", self.differ, "between 0 and 1")
        for name in ("less_sure", "less_right", "one_label"):
            require(0 <= getattr(self, name) < 1, name, getattr(self, name), "in [0, 1)")
        for name in ("slower", "costlier"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(0 < self.alpha <= 0.1, "alpha", self.alpha, "in (0, 0.1]")
        require(self.failures >= 1, "failures", self.failures, "1 or more")
        require(self.hold_s > 0, "hold_s", self.hold_s, "above 0")


class Seen(NamedTuple):
    """What a guard looks at in one answer.

    Attributes:
        label: What was answered.
        is_sure: Whether it was anything but "not sure".
        seconds: How long the model took for it.
        cpu_s: Processor seconds of it.
    """

    label: str
    is_sure: bool
    seconds: float
    cpu_s: float


class Finding(NamedTuple):
    """What is wrong with a new release.

    Attributes:
        code: `fails`, `differs`, `collapsed`, `less_sure`, `slower`, `costlier` or `less_right`.
        what: One sentence with the numbers.
        compared: Answers that were compared.
        differing: Those that differ.
        failed: Answers that it did not give.
    """

    code: str
    what: str
    compared: int
    differing: int
    failed: int


class Guard:
    """Compares the answers of a new release with those of the one before.

    Args:
        config: What it is held to.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.differing = self.failed = 0
        alpha = config.alpha / _GUARDS
        self._differs = Bet(config.differ, alpha)
        self._behind = {
            "collapsed": Bet(limit_of(config.one_label), alpha),
            "less_sure": Bet(limit_of(config.less_sure), alpha),
            "slower": Bet(0.5, alpha),
            "costlier": Bet(0.5, alpha),
            "less_right": Bet(limit_of(config.less_right), alpha),
        }
        self._labels: Counter[str] = Counter()
        self._waiting: dict[bool, deque[Seen]] = {True: deque(maxlen=64), False: deque(maxlen=64)}
        self._judged: dict[bool, deque[float]] = {True: deque(maxlen=64), False: deque(maxlen=64)}

    @property
    def compared(self) -> int:
        """Items that both releases answered."""
        return self._differs.count

    @property
    def is_over(self) -> bool:
        """Whether enough was compared."""
        return self.compared + self.failed >= self.config.answers

    @property
    def share(self) -> float:
        """Share of compared answers that differ; 0 before the first."""
        return self._differs.mean

    def add(self, is_same: bool) -> None:
        """Count one pair of answers to the same item.

        Args:
            is_same: Whether both releases gave the same label.
        """
        self.differing += not is_same
        self._differs.add(0.0 if is_same else 1.0)

    def see(self, seen: Seen, *, is_new: bool) -> None:
        """Take in one answer; the new release's are held against the other's in their order.

        Args:
            seen: What is looked at.
            is_new: Whether the new release gave it.
        """
        self._waiting[is_new].append(seen)
        while self._waiting[True] and self._waiting[False]:
            self._pair(self._waiting[True].popleft(), self._waiting[False].popleft())

    def judge(self, is_right: bool, *, is_new: bool) -> None:
        """Take in what somebody said of an answer.

        Args:
            is_right: Whether they called it right.
            is_new: Whether the new release gave it.
        """
        self._judged[is_new].append(float(is_right))
        while self._judged[True] and self._judged[False]:
            new, old = self._judged[True].popleft(), self._judged[False].popleft()
            self._behind["less_right"].add(difference(new, old))

    def fail(self) -> None:
        """Count one answer that the new release did not give: an exception, or no numbers."""
        self.failed += 1

    def look(self) -> Finding | None:
        """What is wrong by now; None as long as nothing is shown."""
        counts = (self.compared, self.differing, self.failed)
        if self.failed >= self.config.failures:
            return Finding("fails", f"It failed to give {self.failed} answers.", *counts)
        if self._differs.is_won:
            said = (
                f"{self.differing} of {self.compared} answers differ from those of the release "
                f"before, and {self.config.differ:.0%} may."
            )
            return Finding("differs", said, *counts)
        for code, bet in self._behind.items():
            if bet.is_won:
                return Finding(code, self._said(code, bet), *counts)
        return None

    def _pair(self, new: Seen, old: Seen) -> None:
        """Hold one answer against one of the release before, of about the same moment.

        Equal releases are as often the quicker one as the slower one, whatever the load does, so
        "slower in more than half of all comparisons" needs no model of how long answers take.
        """
        config = self.config
        self._behind["less_sure"].add(difference(float(new.is_sure), float(old.is_sure)))
        self._behind["slower"].add(float(new.seconds > config.slower * old.seconds))
        self._behind["costlier"].add(float(new.cpu_s > config.costlier * old.cpu_s))
        if self._labels.total() < _LEARNED_FROM:
            self._labels[new.label] += 1
            return
        (top, _), *_ = self._labels.most_common(1)
        # The difference counts from the old one's side: the label may come more often by so much.
        self._behind["collapsed"].add(difference(float(old.label == top), float(new.label == top)))

    def _said(self, code: str, bet: Bet) -> str:
        config, points = self.config, f"{2 * bet.mean - 1:.0%}"
        return {
            "collapsed": f"It gives one label {points} more often than the release before, and "
            f"{config.one_label:.0%} is allowed.",
            "less_sure": f"Its share of sure answers is {points} smaller than that of the release "
            f"before, and {config.less_sure:.0%} is allowed.",
            "less_right": f"People call {points} less of its answers right, and "
            f"{config.less_right:.0%} is allowed.",
            "slower": f"It took more than {config.slower:g} times as long as the release before "
            f"in {bet.mean:.0%} of {bet.count} comparisons.",
            "costlier": f"It took more than {config.costlier:g} times the processor time of the "
            f"release before in {bet.mean:.0%} of {bet.count} comparisons.",
        }[code]
