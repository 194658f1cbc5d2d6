"""From `image=FOLDER` to an entry of a recipe: which model folders serve which modality.

Written as `modality=FOLDER`: beside the weight-free tower of that modality, `modality=only:FOLDER`:
instead of it. `FOLDER@6` listens to layer 6 (the mean of its tokens), `FOLDER@6:first` to its first
token; without it the network's own output is taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import InputError, UsageError, did_you_mean, storage
from handful.foundation.project.atomic import append_line, read_lines
from handful.learn.routes.towers import Recipe
from handful.learn.towers.local.arithmetic import choose_arithmetic
from handful.learn.towers.local.families.base import require_modality
from handful.learn.towers.local.folder import tidy
from handful.learn.towers.local.networks import require_libraries
from handful.learn.towers.local.opening import open_folder
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.learn.towers.local.tower import Chosen, in_places, towers_of

PLACES = "HANDFUL_TOWERS"
"""Environment: folders that hold model folders, parted as in `PATH`."""
BESIDE = "towers"
"""The folder in a project that holds its model folders."""
ELSEWHERE = "elsewhere.jsonl"
"""Beside them: where folders lie that runs were trained with and that lie somewhere else."""

_ONLY = "only:"
_EXAMPLE = "text=FOLDER, image=FOLDER or audio=FOLDER; `handful towers` lists folders"


class Wanted(NamedTuple):
    """One model folder that somebody asked for.

    Attributes:
        modality: What it shall read.
        folder: Where it lies, or its name in a place that holds model folders.
        tap: Where to listen.
        is_alone: Whether it stands instead of the weight-free tower.
    """

    modality: str
    folder: str
    tap: Tap = OUTPUT
    is_alone: bool = False

    @property
    def text(self) -> str:
        """What `read_wanted` reads."""
        at = "" if self.tap == OUTPUT else f"@{self.tap.name}"
        return f"{self.modality}={_ONLY * self.is_alone}{self.folder}{at}"


def read_wanted(text: str) -> Wanted:
    """Read `modality=[only:]FOLDER[@LAYER]`.

    Args:
        text: As it was typed.

    Raises:
        UsageError: When it is no such thing.
    """
    modality, parted, rest = text.partition("=")
    if not parted or not rest:
        raise UsageError(f'"{text}" names no tower.', _EXAMPLE)
    if modality not in MODALITIES:
        raise UsageError(
            f'"{text}" names a tower for "{modality}".', did_you_mean(modality, MODALITIES)
        )
    is_alone = rest.startswith(_ONLY)
    rest = rest.removeprefix(_ONLY)
    folder, at, tap = rest.rpartition("@")
    if not at or Path(rest).expanduser().is_dir() or "/" in tap:
        folder, tap = rest, ""
    return Wanted(modality, folder, Tap.parse(tap), is_alone)


def wanted_in(
    towers: Mapping[str, str | Path | Sequence[str | Path]] | Sequence[str],
    places: Sequence[Path],
    near: Sequence[Path] = (),
) -> tuple[str, ...]:
    """What was asked for, as plain texts for a run's settings.

    Args:
        towers: Modality to a folder or several, or texts such as `image=FOLDER`.
        places: Folders that hold model folders, where a bare name is looked up.
        near: Those of them that the run itself will look in: a folder there is written down by its
            name, so that the project may move; any other by its whole path.

    Raises:
        UsageError: When something names no tower.
        InputError: When there is no such folder.
    """
    texts: list[str] = []
    if isinstance(towers, Mapping):
        for modality, folders in towers.items():
            several = [folders] if isinstance(folders, str | Path) else folders
            texts += [f"{modality}={folder}" for folder in several]
    else:
        texts += towers
    found = [read_wanted(text) for text in texts]
    return tuple(
        each._replace(folder=_short(where(each.folder, places), near)).text for each in found
    )


def where(folder: str, places: Sequence[Path]) -> Path:
    """A model folder by its path, or by its name in one of some places.

    Args:
        folder: As it was typed.
        places: Folders that hold model folders.

    Raises:
        InputError: When there is none.
    """
    path = Path(folder).expanduser()
    if path.is_dir():
        return tidy(path)
    if path.name == folder:
        found = in_places(folder, places)
        if found:
            return tidy(found)
    names = {each.name for place in places if place.is_dir() for each in place.iterdir()}
    near = did_you_mean(folder, names) if names else "check the path"
    raise InputError(f'There is no model folder "{folder}".', near)


def _short(path: Path, near: Sequence[Path]) -> str:
    found = in_places(path.name, near)
    return path.name if found is not None and tidy(found) == path else str(path)


def places_near(folder: Path | None = None) -> tuple[Path, ...]:
    """Folders that may hold model folders: `towers` above a path, what is remembered there, and
    those of the environment.

    Args:
        folder: Such as a project or a model in it; left out, only the environment counts.
    """
    above: list[Path] = []
    for parent in () if folder is None else (folder, *folder.parents):
        lines = read_lines(parent / BESIDE / ELSEWHERE)
        above += [parent / BESIDE, *(Path(line["place"]) for line in lines)]
    named = [Path(each).expanduser() for each in os.environ.get(PLACES, "").split(os.pathsep)]
    return (*above, *(path for path in named if str(path) != "."))


def remember(wanted: Collection[str], project: Path) -> tuple[str, ...]:
    """What was asked for, by names alone: where the folders lie is written into the project.

    So a run and a release carry no path of this machine, and find the folders all the same.

    Args:
        wanted: As `wanted_in` gave it.
        project: The project's folder.

    Returns:
        The same with names for paths; a path stays where a nearer folder has the same name.

    Raises:
        StorageError: When the project may not be written.
    """
    found = [read_wanted(text) for text in wanted]
    for path in (Path(each.folder) for each in found):
        near = places_near(project)
        if path.is_absolute() and in_places(path.name, near) is None:
            with storage("write", project / BESIDE):
                (project / BESIDE).mkdir(exist_ok=True)
                append_line(project / BESIDE / ELSEWHERE, {"place": str(path.parent)})
    near = places_near(project)
    return tuple(each._replace(folder=_short(Path(each.folder), near)).text for each in found)


def with_local(
    recipe: Recipe, wanted: Collection[str], cache: Path, modalities: Collection[str]
) -> Recipe:
    """A recipe with model folders beside or instead of its weight-free towers.

    Args:
        recipe: Of weight-free towers.
        wanted: Such as `image=FOLDER`.
        cache: The project's, which remembers which arithmetic is quicker here.
        modalities: Those that some item has.

    Raises:
        UsageError: When no item has a modality, a folder does not read it, or has no such layer.
        InputError: When a folder cannot be used.
        MissingExtraError: When the libraries are not installed.
    """
    if not wanted:
        return recipe
    local: dict[str, list[Chosen]] = {}
    for each in map(read_wanted, wanted):
        if each.modality not in modalities:
            raise UsageError(
                f'No item has {each.modality}, so "{each.folder}" has nothing to read.',
                f"leave it out; items have {' and '.join(modalities)}",
            )
        local.setdefault(each.modality, []).append(choose(each, cache, places_near(cache)))
    named = {name: _named(views, recipe, name) for name, views in local.items()}
    alone = {name for name, views in named.items() if any(each.is_alone for each in views)}
    blocks = {name: blocks for name, blocks in recipe.blocks.items() if name not in alone}
    return replace(recipe, blocks=blocks, local=named)


def choose(wanted: Wanted, cache: Path, near: Sequence[Path]) -> Chosen:
    """The entry of a recipe for one folder.

    Args:
        wanted: Which folder, for what.
        cache: The project's.
        near: Where to look for a bare name.

    Raises:
        UsageError: When the folder does not read the modality, or has no such layer.
        InputError: When it cannot be used.
        MissingExtraError: When the libraries are not installed.
    """
    opened = open_folder(where(wanted.folder, near))
    require_libraries(*opened.family.libraries)
    require_modality(opened.about.widths, wanted.modality, opened.folder)
    layers = opened.about.layers.get(wanted.modality, 0)
    if wanted.tap.layer is not None and wanted.tap.layer > layers:
        held = f"it has {layers}" if layers else "its layers cannot be listened to"
        raise UsageError(
            f'"{wanted.folder}" has no layer {wanted.tap.layer} for {wanted.modality}: {held}.',
            f"a layer from 0 to {layers}" if layers else "leave out the layer",
        )
    weights = opened.folder.weights_digest(opened.about.weights)
    return Chosen(
        view=_view(opened.folder.name, wanted.tap),
        folder=_short(opened.folder.path, near),
        family=opened.family.name,
        tap=wanted.tap.name,
        arithmetic=choose_arithmetic(opened, wanted.modality, weights, cache),
        weights=weights,
        settings=opened.folder.settings_digest(),
        is_alone=wanted.is_alone,
    )


def _view(folder: str, tap: Tap) -> str:
    """A name for tables: letters, digits and `-`, as views stand in file formats too."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-").lower() or "model"
    return plain if tap == OUTPUT else f"{plain}-layer-{tap.name.replace(':', '-')}"


def _named(views: Sequence[Chosen], recipe: Recipe, modality: str) -> tuple[Chosen, ...]:
    """The views with names that differ from each other and from the blocks'."""
    taken = set(recipe.blocks.get(modality, ()))
    named: list[Chosen] = []
    for each in views:
        same = [other for other in named if replace(other, view=each.view) == each]
        if same:
            raise UsageError(
                f'"{each.folder}" was named twice for {modality}.', "name it once for each layer"
            )
        view = each.view
        for number in range(2, 100):
            if view not in taken:
                break
            view = f"{each.view}-{number}"
        taken.add(view)
        named.append(replace(each, view=view))
    return tuple(named)


def require_same(recipe: Recipe, near: Sequence[Path] = ()) -> None:
    """Refuse model folders that are not the ones a recipe recorded.

    Args:
        recipe: Of a run.
        near: Where to look for folders that are no longer where they were.

    Raises:
        InputError: When one is gone, not usable, or another one.
    """
    for modality, views in recipe.local.items():
        for tower in towers_of(modality, views, near):
            _ = tower.opened
