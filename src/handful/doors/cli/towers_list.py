"""`handful towers list`, which is what `handful towers` means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from handful.data.modalities.base import MODALITIES
from handful.doors.cli.speaker import speaker
from handful.doors.python import Project
from handful.foundation.console import Column, Table, bytes_text, plural
from handful.foundation.errors import HandfulError, ProjectError
from handful.learn.routes.local import places_near
from handful.learn.routes.towers import Recipe, build
from handful.learn.towers.local.listing import Listed, list_folders, timed
from handful.learn.towers.local.networks import install_line, missing_libraries
from handful.learn.towers.local.timing import folder_speed, tower_speed

_OURS = ("fast", "default")


def towers_list(*folders: Path, time: bool = False, project: Path | None = None) -> None:
    """List what can read your files here: weight-free encoders and model folders.

    Model folders are looked for below the folders you name, in the project's `towers`, in folders
    of its setting `towers`, and in those of the environment's HANDFUL_TOWERS. `handful train
    --tower image=FOLDER` uses one.

    Args:
        folders: Where to look as well.
        time: Measure how many items a second each reads here, which takes some seconds each.
        project: The project; the nearest one when left out, and none is needed.
    """
    console = speaker()
    shop = _project(project)
    places = [*folders, *(shop.tower_places if shop else places_near())]
    found = list_folders([place for place in places if place in folders or place.is_dir()])
    console.table(_classical(time))
    lacking = missing_libraries()
    if time and not lacking:
        found = [_timed(each) for each in found]
    usable = [each for each in found if each.is_usable]
    if usable:
        console.table(_folders(usable, time))
    broken = [each for each in found if not each.is_usable]
    for each in broken:
        console.warn(f"{each.name}: {each.why_not}")
    console.facts(towers=[each.as_dict() for each in found])
    can = "can be used here"
    if lacking and found:
        can = "could be used here"
        names = " and ".join(lacking)
        console.warn(f"Not installed, and needed for them: {names}.", install_line())
    words = f"{plural(len(usable), 'model folder')} {can}"
    words += f", {len(broken)} cannot." if broken else "."
    console.done(words, next_step=_next(usable))


def _next(usable: Sequence[Listed]) -> str:
    if not usable:
        return "handful towers FOLDER"
    modality = next(name for name in MODALITIES if name in usable[0].widths)
    return f"handful train --labels TASK --tower {modality}={usable[0].path}"


def _project(folder: Path | None) -> Project | None:
    """The project that is meant; that there is none is nothing wrong unless it was named."""
    if folder:
        return Project.open(folder)
    try:
        return Project.find()
    except ProjectError:
        return None


def _classical(time: bool) -> Table:
    columns: list[Column | str] = ["profile", "reads", "by"]
    if time:
        columns.append(Column("per_second", "items per second", side="right"))
    table = Table("weight_free", columns, title="Weight-free encoders, fitted on your files")
    for profile in _OURS:
        recipe = Recipe.of(profile, MODALITIES)
        made = build(recipe) if time else {}
        for modality, blocks in recipe.blocks.items():
            speed = [_rounded(tower_speed(made[modality]))] if time else []
            table.add(profile, modality, ", ".join(blocks), *speed)
    return table


def _folders(usable: Sequence[Listed], time: bool) -> Table:
    columns: list[Column | str] = [
        "name",
        "family",
        "reads",
        Column("width", side="right"),
        Column("layers", side="right"),
        Column("size_bytes", "size", show=bytes_text, side="right"),
        "licence",
    ]
    if time:
        columns.append(Column("per_second", "items per second", side="right"))
    table = Table("model_folders", columns, title="Model folders")
    for each in usable:
        for modality, width in each.widths.items():
            speed = [_rounded(each.per_second.get(modality))] if time else []
            table.add(
                each.name,
                each.family,
                modality,
                width or None,
                each.layers.get(modality) or None,
                each.size_bytes,
                each.licence or "not stated",
                *speed,
            )
    return table


def _timed(each: Listed) -> Listed:
    if not each.is_usable:
        return each
    speaker().note(f"Timing {each.name} ...")
    found: Mapping[str, float] = {}
    try:
        found = folder_speed(each)
    except HandfulError as error:
        return each.refused(error.what)
    return timed(each, found)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.2g}")
