"""`handful towers compare`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Progress, Table, percent_text
from handful.learn.routes.comparing import Comparison, Pair

_SHOWN = 12


def towers_compare(
    *towers: str, labels: str = "", seed: int = 0, project: Path | None = None
) -> None:
    """Say which encoders and layers agree on your items, and which two to have.

    Up to 2,000 items are encoded by the weight-free encoders and by model folders, each of these
    also in its middle and last layer. Two views agree when they have neighbours in common (mutual
    k-NN) and the same geometry (linear CKA); both are 0 for chance and 1 for the same.

    Args:
        towers: Model folders, such as `image=FOLDER` or `image=FOLDER@6`; all that are found here
            when left out.
        labels: A task; views whose neighbours share its answers count as good.
        seed: Of the draw, where there are more than 2,000 items.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    shown: dict[str, Progress] = {}

    def told(modality: str, done: int, total: int) -> None:
        if modality not in shown:
            shown[modality] = console.progress(f"Encoding {modality}", total).__enter__()
        shown[modality].update(done)

    try:
        found = shop.compare_towers(towers, labels=labels, seed=seed, on_items=told)
    finally:
        for progress in shown.values():
            progress.__exit__(None, None, None)
    _tell(found)


def _tell(found: Comparison) -> None:
    console = speaker()
    within = [pair for pair in found.pairs if pair.worth is not None]
    across = [pair for pair in found.pairs if pair.worth is None]
    if within:
        title = "Views of one modality; marked: worth having both"
        console.table(_table("within", title, within, list(found.worth_both().values())))
    if across:
        console.table(_table("across", "Views of different modalities", across, ()))
    left = max(len(within) - _SHOWN, 0) + max(len(across) - _SHOWN, 0)
    if left:
        console.note(f"{left} more pairs agree less; --json lists all.")
    console.facts(comparison=found.as_dict())
    for sentence in found.sentences():
        console.sentence(sentence)
    console.done(
        f"Compared {len(found.pairs)} pairs of views on {found.items} items.",
        next_step="handful train --labels TASK --tower MODALITY=FOLDER",
    )


def _table(name: str, title: str, pairs: Sequence[Pair], best: Collection[Pair]) -> Table:
    columns: list[Column | str] = [
        "first",
        "second",
        Column("items", side="right"),
        Column("neighbours", "neighbours in common", show=percent_text),
        Column("geometry", "same geometry", show=percent_text),
    ]
    table = Table(name, columns, title=title, mark="best")
    rows = pairs[:_SHOWN]
    rows = [*rows, *(pair for pair in best if pair not in rows)]
    for pair in rows:
        table.add(
            pair.first.text,
            pair.second.text,
            pair.items,
            pair.neighbours,
            pair.geometry,
            highlight=pair in best,
        )
    return table
