"""One item and the answer to it, as a page that stands alone: photo, sound, words, and why.

The page holds everything inside itself, loads nothing, runs no script, and follows the reader's
light or dark setting. All text from outside is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from handful.data.modalities.base import Picture, Sound, Words
from handful.foundation.predictor import Answer, Level
from handful.use.explore.drawing import note, photo, wave

_NOUNS = {"text": "words", "image": "photo", "audio": "sound"}
_TONES = {Level.SURE: "sure", Level.FAIRLY_SURE: "fairly", Level.NOT_SURE: "unsure"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One side of a card: what was shown to the model, and what it said.

    Attributes:
        answer: What it said.
        image: The photo; None where it was not shown.
        audio: The sound; None where it was not shown.
        text: The words; None where they were not shown.
        heading: What this side is, such as `With its sound taken away`.
        missing: Modalities that the item has and the model was not shown.
    """

    answer: Answer
    image: Picture | None = None
    audio: Sound | None = None
    text: Words | None = None
    heading: str = ""
    missing: tuple[str, ...] = ()


def render(sides: Sequence[Shown], *, title: str, footer: str = "") -> str:
    """Write a card.

    Args:
        sides: One per answer, side by side; the first is the main one.
        title: The question, such as `grade of K0437`.
        footer: One line below, such as what it cost.

    Returns:
        A whole HTML page.
    """
    style = resources.files("handful.use.explore").joinpath("card.css").read_text(encoding="utf-8")
    body = "\n".join(_side(side) for side in sides)
    foot = f"<footer>{html.escape(footer)}</footer>" if footer else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<main>\n{body}\n</main>\n{foot}\n</body>\n</html>\n"
    )


def _side(side: Shown) -> str:
    answer = side.answer
    heading = f"<h2>{html.escape(side.heading)}</h2>" if side.heading else ""
    tone = _TONES[answer.level]
    return (
        f'<section class="card {tone}">\n{heading}\n{_photo(side)}\n<div class="facts">\n'
        f"{_sound(side)}\n{_words(side)}\n</div>\n{_said(answer)}\n{_shares(answer)}\n</section>"
    )


def _photo(side: Shown) -> str:
    if side.image is None:
        return _absent("image", side)
    return photo(side.image)


def _sound(side: Shown) -> str:
    if side.audio is None:
        return _absent("audio", side)
    return wave(side.audio)


def _words(side: Shown) -> str:
    if side.text is None:
        return _absent("text", side)
    return note(side.text)


def _absent(modality: str, side: Shown) -> str:
    if modality not in side.missing:
        return ""
    return f'<p class="absent {modality}">no {_NOUNS[modality]}</p>'


def _said(answer: Answer) -> str:
    level = html.escape(str(answer.level).capitalize())
    reason = html.escape(answer.reason)
    if answer.level == Level.NOT_SURE:
        return f'<p class="said"><strong>{level}.</strong></p>\n<p class="reason">{reason}</p>'
    label = html.escape(answer.label.capitalize())
    rate = ""
    if answer.error_rate is not None:
        rate = f'\n<p class="rate">At most {answer.error_rate:.1%} of such answers are wrong.</p>'
    return (
        f'<p class="said"><strong>{label}.</strong> <span class="level">{level}.</span></p>\n'
        f'<p class="reason">{reason}</p>{rate}'
    )


def _shares(answer: Answer) -> str:
    if not answer.shares:
        return ""
    rows = "\n".join(_share(name, share) for name, share in _ordered(answer.shares))
    return f'<dl class="shares" aria-label="what decided">\n{rows}\n</dl>'


def _share(name: str, share: float) -> str:
    percent = f"{share:.0%}"
    return (
        f"<div><dt>{html.escape(_NOUNS.get(name, name))}</dt>"
        f'<dd><span class="bar"><span style="width:{100 * share:.1f}%"></span></span>'
        f'<span class="figure">{percent}</span></dd></div>'
    )


def _ordered(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda each: -each[1])
