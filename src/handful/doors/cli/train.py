"""`handful train`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.budget import seconds
from handful.foundation.console import (
    Column,
    Progress,
    Table,
    bytes_text,
    percent_text,
    seconds_text,
)
from handful.foundation.hardware import Cost
from handful.learn.routes.run import Run
from handful.learn.train.plan import Plan


def train(
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
    """Learn from the library, beside what you would use instead.

    Every way is measured on items it had not seen: whole groups are held out, penalties are chosen
    inside what is left, and items of the splits `test` and `holdout` take no part. Stop it with
    Ctrl-C; the same command goes on.

    Args:
        labels: The task to learn, such as `grade`; left out, it learns without labels what the
            modalities share, for finding.
        budget: How long it may take, such as `90s`, `5min`, `2h`.
        profile: Encoders: `fast` or `default`; chosen by the budget when left out.
        per_class: Use only so many labels per class, to see what fewer would give.
        baselines: Fill the table with what people would use instead, and each modality alone.
        seed: Everything random follows from it.
        tower: A model folder on disk that reads as well, such as `image=FOLDER`; may be given
            again. `image=only:FOLDER` reads instead of the weight-free encoder, `image=FOLDER@6`
            listens to layer 6. `handful towers` lists what there is.
        answer: One that is possible, such as `bowl`; may be given again. With two or more no
            label is needed where the library's texts say these words.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    shown: dict[str, Progress] = {}

    def told(stage: str, done: int, total: int) -> None:
        for name in [name for name in shown if name != stage]:
            shown.pop(name).__exit__(None, None, None)
        if stage not in shown:
            shown[stage] = console.progress(stage.capitalize(), total, unit="step").__enter__()
        shown[stage].update(done)

    try:
        run = shop.train(
            labels=labels,
            budget=seconds(budget),
            profile=profile,
            per_class=per_class,
            baselines=baselines,
            seed=seed,
            towers=tower,
            names=answer,
            on_stage=told,
            on_plan=announce,
        )
    finally:
        for progress in shown.values():
            progress.__exit__(None, None, None)
    tell(run)


def announce(found: Plan) -> None:
    """Say before the start what will be done and what it will cost.

    Args:
        found: The plan of the training.
    """
    console = speaker()
    console.note(found.why)
    console.note(found.because)
    between = f"{seconds_text(found.wall_low_s)} to {seconds_text(found.wall_high_s)}"
    console.note(
        f"Predicted: {seconds_text(found.wall_s)} ({between}), "
        f"{bytes_text(found.peak_memory_bytes)} of memory, {bytes_text(found.disk_bytes)} of disk."
    )
    if not found.fits and found.budget_s is not None:
        console.warn(
            f"The budget of {seconds_text(found.budget_s)} is too small, so the quickest "
            "training that there is goes on.",
            "; ".join(found.advice),
        )


def tell(run: Run) -> None:
    """Show a run: its table, what it means, what it cost.

    Args:
        run: A finished one.
    """
    console = speaker()
    if run.table:
        console.table(_table(run))
    for sentence in run.manifest["sentences"]:
        console.sentence(sentence)
    cost = Cost.from_dict(run.manifest["cost"])
    if run.manifest.get("predicted"):
        console.sentence(compared(run))
    after = f"handful predict --run {run.id} FILES" if run.task else 'handful find "words"'
    console.done(f"Run {run.id} is done.", record=run.folder, next_step=after, cost=cost)


def compared(run: Run) -> str:
    """What was predicted beside what it took, in one sentence.

    Args:
        run: One that was planned.
    """
    predicted, cost = run.manifest["predicted"], Cost.from_dict(run.manifest["cost"])
    files = (path for path in run.folder.rglob("*") if path.is_file())
    written = sum(path.stat().st_size for path in files)
    pairs = [
        (seconds_text(cost.wall_s), seconds_text(predicted["wall_s"]), ""),
        (seconds_text(cost.cpu_s), seconds_text(predicted["cpu_s"]), " of core time"),
        (bytes_text(cost.peak_memory_bytes), bytes_text(predicted["peak_memory_bytes"]), " memory"),
        (bytes_text(written), bytes_text(predicted["run_bytes"]), " disk"),
    ]
    said = ", ".join(f"{took}{what} ({planned})" for took, planned, what in pairs)
    return f"It took, with what was predicted in brackets: {said}."


def _table(run: Run) -> Table:
    labelled = sum(run.manifest["labelled"].values())
    groups = run.manifest.get("groups")
    over = f" in {groups} groups" if groups else ""
    columns = [
        Column("way", "way to learn"),
        Column("accuracy", show=percent_text),
        Column("interval", "95 % interval"),
        Column("cost", "cost per 100"),
        Column("p50_ms", "answer p50"),
        Column("p90_ms", "p90 ms"),
        Column("cpu_s", "CPU s"),
        Column("memory_mib", "MiB"),
        Column("note", "chosen"),
    ]
    title = f"{run.task}: {labelled} labelled items{over}, each answered while held out"
    table = Table("models", columns, title=title, mark="ours")
    for line in run.table:
        interval = f"{line['low']:.0%} to {line['high']:.0%}"
        table.add(
            line["name"],
            line["accuracy"],
            interval,
            round(line["cost"], 1),
            _rounded(line["p50_ms"]),
            _rounded(line["p90_ms"]),
            round(line["cpu_s"], 1),
            round(line["memory_mib"]),
            line["note"],
            highlight=line["name"] == "ours",
        )
    return table


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
