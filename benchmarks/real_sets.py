"""Five real sets as things to learn from: what each holds, how it is split, what belongs together.

`read` makes one list of `Thing`s per set; `build` extracts their files from the ZIP archives,
writes the table that lists them, and adds that table to a project as anybody would. Things that a
set keeps for validation are left out.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

import handful as hd
from handful.numerics.linear import folds
from real_simple import colour_histograms

TASK = "answer"
"""What the label column is called in every table."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One item.

    Attributes:
        id: Its name.
        label: The right answer.
        group: What it must stay together with.
        part: The part that it is tested in; `train` when it is only ever learned from.
        files: Modality to member of the set's archive of that modality.
        words: Language to text.
    """

    id: str
    label: str
    group: str
    part: str
    files: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RealSet:
    """One set.

    Attributes:
        name: What it is called.
        things: All items that take part.
        archives: Modality to the ZIP archive of its files.
        simple: Modality to the name of the features that a README would start from.
        about: How it was split and grouped, in words.
    """

    name: str
    things: Sequence[Thing]
    archives: Mapping[str, Path]
    simple: Mapping[str, str]
    about: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts to test on, one at a time."""
        return tuple(sorted({thing.part for thing in self.things} - {"train"}))


def read(name: str, data: Path) -> RealSet:
    """Read one set.

    Args:
        name: One of `READERS`.
        data: The folder of all sets.
    """
    return READERS[name](data)


def build(found: RealSet, folder: Path) -> hd.Project:
    """Make a project of a set, or open the one that was made before.

    Args:
        found: The set.
        folder: Where; the project, the files and the table that lists them lie below.
    """
    project = hd.project(folder / "project")
    if len(project.items.items()) == len(found.things):
        return project
    media = folder / "media"
    for modality, archive in found.archives.items():
        members = {thing.files[modality] for thing in found.things if modality in thing.files}
        _extract(archive, members, media / modality)
    table = media / "items.jsonl"
    table.write_text("".join(map(_line, found.things)), encoding="utf-8")
    languages = sorted({language for thing in found.things for language in thing.words})
    has_split = found.parts == ("test",)
    columns = {
        **{name: [name] if name in found.archives else [] for name in ("image", "audio")},
        "text": [f"text.{language}" for language in languages],
        "id": "id",
        "labels": [TASK],
        "group": "group",
        "split": "split" if has_split else "",
        **dict.fromkeys(("licence", "attribution", "holder", "evidence"), ""),
    }
    report = project.add(table, columns=columns)
    if len(project.items.items()) != len(found.things):
        raise SystemExit(f"{found.name}: not every item could be added.\n{report}")
    return project


def _line(thing: Thing) -> str:
    files = {name: f"{name}/{member}" for name, member in thing.files.items()}
    split = thing.part if thing.part in ("train", "test") else ""
    row = {"id": thing.id, TASK: thing.label, "group": thing.group, "split": split, **files}
    return json.dumps({**row, "text": thing.words}, ensure_ascii=False) + "\n"


def _extract(archive: Path, members: set[str], folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        for member in sorted(members):
            path = folder / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read(member))


# ---------------------------------------------------------------- the sets


def grocery(data: Path) -> RealSet:
    """Photos of groceries in 43 classes: the official test part, bursts as groups."""
    archive = data / "grocery" / "images.zip"
    records = lines(data / "grocery" / "metadata.jsonl")
    product = np.array([record["fine"] for record in records])
    split = np.array([record["split"] for record in records])
    bursts, likeness = _bursts(_pictures(archive, [r["image"] for r in records]), product, split)
    things = [
        Thing(
            id=record["image"],
            label=record["coarse_name"],
            group=f"burst {burst}",
            part=record["split"],
            files={"image": record["image"]},
        )
        for record, burst in zip(records, bursts, strict=True)
        if record["split"] != "val"
    ]
    about = (
        "official test, learned from the training part alone; groups are bursts: chains of photos "
        f"of one product and part whose colour histograms are more alike than {likeness:.2f}, "
        "which 9 in 10 validation photos are not to any training photo"
    )
    return RealSet(
        name="grocery",
        things=things,
        archives={"image": archive},
        simple={"image": "colours"},
        about=about,
    )


