"""Which files make one item: those of the same name, side by side or in parallel folders.

`cups/07.jpg`, `cups/07.wav` and `cups/07.txt` are one item. So are `photos/07.jpg`, `taps/07.wav`
and `notes/07.txt`, because each of these folders holds one kind of file and they share names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from handful.data.library.sources.base import Candidate, Leaf, Piece

Pairing = Literal["auto", "same_folder", "off"]
"""`auto` pairs within a folder and across parallel folders; `off` makes each file an item."""

SHARED = 0.5
"""Parallel folders share at least this part of the smaller one's names."""


class Paired(NamedTuple):
    """Candidates, with sentences about what was decided."""

    candidates: list[Candidate]
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
    by_key: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        by_key[leaf.name if how == "off" else _key(leaf, parallel)].append(leaf)
    candidates = []
    for key, members in by_key.items():
        modalities = [leaf.modality for leaf in members]
        if len(set(modalities)) == len(modalities):
            candidates.append(_candidate(key, members, label_task))
        else:
            # Which photo belongs to the sound cannot be told, so nothing is put together.
            for leaf in members:
                notes = ("file/same_stem",)
                candidates.append(_candidate(leaf.name, [leaf], label_task, notes))
    candidates.sort(key=lambda candidate: candidate.key)
    return Paired(candidates, _sentences(parallel))


def _key(leaf: Leaf, parallel: dict[str, list[str]]) -> str:
    """The name without its ending, and without the folder that only says the modality."""
    stem = _without_ending(leaf.name)
    for parent, children in parallel.items():
        for child in children:
            inside = parent + child + "/"
            if leaf.name.startswith(inside):
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
    contents: dict[str, dict[str, list[Leaf]]] = defaultdict(lambda: defaultdict(list))
    for leaf in leaves:
        steps = leaf.name.split("/")
        for depth in range(len(steps) - 1):
            parent = "".join(step + "/" for step in steps[:depth])
            contents[parent][steps[depth]].append(leaf)
    found: dict[str, list[str]] = {}
    for parent, children in sorted(contents.items()):
        inside_another = any(parent.startswith(f"{p}{c}/") for p, cs in found.items() for c in cs)
        if not inside_another and _are_parallel(parent, children):
            found[parent] = sorted(children)
    return found


def _are_parallel(parent: str, children: dict[str, list[Leaf]]) -> bool:
    if len(children) < 2:
        return False
    kinds = [{leaf.modality for leaf in members} for members in children.values()]
    if any(len(kind) > 1 for kind in kinds) or len(set.union(*kinds)) < len(kinds):
        return False
    stems = [
        {_without_ending(leaf.name[len(parent) + len(child) + 1 :]) for leaf in members}
        for child, members in children.items()
    ]
    whole = max(stems, key=len)
    return all(len(some & whole) >= SHARED * len(some) for some in stems)


def _sentences(parallel: dict[str, list[str]]) -> list[str]:
    return [
        "files of the same name in "
        + ", ".join(f"{parent}{child}/" for child in children)
        + " became one item each, because each of these folders holds one kind of file"
        for parent, children in parallel.items()
    ]
