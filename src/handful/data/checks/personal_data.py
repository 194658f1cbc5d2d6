"""Find what tells about people: addresses and numbers in texts, places and owners beside media.

Use when: before a library, or anything made from it, leaves the people who gave it.
Cost: reads every text, and the head of every file; a thousand photos in a few seconds. No network.
Source: `personal.py` for texts and `beside.py` for files name the standards.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from handful.data.checks.base import Check, Finding, Remedy, Severity, View, some
from handful.data.checks.evidence.beside import (
    OWNER,
    PLACE,
    SERIAL,
    Beside,
    beside_picture,
    beside_sound,
)
from handful.data.checks.evidence.personal import counted
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item
from handful.data.modalities.reading import Unreadable
from handful.foundation.console import plural
from handful.foundation.errors import require

_THUMBNAIL = "image/other_thumbnail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is told."""

    owners: bool = True
    """Also note who is named as owner or author beside a picture or sound."""
    most_shown: int = 200
    """How many items a finding lists as evidence, with values masked; all are counted."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.most_shown >= 1, "most_shown", self.most_shown, "1 or more")


class PersonalData(Check):
    """Personal data in texts, and what files say beside what they show."""

    not_covered = (
        "Names, postal addresses, dates of birth, faces, voices, writing inside pictures, maker "
        "notes, and all but the place of a TIFF or HEIC are not looked for; any picture or sound "
        "may contain a person."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Look through every text and beside every picture and sound."""
        told: dict[str, dict[str, list[str]]] = {}
        beside: dict[str, dict[str, list[str]]] = defaultdict(dict)
        other: list[Item] = []
        for item in view.usable:
            if found := counted(item.words):
                told[item.id] = found
            for kind, shown in _beside(view, item).items():
                beside[kind][item.id] = shown
            if "image" in item.modalities and _THUMBNAIL in item.parts["image"].notes:
                other.append(item)
        names = {item.id: item.key for item in view.items}
        findings = [
            self._about_texts(told, names),
            self._about_places(beside[PLACE], names),
            self._about_serials(beside[SERIAL]),
            self._about_owners(beside[OWNER]) if self.config.owners else None,
            self._about_thumbnails(other),
        ]
        return [finding for finding in findings if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """An address and an account in texts, a place in a photo, a serial number, an owner."""
        for place in range(3):
            bench.item(f"plain-{place}", dice)
        number = int(dice.integers(10_000, 99_999))
        bench.item("mail", dice, note=f"ask j.doe{number}@pottery.org about the glaze")
        bench.item("account", dice, note="paid to DE89 3704 0044 0532 0130 00 in May")
        for key in ("place", "serial", "owner"):
            bench.item(key, dice)
        _write_exif(bench, "place", {ExifTags.IFD.GPSInfo: {1: "N", 2: (52.0, 31.0, 12.0)}})
        _write_exif(bench, "serial", {ExifTags.IFD.Exif: {0xA431: f"SN{number}"}})
        _write_info(bench, "owner", b"IART", b"Ann Lee\0")
        return ["mail", "account", "place", "serial", "owner"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Texts with dates, sizes and order numbers; photos that say only when and with what."""
        notes = (
            "fired on 2024-05-17 at 1260",
            "order 4111 1111 1111 1112",
            "30 x 40 cm, 12 pieces",
        )
        for place, note in enumerate(notes):
            bench.item(f"plain-{place}", dice, note=note)
        _write_exif(bench, "plain-0", {ExifTags.IFD.Exif: {0x9003: "2024:05:17 10:00:00"}})

    def _about_texts(
        self, told: dict[str, dict[str, list[str]]], names: dict[str, str]
    ) -> Finding | None:
        if not told:
            return None
        kinds = Counter(
            kind for found in told.values() for kind, each in found.items() for _ in each
        )
        first = next(iter(told))
        return self.finding(
            f"{plural(len(told), 'text')} with personal data: "
            f"{some((f'{kind} {count}' for kind, count in kinds.most_common()), 6)}",
            Severity.WARNING,
            told,
            evidence={"kinds": dict(kinds.most_common()), "items": self._shown(told)},
            meaning="Who these belong to may not want them here, and a model may repeat them. "
            f'First: "{names[first]}" ({next(iter(told[first].values()))[0]}).',
            fix="`handful fix` writes [e-mail], [card number] and so on in their place, as a new "
            "version of the library; your files stay as they are.",
            remedy=Remedy(
                action="redact", items=tuple(sorted(told)), because="personal data in its text"
            ),
        )

    def _about_places(self, found: dict[str, list[str]], names: dict[str, str]) -> Finding | None:
        if not found:
            return None
        first = some((names[each] for each in found), 3)
        return self.finding(
            f"{plural(len(found), 'file')} with the place of the making",
            Severity.WARNING,
            found,
            evidence={"items": self._shown(found)},
            meaning="A place beside a photo is often somebody's home. It is not learned from, but "
            f"goes along when files are passed on. First: {first}.",
            fix="Pass on copies without it: `exiftool -gps:all= -xmp:all= FILES` for pictures.",
        )

    def _about_serials(self, found: dict[str, list[str]]) -> Finding | None:
        if not found:
            return None
        return self.finding(
            f"{plural(len(found), 'file')} with the serial number of a device",
            Severity.WARNING,
            found,
            evidence={"items": self._shown(found)},
            meaning="A serial number joins all files of one owner, wherever they are published.",
            fix="Pass on copies without it: `exiftool -all= FILES` for pictures.",
        )

    def _about_owners(self, found: dict[str, list[str]]) -> Finding | None:
        if not found:
            return None
        return self.finding(
            f"{plural(len(found), 'file')} with the name of an owner or author",
            Severity.NOTE,
            found,
            evidence={"items": self._shown(found)},
            meaning="Often wanted, as a credit; now you know that it is there.",
            fix="Nothing, unless they did not want to be named.",
        )

    def _about_thumbnails(self, items: list[Item]) -> Finding | None:
        if not items:
            return None
        return self.finding(
            f"{plural(len(items), 'picture')} with a small picture of something else inside",
            Severity.WARNING,
            (item.id for item in items),
            evidence={"items": [item.id for item in items[: self.config.most_shown]]},
            meaning="Programs that crop a photo often forget its preview, which still shows what "
            f"was cut away. First: {some((item.key for item in items), 3)}.",
            fix="Pass on copies without it: `exiftool -ThumbnailImage= FILES`.",
        )

    def _shown(self, found: dict[str, Any]) -> dict[str, Any]:
        return dict(sorted(found.items())[: self.config.most_shown])


def _beside(view: View, item: Item) -> dict[str, list[str]]:
    """Kind to where it is written and its masked value, over all files of an item."""
    every: list[Beside] = []
    for modality, look in (("image", beside_picture), ("audio", beside_sound)):
        if modality in item.modalities:
            try:
                every += look(view.library.media.bytes_of(item.parts[modality]))
            except Unreadable:
                continue
    kinds: dict[str, list[str]] = {}
    if "image" in item.modalities and "image/gps" in item.parts["image"].notes:
        kinds[PLACE] = ["seen when it was added"]
    for each in every:
        kinds.setdefault(each.kind, []).append(f"{each.where} {each.shown}")
    return kinds


def _write_exif(bench: Workbench, key: str, blocks: dict[int, dict[int, Any]]) -> None:
    path = bench.files / f"{key}.png"
    with Image.open(path) as image:
        exif = Image.Exif()
        for block, tags in blocks.items():
            exif[block] = tags
        image.save(path, exif=exif)


def _write_info(bench: Workbench, key: str, name: bytes, value: bytes) -> None:
    path = bench.files / f"{key}.wav"
    data = path.read_bytes()
    inside = b"INFO" + name + struct.pack("<I", len(value)) + value
    chunk = b"LIST" + struct.pack("<I", len(inside)) + inside
    path.write_bytes(b"RIFF" + struct.pack("<I", len(data) - 8 + len(chunk)) + data[8:] + chunk)