def _bursts(
    pictures: Sequence[NDArray[np.uint8]], product: NDArray[Any], split: NDArray[Any]
) -> tuple[NDArray[np.intp], float]:
    """Photos that are likely of one shelf, and how alike photos must be for that.

    The file order says nothing (neighbours are as alike as photos 30 files apart), so likeness
    decides. Nearest photos of a product within the training part are far more alike (median .87)
    than a validation photo and the nearest training photo (.53): these are other visits.
    """
    rows = colour_histograms(pictures)
    rows = rows - rows[split == "train"].mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    alike = np.where(product[:, None] == product, rows @ rows.T, -1.0)
    valid, train = np.flatnonzero(split == "val"), np.flatnonzero(split == "train")
    nearest = alike[np.ix_(valid, train)].max(axis=1)
    enough = float(np.quantile(nearest[nearest > -1], 0.9))
    apart = np.where(split[:, None] == split, 1 - alike, 2.0)
    np.fill_diagonal(apart, 0)
    chains = linkage(squareform(np.maximum(apart, 0), checks=False), "single")
    return fcluster(chains, 1 - enough, "distance"), enough


def stamps(data: Path) -> RealSet:
    """Pictures with a sentence in up to 25 languages and a French one spoken; unseen families."""
    folder = data / "stamps_trimodal"
    records = [r for r in lines(folder / "records.jsonl") if "fr" in r["speech"]]
    usual = Counter(record["category"] for record in records if record["split"] == "train")
    records = [record for record in records if usual[record["category"]] >= 25]
    family = families([(f"text {r['text']['en']}", f"stem {_stem(r['id'])}") for r in records])
    labels = np.array([record["category"] for record in records])
    five = folds.split(labels, family, items=len(records), count=5, seed=0).assignment
    things = [
        Thing(
            id=record["id"],
            label=record["category"],
            group=f"family {number}",
            part=f"fold {fold + 1}",
            files={"image": record["image"], "audio": record["speech"]["fr"]["file"]},
            words=record["text"],
        )
        for record, number, fold in zip(records, family, five, strict=True)
    ]
    about = (
        f"the {len(set(labels))} categories with 25 training items or more; 5 folds of families "
        "(same English sentence, or same folder and name but for digits)"
    )
    return RealSet(
        name="stamps",
        things=things,
        archives={"image": folder / "images.zip", "audio": folder / "speech.zip"},
        simple={"text": "characters", "image": "pixels", "audio": "cepstra"},
        about=about,
    )


def _stem(name: str) -> str:
    return re.sub(r"[-_ \d]+$", "", name)


def emoji(data: Path) -> RealSet:
    """Untoned drawings by three vendors with English name and keywords; unseen families."""
    archive = data / "emoji" / "images.zip"
    images = [r for r in lines(data / "emoji" / "images.jsonl") if r["skin_tone"] is None]
    concepts = {r["concept"]: r for r in lines(data / "emoji" / "concepts.jsonl")}
    copies = _hashes(archive, [record["image"] for record in images])
    family = families(
        [
            (f"copy {copy}", *siblings(concepts[record["concept"]]))
            for record, copy in zip(images, copies, strict=True)
        ]
    )
    tested = {number for number, r in zip(family, images, strict=True) if r["split"] == "test"}
    things, moved = [], set()
    for record, number in zip(images, family, strict=True):
        concept = concepts[record["concept"]]
        if record["split"] == "train" and number in tested:
            moved.add(record["concept"])
        elif record["split"] != "val":
            words = ", ".join([concept["name"], *concept["keywords"].get("en", [])])
            things.append(
                Thing(
                    id=record["image"],
                    label=record["group"],
                    group=f"family {number}",
                    part=record["split"],
                    files={"image": record["image"]},
                    words={"en": words},
                )
            )
    about = (
        "official test; families are concepts that differ in man, woman, person or gender sign, "
        f"or share a byte-identical drawing; {len(moved)} training concepts with a relative in "
        "the test were left out"
    )
    return RealSet(
        name="emoji",
        things=things,
        archives={"image": archive},
        simple={"text": "characters", "image": "pixels"},
        about=about,
    )


