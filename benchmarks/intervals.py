"""Do the intervals cover, and do the tests keep quiet when nothing is wrong?

    python benchmarks/intervals.py                2,000 simulated data sets per row
    python benchmarks/intervals.py --repeats 200  a quick look

Every row draws data whose truth is known and counts. Bars: a nominal 95 % interval covers in
93 to 97 %; a false alarm comes in at most 5 %. The range behind a figure is the simulation's
own 95 % interval. Rows without a bar are there for comparison. "Likeness" is the intra-class
correlation of rows in a group. The result is written to `results/statistics-<date>.json`; a
script named `statistics.py` would hide Python's own module of that name.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binom

from common import Row, report
from handful.numerics.stats.base import Interval, Verdict
from handful.numerics.stats.means import mean_interval
from handful.numerics.stats.paired import compare, compare_slices
from handful.numerics.stats.power import paired_power
from handful.numerics.stats.proportions import exact_share, share_interval, wilson_share
from handful.numerics.stats.quantiles import percentile_interval, percentile_ratio
from handful.numerics.stats.resampling import interval_of_sums
from handful.numerics.stats.sequential import Config, SequentialTest, Signal, mean_sequence
from handful.numerics.stats.simultaneous import exact_shares, largest_gap, slice_means, slice_shares

SEED = 20_260
HORIZON = 5_000
EXACT = "exact: conservative by construction"
# Rows: power to find a drop of 1, 2, 3, 5 points, one-sided 5 %, discordance 4 % or the drop.
PUBLISHED_POWER = {
    200: (0.10, 0.26, 0.55, 0.98),
    500: (0.27, 0.68, 0.97, 1.0),
    1000: (0.43, 0.94, 1.0, 1.0),
}

Generator = np.random.Generator
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


class Study:
    """Repeats an event, counts it, and collects the rows."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.rows: list[Row] = []
        self.seeds: list[int] = []

    def rate(
        self,
        name: str,
        event: Callable[[Generator], bool],
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        note: str = "",
    ) -> None:
        """One row: how often the event happens, in percent."""
        seed = SEED + len(self.seeds)
        rng = np.random.default_rng(seed)
        hits = sum(bool(event(rng)) for _ in range(self.repeats))
        own = wilson_share(hits, self.repeats)
        self.seeds.append(seed)
        self.rows.append(
            Row(
                name=name,
                value=100 * hits / self.repeats,
                unit="%",
                at_least=at_least,
                at_most=at_most,
                low=100 * own.low,
                high=100 * own.high,
                note=note,
            )
        )

    def known(self, name: str, coverage: float, note: str) -> None:
        """One row whose coverage is summed exactly, without simulation."""
        value = 100 * coverage
        self.rows.append(
            Row(name=name, value=value, unit="%", at_least=93, at_most=97, note=f"summed; {note}")
        )

    def covers(
        self, name: str, truth: float, draw: Callable[[Generator], Interval], note: str = ""
    ) -> None:
        """One row: how often a nominal 95 % interval holds the truth."""
        self.rate(
            f"covers: {name}", lambda r: holds(draw(r), truth), at_least=93, at_most=97, note=note
        )

    def alarms(self, name: str, event: Callable[[Generator], bool], note: str = "") -> None:
        """One row: how often a test claims what is not so."""
        self.rate(f"false alarm: {name}", event, at_most=5, note=note)

    def finds(self, name: str, event: Callable[[Generator], bool], at_least: float) -> None:
        """One row: how often a planted fault is found."""
        self.rate(f"finds: {name}", event, at_least=at_least)


def holds(interval: Interval, truth: float) -> bool:
    """Whether the interval contains the truth."""
    return interval.low <= truth <= interval.high


def unequal_sizes(groups: int, rng: Generator) -> Labels:
    """Rows per group: about 20, from 2 to some 100."""
    return np.maximum(2, np.round(20 * rng.lognormal(-0.32, 0.8, groups))).astype(np.int64)


def normal_groups(groups: int, likeness: float, rng: Generator) -> tuple[Array, Labels]:
    """Scores around 0 and their groups."""
    labels = np.repeat(np.arange(groups), unequal_sizes(groups, rng))
    shared = rng.normal(0, np.sqrt(likeness), groups)[labels]
    return shared + rng.normal(0, np.sqrt(1 - likeness), labels.size), labels


def right_groups(
    groups: int, share: float, likeness: float, rng: Generator, *, equal: bool = False
) -> tuple[Array, Labels]:
    """Right/wrong rows whose groups have beta distributed shares, and their groups."""
    sizes = np.full(groups, 20) if equal else unequal_sizes(groups, rng)
    labels = np.repeat(np.arange(groups), sizes)
    strength = 1 / likeness - 1
    by_group = rng.beta(share * strength, (1 - share) * strength, groups)
    return (rng.random(labels.size) < by_group[labels]).astype(np.float64), labels


