"""May the new predictor take the place of the old one? Judged by the goal, case by case.

    PASS         a loss larger than the margin is ruled out
    FAIL         a loss is proven
    CANNOT TELL  neither: too few cases, and the smallest loss they would have shown is named

The goal decides, in costs. Accuracy stands beside it, since the two may rank models differently,
and so do single classes, since a loss in one can hide in the mean. A limit on answer time that
the goal sets decides as well.
"""
# N shared cases

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from handful.foundation.console.units import number_text, percent_text, plural, seconds_text
from handful.foundation.errors import require
from handful.foundation.goal import Goal
from handful.numerics.stats import paired
from handful.numerics.stats.base import Verdict
from handful.numerics.stats.quantiles import percentile, percentile_ratio
from handful.trust.evaluate.judgement import (
    ACCURACY,
    COST,
    LIMIT,
    PER,
    SLOWER,
    Judgement,
    Line,
    reason_of,
)
from handful.trust.evaluate.report import Report
from handful.trust.evaluate.sides import Side, is_right, pairs_of

_ALPHA = 0.05


def compare(
    old: Report,
    new: Report,
    goal: Goal,
    *,
    margin: float = 0.01,
    slower: float = 0.10,
    seed: int = 0,
) -> Judgement:
    """Hold two reports against each other on the cases they share.

    Args:
        old: The report on the predictor in use.
        new: The report on the one that would take its place.
        goal: What answers are worth; it need not be the one the reports were made with.
        margin: Loss that would be accepted, as further mistakes per item; 0.01 is one in a
            hundred. Costs count it at the goal's price of one mistake.
        slower: Share by which nine of ten answers may take longer; 0.10 is a tenth.
        seed: Seed of everything that is drawn.

    Returns:
        The judgement.

    Raises:
        UsageError: When the reports share no case, lack single answers, or disagree on a truth.
        ConfigError: When a margin is out of range.
    """
    require(0 <= margin < 1, "margin", margin, "0 or more, below 1")
    require(slower > 0, "slower", slower, "above 0, such as 0.1")
    pairs = pairs_of(old, new)
    classes = tuple(dict.fromkeys([*old.classes, *new.classes, *(one.truth for one, _ in pairs)]))
    before = Side.of([one for one, _ in pairs], classes, goal)
    after = Side.of([two for _, two in pairs], classes, goal)
    cost, better = _cost_line(before, after, goal, margin, seed)
    found = paired.compare(before.right, after.right, before.groups, margin=margin, seed=seed)
    lines = [cost, _share_line(ACCURACY, found), *_class_lines(before, after, margin, seed)]
    lines += _time_lines(old, new, goal, slower, seed)
    names = _names(old, new)
    judgement = Judgement(
        verdict=_overall([line.verdict for line in lines if line.decides]),
        old=names[0],
        new=names[1],
        n=len(pairs),
        lines=tuple(lines),
        lost=tuple(one.id for one, two in pairs if is_right(one) and not is_right(two)),
        gained=tuple(one.id for one, two in pairs if is_right(two) and not is_right(one)),
        cheaper={1: names[1], -1: names[0]}.get(better, ""),
        meaning=(),
    )
    unshared = len(old.outcomes) + len(new.outcomes) - 2 * len(pairs)
    return replace(judgement, meaning=tuple(_meaning(judgement, unshared)))


def _cost_line(before: Side, after: Side, goal: Goal, margin: float, seed: int) -> tuple[Line, int]:
    """The cost per 1,000 items, and which side is proven cheaper: 1 new, -1 old, 0 neither."""
    prices = np.unique(np.concatenate([before.costs, after.costs]))
    prices = prices[prices > 0]
    # With one price only, an answer is either free or not: exact tests of right and wrong apply.
    price = float(prices[0]) if prices.size == 1 else 1.0
    old, new = ((1.0 - side.costs / price) for side in (before, after))
    found = paired.compare(old, new, before.groups, margin=margin * goal.mistake / price, seed=seed)
    times = price * PER
    change = -found.difference.estimate * times
    line = Line(
        what=COST,
        verdict=found.verdict,
        decides=True,
        old=float(before.costs.mean()) * PER,
        new=float(after.costs.mean()) * PER,
        change=change,
        low=_known(-found.difference.high * times),
        high=_known(-found.difference.low * times),
        margin=margin * goal.mistake * PER,
        smallest_detectable=_known(_detectable(found) * times),
        unit="cost",
        reason="",
    )
    better = 0 if found.p_different > _ALPHA else -1 if change > 0 else 1
    return replace(line, reason=reason_of(line)), better


def _share_line(what: str, found: paired.Comparison) -> Line:
    line = Line(
        what=what,
        verdict=found.verdict,
        decides=False,
        old=found.old,
        new=found.new,
        change=found.difference.estimate,
        low=_known(found.difference.low),
        high=_known(found.difference.high),
        margin=found.margin,
        smallest_detectable=_known(_detectable(found)),
        unit="share",
        reason="",
    )
    return replace(line, reason=reason_of(line))


