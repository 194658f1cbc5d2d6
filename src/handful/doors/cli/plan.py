"""`handful plan`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Literal

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.budget import seconds
from handful.foundation.console import (
    Column,
    Table,
    bytes_text,
    energy_text,
    money_text,
    seconds_text,
)
from handful.foundation.errors import FindingError
from handful.learn.train.plan import Plan, budget_text


def plan(
    *,
    labels: str = "",
    budget: str = "5min",
    profile: Literal["fast", "default"] | None = None,
    per_class: int | None = None,
    baselines: bool = True,
    seed: int = 0,
    tower: tuple[str, ...] = (),
    answer: tuple[str, ...] = (),
    project: Path | None = None,
) -> None:
    """Say what a training will cost, before it starts.

    A few of your files are timed, which takes some seconds; what earlier runs took here corrects
    the rest. Exit code 1 when nothing fits the budget.

    Args:
        labels: The task to learn, such as `grade`; left out, it learns without labels.
        budget: How long the training may take, such as `90s`, `5min`, `2h`.
        profile: Encoders: `fast` or `default`; chosen by the budget when left out.
        per_class: Use only so many labels per class.
        baselines: Fill the table with what people would use instead, and with each modality
            alone, where the budget allows.
        seed: As in the training.
        tower: As in the training.
        answer: As in the training.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    found = open_project(project).plan(
        labels,
        budget,
        profile=profile,
        per_class=per_class,
        baselines=baselines,
        seed=seed,
        towers=tower,
        names=answer,
    )
    console.sentence(found.why)
    for modality, blocks in found.blocks.items():
        console.sentence(f"  {modality}: {', '.join(blocks)}")
    console.sentence(found.because)
    console.table(stages(found))
    console.table(totals(found))
    if found.past:
        console.sentence(found.past)
    console.facts(plan=found.as_dict())
    _verdict(found, _command(found, seconds(budget), profile, baselines, tower, answer))


def stages(found: Plan) -> Table:
    """What happens in a training, with predicted seconds.

    Args:
        found: Its plan.
    """
    columns = [
        Column("stage"),
        Column("wall_s", "seconds", show=_tenths),
        Column("cpu_s", "core s", show=_tenths),
        Column("note", "what"),
    ]
    table = Table("stages", columns, title="What will be done")
    for stage in found.stages:
        table.add(stage.name, stage.wall_s, stage.cpu_s, stage.note)
    return table


def totals(found: Plan) -> Table:
    """What a training will cost in all.

    Args:
        found: Its plan.
    """
    table = Table("totals", ["what", "predicted", "note"], title="What it will cost")
    between = f"{seconds_text(found.wall_low_s)} to {seconds_text(found.wall_high_s)}"
    table.add("time", seconds_text(found.wall_s), f"likely {between}")
    table.add("core time", seconds_text(found.cpu_s), "of all cores together")
    table.add("memory", bytes_text(found.peak_memory_bytes), "at most, all together")
    disk = f"cache {bytes_text(found.cache_bytes)}, run {bytes_text(found.run_bytes)}"
    table.add("disk", bytes_text(found.disk_bytes), disk)
    table.add("energy", energy_text(found.energy_j), found.energy_mode)
    table.add("money", money_text(found.money, found.currency), "at the tariff of project.toml")
    return table


def _tenths(value: float) -> str:
    return f"{value:.1f}"


def _command(
    found: Plan,
    budget_s: float,
    profile: str | None,
    baselines: bool,
    towers: Sequence[str],
    names: Sequence[str],
) -> str:
    """The training that was planned, as a command."""
    words = ["handful train"]
    words += [f"--labels {found.labels}"] if found.labels else []
    words += [f"--budget {budget_text(budget_s)}"]
    words += [f"--profile {profile}"] if profile else []
    words += [] if baselines else ["--no-baselines"]
    words += [f"--tower {tower}" for tower in towers]
    words += [f"--answer {quote(name)}" for name in names]
    return " ".join(words)


def _verdict(found: Plan, command: str) -> None:
    assert found.budget_s is not None
    budget = seconds_text(found.budget_s)
    if not found.fits:
        smallest = budget_text(found.smallest_s)
        raise FindingError(
            f"Nothing fits a budget of {budget}; the smallest that works is {smallest}.",
            "; ".join(found.advice),
        )
    doubt = ""
    if found.wall_high_s > found.budget_s:
        doubt = f", though it may take up to {seconds_text(found.wall_high_s)}"
    speaker().done(f"It fits the budget of {budget}{doubt}.", next_step=command)
