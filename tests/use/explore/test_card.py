from html.parser import HTMLParser

import numpy as np
import pytest

from handful.data.modalities.base import Sound
from handful.foundation.predictor import Answer, Level
from handful.use.explore.card import Shown, render
from handful.use.explore.drawing import waveform


def answer(level: Level = Level.SURE) -> Answer:
    return Answer(
        label="cracked",
        level=level,
        probabilities={"cracked": 0.9, "first": 0.1},
        shares={"audio": 0.91, "image": 0.06, "text": 0.03},
        reason="I heard it, I did not see it.",
        error_rate=0.04,
    )


class Outside(HTMLParser):
    """Collects every address that a page would load, and every script."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "action")]


def test_the_page_stands_alone_and_runs_no_script() -> None:
    picture = np.full((8, 12, 3), 200, np.uint8)
    sound = Sound(np.sin(np.arange(4000) / 7).astype(np.float32), 8000)
    page = render(
        [Shown(answer=answer(), image=picture, audio=sound, text={"en": "fine mug"})],
        title="grade",
    )
    found = Outside()
    found.feed(page)
    assert all(address.startswith("data:image/jpeg;base64,") for address in found.addresses)
    assert "script" not in found.tags
    assert "http" not in page.replace("http-equiv", "")
    assert "<strong>Cracked.</strong>" in page
    assert "91%" in page


def test_words_from_outside_cannot_become_markup() -> None:
    shown = Shown(answer=answer(), text={"und": "<script>alert(1)</script>"}, heading="<b>x</b>")
    page = render([shown], title="<i>")
    assert "<script>" not in page
    assert "<b>x" not in page


def test_what_is_missing_is_shown_as_missing() -> None:
    page = render([Shown(answer=answer(Level.NOT_SURE), missing=("audio",))], title="x")
    assert "no sound" in page
    assert "no photo" not in page
    assert "<strong>Not sure.</strong>" in page


def test_the_waveform_is_the_peak_of_each_part() -> None:
    samples = np.zeros(1000, np.float32)
    samples[500:600] = -0.5
    samples[900:] = 0.25
    assert waveform(Sound(samples, 1000), bars=10) == pytest.approx(
        [0, 0, 0, 0, 0, 1, 0, 0, 0, 0.5]
    )
    assert waveform(Sound(np.zeros(0, np.float32), 1000), bars=4) == [0, 0, 0, 0]
