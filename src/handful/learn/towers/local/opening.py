"""Open a model folder: find its family, prove it usable, load what reads a modality."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from handful.foundation.components import find, make
from handful.foundation.errors import InputError
from handful.learn.towers.local.families.base import About, Family
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.memory import require_memory, require_plausible

ROOM = "handful.learn.towers.local.families"


class Opened(NamedTuple):
    """A folder that may be used.

    Attributes:
        folder: With its settings.
        family: Which family knows it.
        about: What it holds.
    """

    folder: ModelFolder
    family: Family
    about: About


def open_folder(path: Path) -> Opened:
    """Look at a model folder, without loading it.

    Args:
        path: The folder.

    Raises:
        InputError: With the reason when it cannot be used: incomplete, pickled, of another
            architecture or shape, too large for this machine, or asking for code to be run.
        StorageError: When it may not be read.
    """
    folder = ModelFolder.open(path)
    family = next((each for each in families() if each.knows(folder)), None)
    if family is None:
        kind = f'says "{folder.kind}"' if folder.kind else "does not say what it is"
        raise InputError(
            f'"{folder.path}" is of no family that is known here: its config.json {kind}.',
            f"known: {', '.join(each.name for each in families())}",
        )
    about = family.look(folder)
    require_plausible(folder, about.weights)
    require_memory(folder, about.weights)
    return Opened(folder, family, about)


@cache
def families() -> tuple[Family, ...]:
    """Every family there is."""
    return tuple(make(ROOM, name, Family) for name in find(ROOM))
