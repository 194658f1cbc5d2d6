"""The potters of the workshop, with habits that show, sound and read."""

from __future__ import annotations

from dataclasses import dataclass

from handful.data.samples.kiln.forms import KINDS


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Potter:
    """Someone of the workshop, with habits that show, sound and read."""

    name: str
    language: str
    clays: dict[str, float]
    glazes: dict[str, float]
    kinds: dict[str, float]
    wall: float
    """Factor on the usual wall thickness."""
    typos: float
    """Expected slips per word."""
    words: float
    """Factor on the usual length of a note."""


_EVEN = dict.fromkeys(KINDS, 1.0)

POTTERS = (
    Potter(
        name="Maud",
        language="en",
        clays={"stoneware": 3, "porcelain": 1},
        glazes={"celadon": 3, "white": 2, "cobalt": 2, "chun": 2},
        kinds=_EVEN | {"mug": 2.0},
        wall=0.95,
        typos=0.02,
        words=1.2,
    ),
    Potter(
        name="Jonte",
        language="en",
        clays={"stoneware": 3, "earthenware": 1},
        glazes={"tenmoku": 3, "oatmeal": 2, "iron red": 2, "raw clay": 1},
        kinds=_EVEN | {"bowl": 1.6, "teapot": 1.4},
        wall=1.15,
        typos=0.08,
        words=0.7,
    ),
    Potter(
        name="Friederike",
        language="de",
        clays={"stoneware": 2, "porcelain": 2},
        glazes={"white": 2, "celadon": 2, "oatmeal": 2, "turquoise": 1},
        kinds=_EVEN | {"plate": 1.7},
        wall=0.9,
        typos=0.03,
        words=1.1,
    ),
    Potter(
        name="Hannes",
        language="de",
        clays={"earthenware": 2, "stoneware": 2},
        glazes={"raw clay": 2, "shino": 3, "iron red": 1, "tenmoku": 1},
        kinds=_EVEN | {"candle holder": 1.6},
        wall=1.2,
        typos=0.09,
        words=0.7,
    ),
    Potter(
        name="Inés",
        language="es",
        clays={"earthenware": 3, "stoneware": 2},
        glazes={"cobalt": 3, "turquoise": 3, "white": 2, "ash yellow": 1},
        kinds=_EVEN | {"plate": 1.4, "vase": 1.4},
        wall=1.05,
        typos=0.05,
        words=1.0,
    ),
    Potter(
        name="Paloma",
        language="es",
        clays={"stoneware": 3, "porcelain": 1},
        glazes={"oatmeal": 2, "celadon": 2, "raw clay": 2, "chun": 1},
        kinds=_EVEN | {"vase": 1.8},
        wall=1.0,
        typos=0.07,
        words=0.9,
    ),
    Potter(
        name="Solène",
        language="fr",
        clays={"porcelain": 3, "stoneware": 2},
        glazes={"white": 2, "celadon": 3, "cobalt": 1, "shino": 2},
        kinds=_EVEN | {"teapot": 1.8, "mug": 1.2},
        wall=0.85,
        typos=0.04,
        words=1.1,
    ),
    Potter(
        name="Baptiste",
        language="fr",
        clays={"stoneware": 3, "earthenware": 1},
        glazes={"tenmoku": 2, "ash yellow": 2, "chun": 2, "iron red": 2},
        kinds=_EVEN | {"bowl": 1.5, "candle holder": 1.3},
        wall=1.1,
        typos=0.06,
        words=0.8,
    ),
)
