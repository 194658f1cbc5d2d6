"""Which files make one item: those of the same name, side by side or in parallel folders.

`cups/07.jpg`, `cups/07.wav` and `cups/07.txt` are one item. So are `photos/07.jpg`, `taps/07.wav`
and `notes/07.txt`, because each of these folders holds one kind of file and they share names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from handful.data.library.sources.base import Candidate, Leaf, Names, Piece, in_order

Pairing = Literal["auto", "same_folder", "off"]
"""`auto` pairs within a folder and across parallel folders; `off` makes each file an item."""

_PIECE = 1024

SHARED = 0.5
"""Parallel folders share at least this part of the smaller one's names."""


class Candidates(Sequence[Candidate]):
    """What files make together, in the order of their keys; each is made when it is asked for.

    Args:
        leaves: All files of a tree.
        key_of: Name of a file to what it is to be part of.
        label_task: When given, the folder a file lies in is its answer to this task.
    """

    def __init__(
        self, leaves: Sequence[Leaf], key_of: Callable[[str], str], label_task: str
    ) -> None:
        self._leaves = leaves
        self._key_of = key_of
        self._task = label_task
        keys = Names()
        for leaf in leaves:
            keys.add(key_of(leaf.name))
        found = keys.all()
        self._order = in_order(found)
        self._starts, self._alone = self._cut(found.take(pa.array(self._order)))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> list[Candidate]: ...

    def __getitem__(self, place: int | slice) -> Candidate | list[Candidate]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        (found,) = self._made(range(len(self))[place], 1)
        return found

    def __iter__(self) -> Iterator[Candidate]:
        for start in range(0, len(self), _PIECE):
            yield from self._made(start, _PIECE)

    def _made(self, start: int, count: int) -> Iterator[Candidate]:
        """Some that follow each other."""
        bounds = self._starts[start : start + count + 1].tolist()
        order = self._order[bounds[0] : bounds[-1]].tolist()
        alone = self._alone[start : start + count].tolist()
        for first, last, is_alone in zip(bounds, bounds[1:], alone, strict=False):
            chosen = order[first - bounds[0] : last - bounds[0]]
            members = [self._leaves[each] for each in chosen]
            name = members[0].name
            key = name if is_alone else self._key_of(name)
            yield _candidate(key, members, self._task, ("file/same_stem",) if is_alone else ())

    def _cut(self, keys: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each candidate starts, and whether its file could not be told from another's.

        Which photo belongs to the sound cannot be told where there are two, so nothing is put
        together there.
        """
        count = len(keys)
        edges = np.ones(count + 1, bool)
        if count > 1:
            edges[1:-1] = np.asarray(compute.call_function("not_equal", [keys[1:], keys[:-1]]))
        starts = np.flatnonzero(edges)
        alone = np.zeros(count, bool)
        for group in np.flatnonzero(np.diff(starts) > 1).tolist():
            start, end = int(starts[group]), int(starts[group + 1])
            kinds = [self._leaves[each].modality for each in self._order[start:end].tolist()]
            if len(set(kinds)) < len(kinds):
                edges[start:end] = alone[start:end] = True
        starts = np.flatnonzero(edges)
        return starts, alone[starts[:-1]]


class Paired(NamedTuple):
    """Candidates, with sentences about what was decided."""

    candidates: Candidates
    choices: list[str]


def pair(leaves: Sequence[Leaf], how: Pairing = "auto", label_task: str = "") -> Paired:
    """Put files together into candidates.

    Args:
        leaves: All files of a tree.
        how: Which files may come together.
        label_task: When given, the folder a file lies in is its answer to this task.

    Returns:
        One candidate per item, sorted by key.
    """
    parallel = _parallel_folders(leaves) if how == "auto" else {}
    dropped = {f"{parent}{child}/": parent for parent, cs in parallel.items() for child in cs}

    def key_of(name: str) -> str:
        return name if how == "off" else _key(name, dropped)

    return Paired(Candidates(leaves, key_of, label_task), _sentences(parallel))


def _key(name: str, dropped: Mapping[str, str]) -> str:
    """The name without its ending, and without the folder that only says the modality."""
    stem = _without_ending(name)
    for inside, parent in dropped.items():
        if name.startswith(inside):
            return parent + stem[len(inside) :]
    return stem


def _without_ending(name: str) -> str:
    if "./" in name or "//" in name:  # an archive may say ./a//b.txt for a/b.txt
        return str(PurePosixPath(name).with_suffix(""))
    folder, slash, last = name.rpartition("/")  # paths as objects cost a third of a re-scan
    stem, _, ending = last.rpartition(".")
    return folder + slash + stem if stem and ending else name


def _candidate(
    key: str, leaves: Iterable[Leaf], label_task: str, notes: tuple[str, ...] = ()
) -> Candidate:
    pieces = tuple(
        Piece(modality=leaf.modality, name=leaf.name, place=leaf.place, notes=notes)
        for leaf in leaves
    )
    folder = PurePosixPath(key).parent.name if label_task else ""
    labels = {label_task: folder} if folder else {}
    return Candidate(key=key, pieces=pieces, labels=labels)


def _parallel_folders(leaves: Iterable[Leaf]) -> dict[str, list[str]]:
    """Parent folder to the children that stand for one modality each."""
    possible = _possible_parents(leaves)
    if not possible:
        return {}
    stems: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for leaf in leaves:
        for parent, child in _parents(leaf.name.rpartition("/")[0]):
            if parent in possible:
                inside = leaf.name[len(parent) + len(child) + 1 :]
                stems[parent][child].add(_without_ending(inside))
    found: dict[str, list[str]] = {}
    for parent, children in sorted(stems.items()):
        inside_another = any(parent.startswith(f"{p}{c}/") for p, cs in found.items() for c in cs)
        if not inside_another and _share_names(children.values()):
            found[parent] = sorted(children)
    return found


def _possible_parents(leaves: Iterable[Leaf]) -> set[str]:
    """Folders whose folders hold one kind of file each, every one another."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for leaf in leaves:
        kinds[leaf.name.rpartition("/")[0]].add(leaf.modality)
    contents: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for folder, held in kinds.items():
        for parent, child in _parents(folder):
            contents[parent][child] |= held
    return {
        parent
        for parent, children in contents.items()
        if 2 <= len(children) == len(set[str]().union(*children.values()))
        and all(len(held) == 1 for held in children.values())
    }


def _parents(folder: str) -> Iterator[tuple[str, str]]:
    """Every folder above, with `/` at its end, and which of its folders leads here."""
    if not folder:
        return
    place = 0
    for step in folder.split("/"):
        yield folder[:place], step
        place += len(step) + 1


def _share_names(stems: Collection[set[str]]) -> bool:
    whole = max(stems, key=len)
    return all(len(some & whole) >= SHARED * len(some) for some in stems)


def _sentences(parallel: dict[str, list[str]]) -> list[str]:
    return [
        "files of the same name in "
        + ", ".join(f"{parent}{child}/" for child in children)
        + " became one item each, because each of these folders holds one kind of file"
        for parent, children in parallel.items()
    ]
