"""`handful pretrain`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.budget import seconds
from handful.foundation.console import Progress
from handful.foundation.hardware import Cost


def pretrain(
    *,
    budget: str = "30min",
    size: str = "3M",
    modality: tuple[str, ...] = (),
    name: str = "own",
    batch: int = 128,
    picture_px: int = 64,
    plan_only: bool = False,
    seed: int = 0,
    project: Path | None = None,
) -> None:
    """Make an encoder of your own from the library's unlabelled files.

    It learns what parts of a file tell of the rest, and what belongs together where items carry
    two modalities. Stop it with Ctrl-C; the same command goes on. On several processes:
    `torchrun --nproc-per-node 2 -m handful pretrain`.

    Args:
        budget: How long it may take, such as `30min` or `8h`.
        size: `3M` for a laptop, `22M` for hours, `86M` and `300M` for a GPU.
        modality: Learn from this only: `text`, `image` or `audio`; may be given again.
        name: What the encoder is called: `handful train --tower image=NAME`.
        batch: Items per step.
        picture_px: Side of a square picture in pixels; others get its area.
        plan_only: Say what it would take, and stop.
        seed: Everything random follows from it.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    shown: dict[str, Progress] = {}

    def told(stage: str, done: int, total: int) -> None:
        if stage not in shown:
            for other in list(shown):
                shown.pop(other).__exit__(None, None, None)
            shown[stage] = console.progress(stage.capitalize(), total, unit="step").__enter__()
        shown[stage].update(done)

    try:
        found = shop.pretrain(
            budget=seconds(budget),
            size=size,
            modalities=modality,
            name=name,
            batch=batch,
            picture_px=picture_px,
            only_plan=plan_only,
            seed=seed,
            on_plan=lambda plan: console.note(plan.sentence()),
            on_stage=told,
        )
    finally:
        for progress in shown.values():
            progress.__exit__(None, None, None)
    if found.folder is None:
        console.sentence("Nothing was trained.", plan=found.record["plan"])
        return
    for sentence in found.sentences:
        console.sentence(sentence)
    console.done(
        f"The encoder {name} is made.",
        record=found.folder,
        next_step="handful towers compare",
        cost=Cost.from_dict(found.record["cost"]),
    )