def _detectable(found: paired.Comparison) -> float:
    """The smallest loss these rows would show; never less than the interval leaves open."""
    return max(found.smallest_detectable, found.difference.estimate - found.difference.low)


def _class_lines(before: Side, after: Side, margin: float, seed: int) -> list[Line]:
    """Recall of each class, with error rates that hold for all classes together."""
    if len(np.unique(before.truths)) < 2:
        return []
    found = paired.compare_slices(
        before.right, after.right, before.truths, before.groups, margin=margin, seed=seed
    )
    return [_share_line(f'accuracy on "{name}"', one) for name, one in found.items()]


def _time_lines(old: Report, new: Report, goal: Goal, slower: float, seed: int) -> list[Line]:
    lines = []
    if new.has("latency") and goal.latency_ms is not None:
        lines.append(_limit_line(old, new, goal.latency_ms / 1000))
    if old.has("latency") and new.has("latency"):
        one, two = (each.finding("latency").data["times"] for each in (old, new))
        if one["session"] == two["session"]:
            lines.append(_slower_line(one, two, slower, seed))
    return lines


def _limit_line(old: Report, new: Report, limit_s: float) -> Line:
    found = new.figure("latency.p90")
    if found.high is not None and found.high <= limit_s:
        verdict = Verdict.PASS
    elif found.low is not None and found.low > limit_s:
        verdict = Verdict.FAIL
    else:
        verdict = Verdict.CANNOT_TELL
    return Line(
        what=LIMIT,
        verdict=verdict,
        decides=True,
        old=old.figure("latency.p90").value if old.has("latency") else None,
        new=found.value,
        change=None,
        low=found.low,
        high=found.high,
        margin=limit_s,
        smallest_detectable=None,
        unit="seconds",
        reason=f"{verdict}: nine of ten answers within {found.text}, and {seconds_text(limit_s)} "
        "are allowed.",
    )


def _slower_line(one: dict[str, Any], two: dict[str, Any], slower: float, seed: int) -> Line:
    """Nine of ten answers, measured in turns: new divided by old."""
    found = percentile_ratio(
        one["seconds"],
        two["seconds"],
        0.9,
        old_blocks=one["turns"],
        new_blocks=two["turns"],
        seed=seed,
    )
    allowed = 1 + slower
    if found.high < allowed:
        verdict = Verdict.PASS
    else:
        verdict = Verdict.FAIL if found.low > 1 else Verdict.CANNOT_TELL
    high = "any length" if math.isinf(found.high) else f"{found.high:.3f}"
    return Line(
        what=SLOWER,
        verdict=verdict,
        decides=False,
        old=percentile(one["seconds"], 0.9),
        new=percentile(two["seconds"], 0.9),
        change=found.estimate,
        low=_known(found.low),
        high=_known(found.high),
        margin=allowed,
        smallest_detectable=None,
        unit="seconds",
        reason=f"{verdict}: nine answers of ten take {found.estimate:.3f} times as long "
        f"({found.low:.3f} to {high}), and {allowed:g} times is allowed.",
    )


def _overall(verdicts: list[Verdict]) -> Verdict:
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.PASS if set(verdicts) == {Verdict.PASS} else Verdict.CANNOT_TELL


def _names(old: Report, new: Report) -> tuple[str, str]:
    if old.predictor != new.predictor:
        return old.predictor, new.predictor
    return f"the old {old.predictor}", f"the new {new.predictor}"


def _meaning(found: Judgement, unshared: int) -> list[str]:
    cost, accuracy = found.line(COST), found.line(ACCURACY)
    said = [f"{found.verdict}: may {found.new} replace {found.old}?", cost.reason]
    said += [line.reason for line in found.lines if line.decides and line is not cost]
    said += _disagreement(found, cost, accuracy)
    said.append(
        f"Of {plural(found.n, 'case')} it loses {len(found.lost)} that were right and gains "
        f"{len(found.gained)}."
    )
    said += [
        line.reason
        for line in found.lines
        if not line.decides and line is not accuracy and line.verdict == Verdict.FAIL
    ]
    if unshared:
        said.append(f"{unshared} answers stand in one report only and were left out.")
    return said


def _disagreement(found: Judgement, cost: Line, accuracy: Line) -> list[str]:
    """A sentence where accuracy and the goal prefer different predictors."""
    dearer, righter = cost.change or 0.0, accuracy.change or 0.0
    if dearer * righter <= 0:
        return []
    right, cheap = (found.new, found.old) if righter > 0 else (found.old, found.new)
    proven = "" if found.cheaper else ", though chance may explain it"
    return [
        f"Accuracy and cost disagree: {right} is right more often, by "
        f"{percent_text(abs(righter))}, yet {cheap} costs {number_text(abs(dearer))} less per "
        f"{PER} items{proven}. By the goal, {cheap} is the better one."
    ]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
