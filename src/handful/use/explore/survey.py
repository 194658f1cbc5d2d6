"""What a run knows of every item of the library: compact latents, and what it would answer.

Made once per run and contents of the library, from latents that training left in the cache, and
kept as `cache/explore/<run>-<digest>.safetensors`; the second question then reads one small file.
New answers leave it as it is, because a run does not look at them.
"""
# N items, K classes

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from threadpoolctl import threadpool_limits

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.errors import InputError, storage
from handful.foundation.project.atomic import replacing
from handful.learn.model.latents import in_order
from handful.learn.routes.encode import encode
from handful.learn.routes.model import Model
from handful.learn.routes.run import Run
from handful.learn.rungs.base import Evidence
from handful.learn.towers.latents import LatentCache
from handful.numerics.linear.blocks import Block
from handful.use.explore.likeness import Scale, scales

FOLDER = "explore"
WORDS = "words-"
"""Before the modality that latents in the space of words are compared with."""

OnItems = Callable[[str, int, int], None]
"""Told the modality, how many values are encoded, and how many there are to encode."""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Every usable item of a library, as one run sees it.

    Attributes:
        items: `N` of them, in the order of the library.
        latents: Modality to `plain` and, where modalities share something, `shared`; where pairs
            taught what it would say in words, `words-` and the modality it is compared with, of
            length one.
        scales: Pair of modalities to what makes a likeness telling.
        kinds: Pair of modalities to the latents of the second that the first is compared by.
        said: Choice of modalities to `[N, K]` probabilities: each modality alone, and `""` for
            all that an item has; empty for a run that learned without labels.
        lost: One sentence per file that can no longer be read.
    """

    items: list[Item]
    latents: Mapping[str, Mapping[str, Block]]
    scales: Mapping[tuple[str, str], Scale]
    said: Mapping[str, NDArray[np.float32]]
    lost: tuple[str, ...]
    kinds: Mapping[tuple[str, str], str]


def survey(
    library: Library,
    run: Run,
    cache: Path,
    *,
    on_items: OnItems = lambda modality, done, total: None,
) -> Survey:
    """Look at every item with the eyes of a run.

    Args:
        library: The items.
        run: A finished one; one that learned without labels serves too.
        cache: The project's `cache`.
        on_items: Told about progress where something has to be encoded.

    Raises:
        InputError: When the library is empty, or none of its files can still be read.
        StorageError: When the disk refuses.
    """
    items = library.items()
    if not items:
        raise InputError("The library holds no items yet.", "handful add FOLDER")
    path = cache / FOLDER / f"{run.id}-{_contents(items)[:16]}.safetensors"
    with _few_threads():
        known = _load(path, items)
        if known is not None:
            return known
        made = _look(library, items, run, cache, on_items)
    if not made.lost:
        _save(path, made)
    return made


def _contents(items: Sequence[Item]) -> str:
    """Hash over what can be seen, heard and read of all items, and their groups."""
    found = hashlib.sha256()
    for item in items:
        found.update(f"{item.id} {item.content_sha256} {item.group}\n".encode())
    return found.hexdigest()


def _look(library: Library, items: list[Item], run: Run, cache: Path, on_items: OnItems) -> Survey:
    model = run.model
    encoded = encode(
        library,
        items,
        model.towers,
        LatentCache(cache / "latents"),
        is_fitted=True,
        on_items=on_items,
    )
    evidence = model.evidence_of(encoded.views, len(items))
    latents = {
        name: {
            kind: Block(values=block.values.astype(np.float32), present=block.present)
            for kind, block in evidence.latents[name].items()
        }
        for name in evidence.modalities
    }
    groups = np.array([item.group or item.id for item in items])
    found = scales(latents, model.latents.space, groups)
    kinds = {pair: "plain" if pair[0] == pair[1] else "shared" for pair in found}
    if run.wording:
        said = run.wording.of(evidence.views)
        for name, placed in said.items():
            latents[name] |= {f"{WORDS}{other}": block for other, block in placed.items()}
        for (first, second), crowds in run.wording.crowds.items():
            scale = Scale.between(crowds.together, crowds.apart)
            if scale.apart <= found.get((first, second), Scale(0.0, 0.0)).apart:
                continue
            for here, there in ((first, second), (second, first)):
                found[here, there], kinds[here, there] = scale, f"{WORDS}{here}"
    return Survey(
        items=items,
        latents=latents,
        scales=found,
        said=_answers(model, evidence),
        lost=encoded.lost,
        kinds=kinds,
    )


def _answers(model: Model, evidence: Evidence) -> dict[str, NDArray[np.float32]]:
    """What the run says of each item, from all it has and from each modality alone."""
    if model.head is None:
        return {}
    found = {"": model.probabilities(evidence).astype(np.float32)}
    for name in evidence.modalities:
        said = model.probabilities(evidence.only([name])).astype(np.float32)
        said[~evidence.present(name)] = 0
        found[name] = said
    return found


def _save(path: Path, made: Survey) -> None:
    arrays: dict[str, NDArray[Any]] = {}
    for modality, named in made.latents.items():
        for kind, block in named.items():
            arrays[f"latents/{modality}/{kind}"] = np.ascontiguousarray(block.values)
        arrays[f"present/{modality}"] = next(iter(named.values())).present
    for (first, second), scale in made.scales.items():
        arrays[f"scales/{first}/{second}"] = np.array(scale)
    for name, said in made.said.items():
        arrays[f"said/{name}"] = np.ascontiguousarray(said)
    with storage("make", path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {"/".join(pair): kind for pair, kind in made.kinds.items()}
    about = {"items": json.dumps([item.id for item in made.items]), "kinds": json.dumps(kinds)}
    with replacing(path) as temporary:
        save_file(arrays, temporary, metadata=about)


def _load(path: Path, items: list[Item]) -> Survey | None:
    """What was kept; None when there is nothing, or it is damaged or about other items."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            ids, kinds = json.loads(about.get("items", "[]")), json.loads(about.get("kinds", "{}"))
            if not kinds or ids != [item.id for item in items]:
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, TypeError, KeyError, SafetensorError):
        return None
    latents: dict[str, dict[str, Block]] = {}
    named: dict[str, dict[str, NDArray[Any]]] = {"scales": {}, "said": {}, "present": {}}
    for name in sorted(arrays):
        kind, _, rest = name.partition("/")
        if kind == "latents":
            modality, _, view = rest.partition("/")
            present = arrays[f"present/{modality}"]
            latents.setdefault(modality, {})[view] = Block(values=arrays[name], present=present)
        else:
            named[kind][rest] = arrays[name]
    pairs = {tuple(name.split("/")): Scale(*map(float, a)) for name, a in named["scales"].items()}
    return Survey(
        items=items,
        latents={name: latents[name] for name in in_order(latents)},
        scales={(first, second): scale for (first, second), scale in pairs.items()},
        said=named["said"],
        lost=(),
        kinds={(first, second): kinds[f"{first}/{second}"] for first, second in pairs},
    )


@contextmanager
def _few_threads() -> Iterator[None]:
    """Products of a few hundred rows only wait for each other on many threads."""
    with threadpool_limits(2):
        yield
