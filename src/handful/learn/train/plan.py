"""What a training will cost before it starts: stages, totals, and whether the budget allows it.

Nothing here reads a library. `routes/planning.py` counts and times; this room calculates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

from handful.foundation.errors import InputError
from handful.foundation.hardware import EnergyMode, Tariff
from handful.learn.train import costs, space
from handful.learn.train.counts import Counts, Files, Pace, Profile, Work
from handful.learn.train.history import Lessons

_ON_ALL_THREADS = {"encode": 0.8, "align": 0.6, "ladder": 0.4, "baselines": 0.5, "save": 0.0}
"""Part of the core time that several threads share; of encoding measured, else assumed."""
_LIKELY = 1.28
"""Standard deviations to either end of the interval: eight of ten outcomes, were they normal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One stage of a training.

    Attributes:
        name: Such as `encode image`.
        part: What past runs tell it by: `encode`, `align`, `ladder`, `baselines` or `save`.
        wall_s: Predicted seconds on the wall.
        cpu_s: Predicted core seconds.
        note: What is done, such as `12 of 420 files are new`.
    """

    name: str
    part: str
    wall_s: float
    cpu_s: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What one training will cost.

    Attributes:
        labels: The task; empty without labels.
        profile: Of the towers.
        blocks: Modality to the names of the blocks that read it.
        baselines: What only stands in the table to be beaten; empty without.
        why: The route, and why it is taken.
        because: Why this profile, and whether baselines are left out.
        stages: What happens, in order.
        bare: Part, or `memory`, to what the cost model says before past runs correct it.
        wall_s: Predicted seconds on the wall.
        wall_low_s: Lower end of its interval: other programs leave this one alone.
        wall_high_s: Upper end.
        cpu_s: Predicted core seconds.
        peak_memory_bytes: The most memory held at once.
        cache_bytes: What the cache grows by.
        run_bytes: What the run takes.
        energy_j: Energy in joules.
        energy_mode: Whether the run will measure it or estimate it.
        money: At the tariff.
        currency: Of the money.
        budget_s: The budget; None when none was given.
        smallest_s: The smallest budget that some training would fit into.
        advice: What would fit, when this does not.
        past: How good earlier predictions were here; empty when there are none.
    """

    labels: str
    profile: Profile
    blocks: Mapping[str, tuple[str, ...]]
    baselines: tuple[str, ...]
    why: str
    because: str
    stages: tuple[Stage, ...]
    bare: Mapping[str, float]
    wall_s: float
    wall_low_s: float
    wall_high_s: float
    cpu_s: float
    peak_memory_bytes: int
    cache_bytes: int
    run_bytes: int
    energy_j: float
    energy_mode: EnergyMode
    money: float
    currency: str
    budget_s: float | None = None
    smallest_s: float = 0.0
    advice: tuple[str, ...] = ()
    past: str = ""

    @property
    def disk_bytes(self) -> int:
        """What is written in all, in bytes."""
        return self.cache_bytes + self.run_bytes

    @property
    def fits(self) -> bool:
        """Whether it is expected to end within its budget."""
        return self.budget_s is None or self.wall_s <= self.budget_s

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        blocks = {name: list(found) for name, found in self.blocks.items()}
        return {
            **asdict(self),
            "blocks": blocks,
            "baselines": list(self.baselines),
            "stages": [asdict(stage) for stage in self.stages],
            "advice": list(self.advice),
            "disk_bytes": self.disk_bytes,
            "fits": self.fits,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The plan that `as_dict` described.

        Args:
            data: Plain data.

        Raises:
            InputError: When it is not the data of a plan.
        """
        given = {name: value for name, value in data.items() if name not in ("disk_bytes", "fits")}
        try:
            given["blocks"] = {name: tuple(found) for name, found in given["blocks"].items()}
            given["stages"] = tuple(Stage(**stage) for stage in given["stages"])
            given["baselines"] = tuple(given["baselines"])
            given["advice"] = tuple(given["advice"])
            return cls(**given)
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"A kept plan cannot be used: {error}.", "plan again: `handful plan`"
            ) from None


class Prices(NamedTuple):
    """What energy and time cost here.

    Attributes:
        tariff: The user's prices.
        energy_mode: Whether the hardware measures energy.
    """

    tariff: Tariff
    energy_mode: EnergyMode = "estimated"


class Estimate(NamedTuple):
    """The figures of one way to train.

    Attributes:
        profile: Of the towers.
        counts: What it was calculated from.
        stages: In order.
        bare: Before past runs corrected it.
        cpu_s: Core seconds in all.
        wall_s: Seconds on the wall.
        free_s: The same, were nothing else running.
    """

    profile: Profile
    counts: Counts
    stages: tuple[Stage, ...]
    bare: dict[str, float]
    cpu_s: float
    wall_s: float
    free_s: float


def estimate(profile: Profile, counts: Counts, pace: Pace, lessons: Lessons) -> Estimate:
    """Calculate one way to train.

    Args:
        profile: Of the towers.
        counts: Items, files and labels.
        pace: Of this machine, now.
        lessons: From past runs.
    """
    stages: list[Stage] = []
    free: list[float] = []
    bare: dict[str, float] = {}

    def add(name: str, part: str, cpu_s: float, note: str = "", waiting_s: float = 0.0) -> None:
        bare[part] = bare.get(part, 0.0) + cpu_s
        right = lessons.corrected(part, cpu_s)
        busy_s = _on_the_wall(part, right, pace.threads)
        free.append(busy_s + waiting_s)
        wall_s = busy_s / pace.share + waiting_s
        stages.append(Stage(name=name, part=part, wall_s=wall_s, cpu_s=right, note=note))

    for name, files in counts.files.items():
        seconds = files.fit_s + files.read_s * files.fitted_on
        seconds += files.fresh * (files.read_s + files.encode_s)
        seconds += pace.seconds(costs.keep(files.items, files.fresh, files.width))
        add(f"encode {name}", "encode", seconds, _encode_note(files))
    add("align", "align", pace.seconds(costs.align(counts)), _align_note(counts))
    if counts.labelled:
        again_s = sum(files.labelled * files.read_s for files in counts.files.values())
        seconds = pace.seconds(costs.ladder(counts)) + again_s * counts.reads_files
        add("ladder", "ladder", seconds, _ladder_note(counts))
    if counts.labelled and counts.baselines:
        note = f"{len(counts.baselines)} ways you might use instead"
        add("baselines", "baselines", pace.seconds(costs.baselines(counts)), note)
    size = space.run_bytes(counts)
    saving = pace.seconds(Work(numbers_s=1e-9 * size, steps_s=0.02))
    add("save", "save", saving, waiting_s=1e-6 * size / pace.write_mb_per_s)
    bare["memory"] = float(space.peak_bytes(counts))
    cpu_s = sum(stage.cpu_s for stage in stages)
    wall_s = sum(stage.wall_s for stage in stages)
    return Estimate(profile, counts, tuple(stages), bare, cpu_s, wall_s, sum(free))


def _on_the_wall(part: str, cpu_s: float, threads: int) -> float:
    shared = _ON_ALL_THREADS[part]
    return cpu_s * (1 - shared + shared / max(threads, 1))


def _encode_note(files: Files) -> str:
    if not files.fresh:
        again = "; the towers are fitted again" if files.fitted_on else ""
        return f"all {files.items} are in the cache{again}"
    return f"{files.fresh} of {files.items} to encode"


def _align_note(counts: Counts) -> str:
    if len(counts.files) < 2:
        return f"{counts.items} items of one modality"
    return f"{counts.items} items, {counts.pairs} with two modalities or more"


def _ladder_note(counts: Counts) -> str:
    labels = f"{counts.labelled} labels of {counts.classes} classes in {counts.groups} groups"
    if not counts.turns:
        return f"{labels}: too few groups to measure on"
    return f"{labels}, {counts.turns} held out in turn"


def choose(ways: Sequence[Estimate], budget_s: float) -> Estimate:
    """The first way that fits; the quickest when none does.

    Args:
        ways: Best first.
        budget_s: Seconds on the wall.
    """
    fitting = [way for way in ways if way.wall_s <= budget_s]
    return fitting[0] if fitting else min(ways, key=lambda way: way.wall_s)


def enough(seconds: float) -> float:
    """The next round budget above a time: tens of seconds, then minutes, then ten minutes.

    Args:
        seconds: Above 0.
    """
    step = 10.0 if seconds <= 60 else 60.0 if seconds <= 1200 else 600.0
    return math.ceil(seconds / step) * step


def budget_text(seconds: float) -> str:
    """A budget as it is written in a command: `40s`, `5min`, `2h`."""
    if seconds % 3600 == 0:
        return f"{seconds / 3600:g}h"
    return f"{seconds / 60:g}min" if seconds % 60 == 0 else f"{seconds:g}s"


def finish(
    way: Estimate,
    lessons: Lessons,
    prices: Prices,
    *,
    labels: str,
    blocks: Mapping[str, tuple[str, ...]],
    why: str,
    because: str,
    budget_s: float | None,
    smallest_s: float,
    advice: Sequence[str] = (),
) -> Plan:
    """Make a plan of the chosen way.

    Args:
        way: The figures.
        lessons: From past runs.
        prices: Of energy and time.
        labels: The task.
        blocks: Modality to block names.
        why: The route and its reason.
        because: The reason for the profile.
        budget_s: The budget.
        smallest_s: The smallest budget that works.
        advice: What would fit when this does not.
    """
    joules = way.cpu_s * (lessons.joules_per_cpu_s or prices.tariff.watts_per_core)
    return Plan(
        labels=labels,
        profile=way.profile,
        blocks=blocks,
        baselines=way.counts.baselines if way.counts.labelled else (),
        why=why,
        because=because,
        stages=way.stages,
        bare=way.bare,
        wall_s=way.wall_s,
        wall_low_s=min(way.free_s, way.wall_s) * math.exp(-_LIKELY * lessons.spread),
        wall_high_s=way.wall_s * math.exp(_LIKELY * lessons.spread),
        cpu_s=way.cpu_s,
        peak_memory_bytes=round(lessons.corrected("memory", way.bare["memory"])),
        cache_bytes=space.cache_bytes(way.counts),
        run_bytes=space.run_bytes(way.counts),
        energy_j=joules,
        energy_mode=prices.energy_mode,
        money=prices.tariff.money(joules, way.wall_s),
        currency=prices.tariff.currency,
        budget_s=budget_s,
        smallest_s=smallest_s,
        advice=tuple(advice),
        past=lessons.sentence,
    )
