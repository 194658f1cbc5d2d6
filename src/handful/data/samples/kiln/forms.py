"""The forms of the workshop: how each kind of piece is made, and how large."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("mug", "bowl", "plate", "vase", "teapot", "candle holder")


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One way to make a kind of piece: ranges in centimetres, and how often it is made."""

    width: tuple[float, float]
    height: tuple[float, float]
    wall: float
    weight: float


FORMS: dict[str, dict[str, Form]] = {
    "mug": {
        "cylinder": Form(width=(7.6, 9.2), height=(8.0, 10.5), wall=0.40, weight=1.0),
        "barrel": Form(width=(8.4, 10.2), height=(7.8, 9.8), wall=0.42, weight=1.0),
        "tapered": Form(width=(8.2, 9.8), height=(8.0, 10.6), wall=0.40, weight=0.9),
        "tulip": Form(width=(8.6, 10.4), height=(8.2, 10.4), wall=0.38, weight=0.8),
        "tumbler": Form(width=(7.2, 8.8), height=(7.4, 10.6), wall=0.40, weight=0.55),
    },
    "bowl": {
        "round": Form(width=(11, 19), height=(5.5, 8.5), wall=0.48, weight=1.1),
        "cone": Form(width=(12, 20), height=(5.5, 8.5), wall=0.46, weight=0.9),
        "flared": Form(width=(12, 20), height=(5.0, 7.6), wall=0.45, weight=0.8),
        "lobed": Form(width=(12, 19), height=(5.2, 7.6), wall=0.46, weight=0.6),
        "tea bowl": Form(width=(9.6, 12.4), height=(6.6, 8.4), wall=0.50, weight=0.7),
    },
    "plate": {
        "rimmed": Form(width=(19, 28), height=(1.9, 2.8), wall=0.62, weight=1.0),
        "coupe": Form(width=(17, 27), height=(2.1, 3.2), wall=0.58, weight=0.9),
        "deep": Form(width=(18, 24), height=(3.4, 4.8), wall=0.58, weight=0.6),
    },
    "vase": {
        "bottle": Form(width=(9, 14), height=(17, 27), wall=0.55, weight=1.0),
        "bulb": Form(width=(11, 17), height=(13, 20), wall=0.55, weight=0.9),
        "cylinder": Form(width=(7, 10), height=(13, 21), wall=0.52, weight=0.5),
        "moon": Form(width=(14, 20), height=(13, 18), wall=0.55, weight=0.6),
        "amphora": Form(width=(11, 15), height=(18, 26), wall=0.58, weight=0.7),
    },
    "teapot": {
        "round": Form(width=(13, 17), height=(10, 13), wall=0.48, weight=1.0),
        "squat": Form(width=(15, 18), height=(8.0, 10), wall=0.48, weight=0.7),
        "tall": Form(width=(11.5, 14), height=(13, 17), wall=0.48, weight=0.8),
    },
    "candle holder": {
        "chamberstick": Form(width=(12, 16), height=(3.8, 5.4), wall=0.55, weight=1.0),
        "cup": Form(width=(7.4, 10), height=(4.6, 7.2), wall=0.46, weight=0.7),
        "stick": Form(width=(9, 12), height=(12, 20), wall=0.60, weight=1.0),
        "lantern": Form(width=(9.5, 12.5), height=(11, 16), wall=0.50, weight=0.8),
    },
}