def paired_rows(n: int, differing: float, gain: float, rng: Generator) -> tuple[Array, Array]:
    """Right/wrong of two models on independent rows; `gain` is new minus old."""
    more, less = (differing + gain) / 2, (differing - gain) / 2
    change = rng.choice([1.0, -1.0, 0.0], size=n, p=[more, less, 1 - more - less])
    old = np.where(change == 0, rng.random(n) < 0.9, change < 0).astype(np.float64)
    return old, old + change


def paired_groups(
    groups: int, differing: float, gain: float, rng: Generator
) -> tuple[Array, Array, Labels]:
    """Two models whose disagreements, and the direction of these, vary by group."""
    labels = np.repeat(np.arange(groups), 25)
    up = (differing + gain) / (2 * differing)
    rate = rng.beta(differing * 10, (1 - differing) * 10, groups)[labels]
    direction = rng.beta(up * 5, (1 - up) * 5, groups)[labels]
    gains = rng.random(labels.size) < direction
    change = np.where(rng.random(labels.size) < rate, np.where(gains, 1.0, -1.0), 0.0)
    old = np.where(change == 0, rng.random(labels.size) < 0.9, change < 0).astype(np.float64)
    return old, old + change, labels


def independent_rows(study: Study) -> None:
    """Means, shares and percentiles of rows that know nothing of each other."""
    for n in (20, 200):
        study.covers(f"mean, normal, n={n}", 0, lambda r, n=n: mean_interval(r.normal(size=n)))
    study.covers(
        "mean, log-normal (skewed), n=200",
        float(np.exp(0.5)),
        lambda r: mean_interval(r.lognormal(size=200)),
    )
    for share in (0.05, 0.5, 0.95):
        for method, note in ((exact_share, EXACT), (wilson_share, "swings with n and the share")):
            ends = [method(right, 200) for right in range(201)]
            inside = np.array([holds(end, share) for end in ends])
            chance = binom.pmf(np.arange(201), 200, share)
            study.known(
                f"covers: share {share}, n=200, {method.__name__}", float(chance @ inside), note
            )
    # Only ranks count: a value is its own rank, and the truth lies between two of them.
    ranks = percentile_interval(np.arange(1, 501), 0.9)
    inside = binom.cdf(ranks.high - 1, 500, 0.9) - binom.cdf(ranks.low - 1, 500, 0.9)
    study.known("covers: p90 of 500 times", float(inside), EXACT)


def grouped_rows(study: Study) -> None:
    """Means and shares whose rows share speakers, sessions or authors."""
    for groups in (8, 20, 50):
        for likeness in (0.1, 0.3, 0.5):
            study.covers(
                f"mean, {groups} groups, likeness {likeness}",
                0,
                lambda r, g=groups, k=likeness: mean_interval(*normal_groups(g, k, r)),
            )
        for share, likeness in ((0.9, 0.1), (0.9, 0.5), (0.5, 0.3), (0.05, 0.1), (0.95, 0.3)):
            study.covers(
                f"share {share}, {groups} groups, likeness {likeness}",
                share,
                lambda r, g=groups, s=share, k=likeness: share_interval(*right_groups(g, s, k, r)),
            )
    study.covers(
        "share 0.9, 20 equal groups, likeness 0.3",
        0.9,
        lambda r: share_interval(*right_groups(20, 0.9, 0.3, r, equal=True)),
    )
    study.covers(
        "share 0.9, 20 groups, likeness 0.8",
        0.9,
        lambda r: share_interval(*right_groups(20, 0.9, 0.8, r)),
        "beyond the likeness it is meant for",
    )
    log_odds = 2.6 + 1.2 * np.random.default_rng(SEED).normal(size=2_000_000)

    def other_law(rng: Generator) -> Interval:
        labels = np.repeat(np.arange(20), unequal_sizes(20, rng))
        by_group = expit(2.6 + 1.2 * rng.normal(size=20))
        return share_interval(rng.random(labels.size) < by_group[labels], labels)

    study.covers(
        "share, 20 groups, normal log-odds",
        float(expit(log_odds).mean()),
        other_law,
        "another law than the method assumes",
    )
    study.rate(
        "for comparison: share 0.9, 20 groups, likeness 0.3, groups ignored",
        lambda r: holds(share_interval(right_groups(20, 0.9, 0.3, r)[0]), 0.9),
    )
    study.rate(
        "for comparison: share 0.9, 8 groups, likeness 0.5, t interval",
        lambda r: holds(mean_interval(*right_groups(8, 0.9, 0.5, r)), 0.9),
    )


