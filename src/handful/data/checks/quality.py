"""Find what shows, tells or sounds too little: blurred, dark, burnt out, silent, clipped, empty.

Use when: always; a few such files are usual, many of them say that something went wrong before.
Cost: decodes every file once, about 3 ms each; `shortcuts` uses the same numbers.
Source: thresholds were chosen on the training part of a grocery set: of 300 sharp photos none has a
blur above 0.46, and blurred by two pixels 97 of 100 have more than 0.55.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import soundfile
from PIL import Image, ImageFilter

from handful.data.checks.base import Check, Finding, Remedy, Severity, View
from handful.data.checks.evidence.measuring import PictureFacts, SoundFacts, pictures_of, sounds_of
from handful.data.checks.workbench import Workbench
from handful.foundation.console import plural
from handful.foundation.errors import require


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """From where on something is told."""

    most_blur: float = 0.55
    """Of a picture, in [0, 1]; sharp photos have 0.2 to 0.45."""
    least_sharp_px: int = 48
    """Pictures with a shorter side than this are too small to be called blurred."""
    least_light: float = 0.25
    """A picture is dark when 99 of 100 pixels are darker than this, in [0, 1]."""
    most_burnt: float = 0.3
    """Share of a picture that may be burnt out, in [0, 1]."""
    least_spread: float = 0.008
    """A picture whose lightness varies less than this, in [0, 0.5], shows nothing."""
    most_clipped: float = 0.01
    """Share of a sound's samples that may stand at its peak, in [0, 1]."""
    most_silent: float = 0.95
    """Share of a sound that may be silent, in [0, 1]."""
    least_letters: int = 2
    """Letters and digits a text must have; a sign that is a word counts for two."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("most_blur", "least_light", "most_burnt", "most_clipped", "most_silent"):
            require(0 < getattr(self, name) <= 1, name, getattr(self, name), "in (0, 1]")
        require(0 <= self.least_spread <= 0.5, "least_spread", self.least_spread, "in [0, 0.5]")
        require(self.least_letters >= 1, "least_letters", self.least_letters, "1 or more")
        require(self.least_sharp_px >= 9, "least_sharp_px", self.least_sharp_px, "9 or more")


class _Fault(NamedTuple):
    """One way in which a file is poor."""

    one: str
    many: str
    meaning: str
    measured: Mapping[str, float]


class Quality(Check):
    """Pictures, sounds and texts in which there is little to learn from."""

    not_covered = (
        "Whether a picture is in focus where it matters, motion blur along one line, noise, wrong "
        "colours, echo, other people talking and bad spelling are not judged. A drawing in pale "
        "colours is not told from a washed-out photo."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Measure everything, and tell what is poor."""
        faults = [
            *self._of_pictures(pictures_of(view)),
            *self._of_sounds(sounds_of(view)),
            *self._of_texts({item.id: item.words for item in view.usable if item.words}),
        ]
        names = {item.id: item.key for item in view.items}
        return [self._about(fault, names) for fault in faults if fault.measured]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """A blurred, a dark, a burnt and a blank picture, a silent and a clipped sound, no text."""
        pictures: dict[str, Callable[[Image.Image], Image.Image]] = {
            "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(4)),
            "dark": lambda image: image.point(lambda value: value * 0.15),
            "burnt": lambda image: image.point(lambda value: min(255, value * 2.2)),
            "blank": lambda image: Image.new("RGB", image.size, (120, 130, 140)),
        }
        for key in (*pictures, "silent", "clipped", "plain"):
            _item(bench, key, dice)
        for key, change in pictures.items():
            path = bench.files / f"{key}.png"
            with Image.open(path) as image:
                change(image).save(path)
        samples, rate = soundfile.read(bench.files / "plain.wav", dtype="float32")
        soundfile.write(bench.files / "silent.wav", samples * 1e-4, rate)
        soundfile.write(bench.files / "clipped.wav", np.clip(samples * 8, -0.9, 0.9), rate)
        bench.item("wordless", dice, note=". . -")
        bench.item("filler", dice, note="Lorem ipsum dolor sit amet")
        return [*pictures, "silent", "clipped", "wordless", "filler"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Sharp photos, a drawing on a transparent ground, soft sounds, short texts."""
        for place, note in enumerate(("a blue cup", "OK", "猫", "cup no. 7")):
            _item(bench, f"plain-{place}", dice, note=note)
        drawing = Image.new("RGBA", (96, 96), (0, 0, 0, 0))
        colour = (*dice.integers(0, 160, 3).tolist(), 255)
        drawing.paste(Image.new("RGBA", (40, 40), colour), (28, 28))
        drawing.save(bench.files / "plain-0.png")
        samples, rate = soundfile.read(bench.files / "plain-1.wav", dtype="float32")
        soundfile.write(bench.files / "plain-1.wav", samples * 0.05, rate)

    def _of_pictures(self, facts: Mapping[str, PictureFacts]) -> list[_Fault]:
        blank, dark, burnt, blurred = {}, {}, {}, {}
        for identity, each in facts.items():
            if each.spread < self.config.least_spread:
                blank[identity] = each.spread
            elif each.dark < self.config.least_light:
                dark[identity] = each.dark
            elif each.burnt > self.config.most_burnt:
                burnt[identity] = each.burnt
            elif (
                each.blur > self.config.most_blur
                and min(each.width, each.height) >= self.config.least_sharp_px
            ):
                blurred[identity] = each.blur
        return [
            _Fault(
                "picture of one colour",
                "pictures of one colour",
                "There is nothing to see in them.",
                blank,
            ),
            _Fault("dark picture", "", "What they show is lost in the dark.", dark),
            _Fault("burnt-out picture", "", "What was bright has no shape any more.", burnt),
            _Fault(
                "blurred picture", "", "Fine detail is gone; a model learns shapes only.", blurred
            ),
        ]

    def _of_sounds(self, facts: Mapping[str, SoundFacts]) -> list[_Fault]:
        silent = {
            identity: each.silent
            for identity, each in facts.items()
            if each.silent > self.config.most_silent
        }
        clipped = {
            identity: each.clipped
            for identity, each in facts.items()
            if each.clipped > self.config.most_clipped
        }
        return [
            _Fault("silent sound", "", "There is nothing to hear in them.", silent),
            _Fault(
                "clipped sound",
                "",
                "They were recorded too loud, and what is cut off is lost.",
                clipped,
            ),
        ]

    def _of_texts(self, words: Mapping[str, Mapping[str, str]]) -> list[_Fault]:
        empty, filler = {}, {}
        for identity, each in words.items():
            letters = sum(map(_letters, each.values()))
            if letters < self.config.least_letters:
                empty[identity] = float(letters)
            elif all(map(is_filler, each.values())):
                filler[identity] = float(letters)
        return [
            _Fault(
                "text without words",
                "texts without words",
                "There is nothing to read in them.",
                empty,
            ),
            _Fault(
                "text that only holds a place",
                "texts that only hold a place",
                "They say what a program writes by itself.",
                filler,
            ),
        ]

    def _about(self, fault: _Fault, names: Mapping[str, str]) -> Finding:
        count, first = len(fault.measured), min(fault.measured)
        return self.finding(
            plural(count, fault.one, fault.many),
            Severity.WARNING,
            fault.measured,
            evidence={
                "measured": {key: round(value, 4) for key, value in sorted(fault.measured.items())}
            },
            meaning=f"{fault.meaning} First: {names[first]}.",
            fix="Look at them, and set aside what is no use.",
            remedy=Remedy(
                action="quarantine", items=tuple(sorted(fault.measured)), because=fault.one
            ),
        )


def _letters(text: str) -> int:
    """Letters and digits; signs that are whole words, as of Chinese and emoji, count for two."""
    return sum(
        2 if unicodedata.category(sign) in ("Lo", "So") else int(sign.isalnum())
        for sign in text[:1000]
    )


_FILLER = re.compile(
    r"lorem ipsum.*|todo([:!-].{0,40})?|tbd|tba|n/?a|nan|null|none|nil|undefined|untitled( \d+)?|"
    r"placeholder\w*|(insert|enter|your|add) (text|title|caption|description)( here)?|"
    r"click to (edit|add).*|(new|unnamed) (document|file|image)( \d+)?|"
    r"(img|dsc[nf]?|pict|pxl|mvi|p|gopr)[_-]?\d{3,}(\.\w{3,4})?|asdf\w*|qwert\w*|x{3,}|\.{3,}",
    re.DOTALL,
)


def is_filler(text: str) -> bool:
    """Whether a text only holds a place: what programs and tired people write.

    Args:
        text: Any.
    """
    return bool(_FILLER.fullmatch(" ".join(text.lower().split())))


def _item(bench: Workbench, key: str, dice: np.random.Generator, **facts: str) -> None:
    bench.item(key, dice, **facts)
    bench.scene(f"{key}.png", dice, grain=24)
    bench.tune(f"{key}.wav", dice)
