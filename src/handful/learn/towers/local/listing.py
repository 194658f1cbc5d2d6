"""Model folders below some places: what each one reads, and why some cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from handful.foundation.errors import HandfulError, InputError
from handful.learn.towers.local.folder import ModelFolder, tidy
from handful.learn.towers.local.opening import open_folder

_DEPTH = 4
_MOST = 5000
"""Folders that are looked at below one place; a whole disk is not searched."""
_MARKS = ("modules.json", "config.json")
_TAKEN_FOR_ONE = ("*.safetensors", "pytorch_model*.bin", "model*.ckpt", "*.pt", "*.pkl")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One model folder that was found.

    Attributes:
        name: Below the place where it was found.
        path: The folder.
        family: Which family knows it; empty when none does.
        widths: Modality to the width of its output; what it can read.
        layers: Modality to its layers.
        licence: As its model card states; empty when it states none.
        size_bytes: On disk.
        why_not: Why it cannot be used; empty when it can.
        per_second: Modality to items per second here; empty when nobody asked.
    """

    name: str
    path: Path
    family: str = ""
    widths: Mapping[str, int] = field(default_factory=dict)
    layers: Mapping[str, int] = field(default_factory=dict)
    licence: str = ""
    size_bytes: int = 0
    why_not: str = ""
    per_second: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Whether it can be used."""
        return not self.why_not

    def refused(self, why_not: str) -> Listed:
        """The same, found not to be usable after all.

        Args:
            why_not: In a sentence.
        """
        return replace(self, why_not=why_not)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "path": str(self.path),
            "family": self.family,
            "modalities": list(self.widths),
            "widths": dict(self.widths),
            "layers": dict(self.layers),
            "licence": self.licence or None,
            "size_bytes": self.size_bytes,
            "usable": self.is_usable,
            "why_not": self.why_not or None,
            "per_second": dict(self.per_second),
        }


def list_folders(places: Sequence[Path]) -> list[Listed]:
    """Every model folder in some places or below them, usable or not.

    Args:
        places: Model folders, or folders that hold some.

    Raises:
        InputError: When a place is not there.
        StorageError: When one may not be read.
    """
    found: dict[Path, Listed] = {}
    for place in places:
        place = tidy(place)
        if not place.is_dir():
            raise InputError(f'There is no folder "{place}".', "check the path")
        for path in _candidates(place):
            name = path.name if path == place else path.relative_to(place).as_posix()
            found.setdefault(path.resolve(), _listed(name, path))
    return sorted(found.values(), key=lambda each: (not each.is_usable, each.name))


def timed(listed: Listed, per_second: Mapping[str, float]) -> Listed:
    """The same with its speed.

    Args:
        listed: Found.
        per_second: Modality to items per second.
    """
    return replace(listed, per_second=dict(per_second))


def _candidates(place: Path) -> Iterator[Path]:
    """Folders that look like a model, none inside another."""
    pending, seen = [(place, 0)], 0
    while pending and seen < _MOST:
        here, depth = pending.pop(0)
        seen += 1
        if _looks_like_one(here):
            yield here
            continue
        if depth < _DEPTH:
            try:
                below = sorted(path for path in here.iterdir() if path.is_dir())
            except OSError:
                continue
            pending += [(path, depth + 1) for path in below if path.name[0] != "."]


def _looks_like_one(folder: Path) -> bool:
    if any((folder / name).is_file() for name in _MARKS):
        return True
    return any(next(folder.glob(form), None) is not None for form in _TAKEN_FOR_ONE)


def _listed(name: str, path: Path) -> Listed:
    bare = Listed(name=name, path=path, size_bytes=_size(path))
    try:
        folder = ModelFolder.open(path)
        bare = replace(bare, licence=folder.licence())
        opened = open_folder(path)
    except HandfulError as error:
        return replace(bare, why_not=error.what)
    return replace(
        bare,
        family=opened.family.name,
        widths=dict(opened.about.widths),
        layers=dict(opened.about.layers),
    )


def _size(path: Path) -> int:
    try:
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    except OSError:
        return 0