def any_statistic(study: Study) -> None:
    """Statistics that are computed from column sums, resampled by group."""

    def precision(rng: Generator) -> Interval:
        right, labels = right_groups(20, 0.8, 0.2, rng)
        called = rng.random(right.size) < 0.4
        columns = np.stack([right * called, called], axis=1)
        return interval_of_sums(columns, lambda s: s[..., 0] / s[..., 1], labels, is_share=True)

    def skewed_mean(rng: Generator) -> Interval:
        values, labels = normal_groups(50, 0.3, rng)
        columns = np.stack([np.exp(values), np.ones_like(values)], axis=1)
        return interval_of_sums(columns, lambda s: s[..., 0] / s[..., 1], labels, draws=1_000)

    study.covers("precision 0.8, 20 groups", 0.8, precision)
    study.covers("log-normal mean, 50 groups, bootstrap", float(np.exp(0.5)), skewed_mean)


def twelve_slices(study: Study) -> None:
    """All of twelve intervals at once."""
    shares = np.linspace(0.6, 0.95, 12)

    def alone(rng: Generator) -> bool:
        found = exact_shares(rng.binomial(100, shares), np.full(12, 100))
        return all(holds(one, share) for one, share in zip(found, shares, strict=True))

    def means(rng: Generator) -> bool:
        values, labels = normal_groups(20, 0.3, rng)
        found = slice_means(values, rng.integers(12, size=values.size), labels)
        return all(holds(one, 0) for one in found.values())

    def grouped(rng: Generator) -> bool:
        right, labels = right_groups(60, 0.9, 0.2, rng)
        found = slice_shares(right, labels % 12, labels)
        return all(holds(one, 0.9) for one in found.values())

    bars = {"at_least": 93, "at_most": 97}
    study.rate("covers: all 12 shares, n=100 each", alone, note=EXACT, **bars)
    study.rate("covers: all 12 means, slices across 20 groups", means, **bars)
    study.rate("covers: all 12 shares, 5 groups in each slice", grouped, **bars)


def paired(study: Study) -> None:
    """Two models on the same rows."""
    for n in (200, 1000):
        study.rate(
            f"for comparison: 'the score fell' on equal models, n={n}",
            lambda r, n=n: bool(np.subtract(*paired_rows(n, 0.04, 0, r)).sum() > 0),
        )
        study.alarms(
            f"FAIL though equal, n={n}, discordance 4 %",
            lambda r, n=n: compare(*paired_rows(n, 0.04, 0, r)).verdict is Verdict.FAIL,
            EXACT,
        )
        study.alarms(
            f"PASS though it loses the margin of 1 point, n={n}",
            lambda r, n=n: compare(*paired_rows(n, 0.04, -0.01, r)).verdict is Verdict.PASS,
        )
    for groups in (8, 20, 50):
        study.alarms(
            f"PASS though it loses the margin of 2 points, {groups} groups, discordance 4 %",
            lambda r, g=groups: (
                compare(*paired_groups(g, 0.04, -0.02, r), margin=0.02, draws=1_000).verdict
                is Verdict.PASS
            ),
            "few changed answers, crowded in few groups",
        )
        study.alarms(
            f"FAIL though equal, {groups} groups",
            lambda r, g=groups: (
                compare(*paired_groups(g, 0.1, 0, r), draws=1_000).verdict is Verdict.FAIL
            ),
        )
        study.alarms(
            f"PASS though it loses the margin of 3 points, {groups} groups",
            lambda r, g=groups: (
                compare(*paired_groups(g, 0.1, -0.03, r), margin=0.03, draws=1_000).verdict
                is Verdict.PASS
            ),
        )

    def any_slice(rng: Generator) -> bool:
        found = compare_slices(*paired_rows(1200, 0.06, 0, rng), np.arange(1200) % 12)
        return any(one.verdict is Verdict.FAIL for one in found.values())

    study.alarms("any of 12 slices FAILs though equal", any_slice, EXACT)
    study.alarms(
        "a gap between 6 equal slices",
        lambda r: largest_gap(r.random(600) < 0.8, np.arange(600) % 6).low > 0,
    )
    study.finds("3 % of 1000 predictions flipped -> FAIL", flipped, 95)
    study.finds("30 % of one slice of 6 relabelled -> gap above 5 points", relabelled, 80)


def flipped(rng: Generator) -> bool:
    """Whether 30 flipped predictions of 1000 are found."""
    old = (rng.random(1000) < 0.9).astype(np.float64)
    new = old.copy()
    where = rng.choice(1000, 30, replace=False)
    new[where] = 1 - new[where]
    return compare(old, new).verdict is Verdict.FAIL


