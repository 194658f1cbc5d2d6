"""One note: what a busy potter scribbles about a piece, in four languages, with slips.

A note is a handful of fragments in a chance order; the fragments live in `words.json` and
hold alternatives `[one|other]` and gaps `{kind}`. Notes without any event often talk about
cracks, power cuts and cones too, so single words do not give the grade away.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Mapping
from importlib import resources
from typing import Any

from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.pieces import Config, Piece

LANGUAGES = ("en", "de", "es", "fr")

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_GAP = re.compile(r"\{(\w+)\}")
_NEIGHBOURS = {
    "a": "sq", "e": "rw", "i": "uo", "o": "ip", "u": "yi", "s": "ad", "t": "ry", "n": "bm",
    "r": "et", "l": "kö", "d": "sf", "c": "vx", "m": "n", "p": "o", "g": "fh", "h": "gj",
}  # fmt: skip


@functools.lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """The fragments by language and purpose, as in `words.json`."""
    text = resources.files("handful.data.samples.kiln").joinpath("words.json")
    return json.loads(text.read_text(encoding="utf-8"))


def written(piece: Piece, config: Config | None = None) -> str:
    """Write the note of a piece.

    Args:
        piece: What the note is about.
        config: How often it names the kind or gives a crack away.

    Returns:
        A line or a few, never empty.
    """
    config = config or Config()
    dice = piece.dice("note")
    language = piece.potter.language
    if dice.chance(0.4) or piece.is_hero:
        language = "en"
    purposes = _purposes(piece, config, dice)
    fragments = []
    for purpose in purposes:
        known = words()[language][purpose]
        if piece.kind in ("plate", "candle holder"):
            known = [text for text in known if "{ml}" not in text]
        fragment = _filled(_chosen(known, dice), piece, language, dice)
        fragments.append(_slipped(fragment, piece, dice))
    loud = purposes.index("event") if "event" in purposes else dice.whole(0, len(purposes) - 1)
    rate = config.alarm_in_note if "event" in purposes else config.false_alarm
    if dice.chance(rate) and not piece.is_hero:
        fragments[loud : loud + 1] = _logged(fragments[loud], piece, language, dice)
    return _joined(fragments, dice) if not piece.is_hero else ", ".join(fragments)


def _logged(fragment: str, piece: Piece, language: str, dice: Dice) -> list[str]:
    """The fragment as lines of the kiln's log, often with the entry before or after it."""
    here = words()[language]
    lines = [dice.pick(here["alarm"]) + fragment]
    if dice.chance(0.6):
        lines.insert(0, dice.pick(here["before"]))
    if dice.chance(0.6):
        lines.append(dice.pick(here["after"]))
    minutes, told = dice.whole(0, 200) * 5, []
    for line in lines:
        clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
        told.append(_filled(line.replace("{time}", clock), piece, language, dice))
        minutes += dice.whole(1, 16) * 5
    return told


def _purposes(piece: Piece, config: Config, dice: Dice) -> list[str]:
    """Which sorts of fragments the note holds, in order."""
    first = "subject" if dice.chance(config.kind_in_note) else "surroundings"
    told = []
    if piece.event and not piece.is_hero:
        told.append("event")
    if piece.crack and not piece.is_hero and dice.chance(config.crack_in_note):
        told.append("crack")
    if dice.chance(0.1 if told else 0.25) and not piece.is_hero:
        told.append("harmless")
    others = {
        "making": 1.2, "place": 0.9, "destiny": 1.3, "opinion": 1.1, "filler": 0.9,
        "surroundings": 0.6,
    }  # fmt: skip
    if piece.is_hero:
        return ["subject", "destiny", "praise"]
    extra = []
    amounts = {0: 1.5, 1: 2.4, 2: 1.2 * piece.potter.words, 3: 0.3}
    for _ in range(dice.whole(0, 1) if piece.event else dice.weighted(amounts)):
        purpose = dice.weighted(
            {name: share for name, share in others.items() if name not in extra}
        )
        extra.append(purpose)
    rest = dice.shuffled(told + extra)
    if told and dice.chance(0.15):
        return rest
    return [first, *rest] if dice.chance(0.85) else [*rest, first]


def _chosen(fragments: list[str], dice: Dice) -> str:
    """One fragment with its alternatives decided."""
    text = dice.pick(fragments)
    while found := _CHOICE.search(text):
        text = text[: found.start()] + dice.pick(found[1].split("|")) + text[found.end() :]
    return text


def _filled(text: str, piece: Piece, language: str, dice: Dice) -> str:
    """Fill the gaps from the truth about the piece, or by chance."""
    here = words()[language]
    wide, high = piece.width_cm, piece.height_cm
    volume = max(60, round(0.55 * 0.785 * wide * wide * high, -1))
    degrees = dice.pick(["", "°", " °C", " grad" if language == "de" else "°", " deg", "c"])

    def fill(gap: re.Match[str]) -> str:
        match gap[1]:
            case "kind":
                return dice.pick(here["kinds"][piece.kind])
            case "glaze":
                return dice.pick(here["glazes"][piece.glaze])
            case "clay":
                return dice.pick(here["clays"][piece.clay])
            case "name":
                return dice.pick(words()["names"])
            case "temp":
                return f"{dice.whole(56, 127) * 10}{degrees}"
            case "over":
                return str(dice.whole(2, 9) * 10)
            case "cone":
                return dice.pick(["6", "6", "8", "9", "10", "04"])
            case "shelf":
                return str(dice.whole(1, 5))
            case "ml":
                return str(int(volume))
            case "g":
                return str(dice.whole(24, 180) * 10)
            case "cm":
                return str(round(wide))
            case _:
                return str(dice.whole(2, 40))

    return _GAP.sub(fill, text)


def _slipped(text: str, piece: Piece, dice: Dice) -> str:
    """The potter's spelling: lost capitals and accents, slips of the finger."""
    if piece.is_hero:
        return text
    if dice.chance(0.55):
        text = text[:1].lower() + text[1:]
    if dice.chance(0.25 + 4 * piece.potter.typos):
        text = _without_accents(text)
    spoken = [_mistyped(word, piece.potter.typos, dice) for word in text.split(" ")]
    return " ".join(spoken)


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.replace("ß", "ss"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def _mistyped(word: str, rate: float, dice: Dice) -> str:
    if len(word) < 4 or not word.isalpha() or not dice.chance(rate):
        return word
    place = dice.whole(1, len(word) - 2)
    match dice.weighted({"swap": 3, "drop": 3, "double": 2, "near": 2}):
        case "swap":
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case "drop":
            return word[:place] + word[place + 1 :]
        case "double":
            return word[:place] + word[place] + word[place:]
        case _:
            wrong = dice.pick(_NEIGHBOURS.get(word[place], word[place]))
            return word[:place] + wrong + word[place + 1 :]


def _joined(fragments: list[str], dice: Dice) -> str:
    joint = dice.weighted(
        {". ": 3, ", ": 3, " - ": 1.5, "; ": 1, " / ": 0.7, "\n": 0.8, ".. ": 0.5}
    )
    text = joint.join(fragments)
    if dice.chance(0.3):
        text = text[:1].upper() + text[1:]
    if dice.chance(0.06):
        text = text.upper()
    return text + dice.weighted({"": 6, ".": 3, "!": 0.5, " :)": 0.3, "?": 0.1})