_PERSON = {chr(code) for code in (0x1F466, 0x1F467, 0x1F468, 0x1F469, 0x1F9D1, 0x1F9D2)}
_JOINERS = {chr(code) for code in (0x200D, 0x2640, 0x2642, 0xFE0F)}
_WORDS = r"(?<![a-z])(man|woman|person|men|women|people|boy|girl|male|female)(?![a-z])"


def siblings(concept: Mapping[str, Any]) -> tuple[str, str]:
    """What a concept is called, and written as, without who does it.

    Args:
        concept: A record of the set.
    """
    signs = [sign for sign in concept["emoji"] if sign not in _JOINERS]
    rest = "".join(sign for sign in signs if sign not in _PERSON)
    who = "someone" if len(rest) < len(signs) else ""
    named = re.sub(r"_+", "_", re.sub(_WORDS, "", concept["concept"].replace("_", " ")))
    return f"name {' '.join(named.split())}", f"signs {who}{rest}"


def esc10(data: Path) -> RealSet:
    """Ten environmental sounds: the official five folds, recordings as groups."""
    records = lines(data / "esc10" / "metadata.jsonl")
    things = [
        Thing(
            id=record["file"],
            label=record["label"],
            group=f"recording {record['source']}",
            part=f"fold {record['fold']}",
            files={"audio": record["file"]},
        )
        for record in records
    ]
    return RealSet(
        name="esc10",
        things=things,
        archives={"audio": data / "esc10" / "audio.zip"},
        simple={"audio": "cepstra"},
        about="the official 5 folds; clips of one recording are a group",
    )


def fsdd(data: Path) -> RealSet:
    """Spoken digits of six people, one left out at a time."""
    folder = data / "avmnist_parts" / "fsdd"
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    things = [
        Thing(
            id=record["file"],
            label=record["digit"],
            group=record["speaker"],
            part=record["speaker"],
            files={"audio": record["file"]},
        )
        for record in records
    ]
    return RealSet(
        name="fsdd",
        things=things,
        archives={"audio": folder / "recordings.zip"},
        simple={"audio": "cepstra"},
        about="each of 6 speakers left out once; speakers are groups",
    )


READERS: dict[str, Callable[[Path], RealSet]] = {
    "grocery": grocery,
    "stamps": stamps,
    "emoji": emoji,
    "esc10": esc10,
    "fsdd": fsdd,
}
"""Every set by its name."""


# ---------------------------------------------------------------- reading


def families(sides: Sequence[tuple[str, ...]]) -> NDArray[np.intp]:
    """Items that share any side, directly or through others, are one family.

    Args:
        sides: What each of `N` items could be related by.

    Returns:
        `[N]` the number of each item's family.
    """
    parent: dict[str, str] = {}

    def root(side: str) -> str:
        while parent.setdefault(side, side) != side:
            side = parent[side]
        return side

    for first, *others in sides:
        for other in others:
            parent[root(other)] = root(first)
    return np.unique([root(first) for first, *_ in sides], return_inverse=True)[1]


def lines(path: Path) -> list[dict[str, Any]]:
    """Records of a JSONL file.

    Args:
        path: The file.
    """
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _hashes(archive: Path, names: Iterable[str]) -> list[str]:
    with zipfile.ZipFile(archive) as files:
        return [sha256(files.read(name)).hexdigest() for name in names]


def _pictures(archive: Path, names: Iterable[str]) -> list[NDArray[np.uint8]]:
    with zipfile.ZipFile(archive) as files:
        opened = (Image.open(io.BytesIO(files.read(name))) for name in names)
        return [np.asarray(image.convert("RGB")) for image in opened]