def relabelled(rng: Generator) -> bool:
    """Whether a slice of 200 rows whose labels were spoiled shows as a gap."""
    right, slices = rng.random(1200) < 0.9, np.arange(1200) % 6
    spoiled = (slices == 0) & (rng.random(1200) < 0.3)
    return largest_gap(right ^ spoiled, slices).low > 0.05


def watched(study: Study) -> None:
    """Tests that are looked at after every answer."""

    def canary(old: float, new: float, rng: Generator) -> Signal:
        test = SequentialTest(Config(horizon=HORIZON))
        test.add_pairs(rng.random(HORIZON) < old, rng.random(HORIZON) < new)
        return test.look().signal

    def shadow(rng: Generator) -> bool:
        test = SequentialTest(Config(horizon=HORIZON))
        test.add_pairs(*paired_rows(HORIZON, 0.04, 0, rng))
        return test.look().signal in claims

    def peeking(rng: Generator) -> bool:
        change = np.subtract(*paired_rows(HORIZON, 0.2, 0, rng))
        errors = np.cumsum(change) / np.sqrt(np.maximum(1, np.cumsum(change**2)))
        return bool((np.abs(errors[20:]) > 1.96).any())

    def leaves(rng: Generator) -> bool:
        ends = mean_sequence(rng.random(HORIZON) < 0.1)
        return bool(((ends[:, 0] > 0.1) | (ends[:, 1] < 0.1)).any())

    claims = (Signal.BETTER, Signal.WORSE)
    ville = "looked at after each of 5,000 answers; bounded by Ville's inequality"
    study.rate("for comparison: ordinary 5 % test, looked at 5,000 times", peeking)
    study.alarms(
        "equal canary called BETTER or WORSE", lambda r: canary(0.9, 0.9, r) in claims, ville
    )
    study.alarms("equal shadow model called BETTER or WORSE", shadow, ville)
    study.alarms(
        "canary losing the margin called NO WORSE",
        lambda r: canary(0.9, 0.89, r) in (Signal.NO_WORSE, Signal.BETTER),
        ville,
    )
    study.alarms("a rate of 0.1 ever outside its sequence", leaves, ville)
    study.finds(
        "canary 3 points worse -> WORSE", lambda r: canary(0.9, 0.87, r) is Signal.WORSE, 80
    )


def latency(study: Study) -> None:
    """The ratio of two 90th percentiles, measured in turns."""
    turns = np.repeat(np.arange(20), 40)

    def ratio(slower: float, rng: Generator) -> Interval:
        mood = np.exp(0.1 * rng.normal(size=20))[turns]
        old, new = (mood * rng.lognormal(0, 0.2, turns.size) for _ in range(2))
        return percentile_ratio(
            old, slower * new, 0.9, old_blocks=turns, new_blocks=turns, draws=500
        )

    study.alarms("p90 said to have risen on the same model", lambda r: ratio(1.0, r).low > 1)
    study.alarms(
        "p90 said to be within 10 % when it is 10 % up", lambda r: ratio(1.1, r).high < 1.1
    )


def power_table() -> Row:
    """How far the exact power lies from a published simulation."""
    apart = [
        abs(paired_power(n, drop) - power)
        for n, powers in PUBLISHED_POWER.items()
        for drop, power in zip((0.01, 0.02, 0.03, 0.05), powers, strict=True)
    ]
    note = "its simulation error is about 0.03"
    return Row(name="power against a published table", value=max(apart), at_most=0.05, note=note)


def bootstrap_speed() -> Row:
    """CPU seconds of 10,000 group draws."""
    rng = np.random.default_rng(SEED)
    rows, labels = rng.random((2_000, 3)), np.repeat(np.arange(100), 20)
    start = time.process_time()
    interval_of_sums(rows, lambda s: 2 * s[..., 0] / s.sum(axis=-1), labels)
    spent = time.process_time() - start
    name = "bootstrap of F1: 10,000 draws of 100 groups, 2,000 rows"
    return Row(name=name, value=spent, unit="CPU s", at_most=1)


def main() -> None:
    """Simulate, print, and write the dated result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2_000, help="data sets per row")
    study = Study(parser.parse_args().repeats)
    start, parts = time.process_time(), {}
    for part in (
        independent_rows,
        grouped_rows,
        any_statistic,
        twelve_slices,
        paired,
        watched,
        latency,
    ):
        before = time.process_time()
        part(study)
        parts[part.__name__] = round(time.process_time() - before, 1)
    rows = [*study.rows, power_table(), bootstrap_speed()]
    spent = time.process_time() - start
    rows.append(Row(name="the whole study", value=spent, unit="CPU s", at_most=180))
    note = f"{study.repeats} simulated data sets per row, one thread"
    report("statistics", rows, note=note, seeds=study.seeds, extra={"cpu_s": parts})


if __name__ == "__main__":
    main()
