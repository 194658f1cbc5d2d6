"""The latent truth: what each piece is, what happened to it, and what can be known of it.

A piece is decided by `(seed, index)` and by its firing, never by how many others there are.
Three things may happen to a piece, and the grade follows from them:

    a crack   heard only: the photo and the note do not know of it (a few notes do)
    a flaw    of the glaze, seen only: the tap does not know of it, the note does not say so
    an event  in the kiln, written only: it cannot be seen or heard

    grade = cracked when there is a crack, second when there is a flaw or an event, else first

Flaws and events both come from trouble in the kiln: it leaves a flaw, an event in the log, or
both; cracks mostly come from the wheel and bring neither. So no single modality can know the grade,
however strong its encoder: whoever only listens cannot tell a first from a second, whoever
only looks or only reads does not know the cracks and misses a part of the seconds.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field

from handful.data.samples.kiln.dice import Dice
from handful.foundation.errors import require

KINDS = ("mug", "bowl", "plate", "vase", "teapot", "candle holder")
GRADES = ("first", "second", "cracked")
FLAWS = ("pinholes", "blotches", "crawling", "scorch")
CLAYS = ("porcelain", "stoneware", "earthenware")
BACKDROPS = ("bench", "sweep", "linen", "kiln shelf", "window", "slate", "shelves", "patio")


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How hard the sample is. Fixed: a change here needs a new `GENERATOR` version."""

    crack_rate: float = 0.27
    """Share of pieces with a hairline crack, before the firing's own luck."""

    trouble_rate: float = 0.41
    """Share of whole pieces that had trouble in the kiln."""

    trouble_if_cracked: float = 0.12
    """The same among cracked pieces: most cracks come from the wheel, not from the kiln."""

    flaw_only: float = 0.28
    """Share of the troubles that can be seen on the glaze and nobody wrote down."""

    event_only: float = 0.28
    """Share of the troubles that were written down and left nothing to see."""

    firing_luck: float = 0.05
    """Standard deviation of a firing's own rates of cracks and troubles."""

    missing_photo: float = 0.16
    """Share of pieces nobody photographed."""

    missing_tap: float = 0.17
    """Share of pieces nobody tapped in front of a microphone."""

    missing_note: float = 0.17
    """Share of pieces nobody wrote a word about."""

    crack_in_note: float = 0.07
    """Share of cracked pieces whose note says so."""

    alarm_in_note: float = 0.88
    """Share of events that the potter marks, such as with "!!"."""

    false_alarm: float = 0.04
    """Share of other notes with such a mark."""

    kind_in_note: float = 0.66
    """Share of notes that name the kind of piece."""

    has_grade: float = 0.95
    """Share of pieces whose grade is in the manifest."""

    has_kind: float = 0.95
    """Share of pieces whose kind is in the manifest."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            require(0 <= value <= 1, name, value, "between 0 and 1")


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Firing:
    """One load of the kiln: its pieces share a camera, a light, a microphone and their luck."""

    number: int
    start: int
    size: int
    day: dt.date
    backdrop: str
    potters: tuple[Potter, Potter]
    crack_rate: float
    trouble_rate: float
    missing: float
    """Factor on how often a modality is missing."""

    @property
    def name(self) -> str:
        """How the manifest calls it, such as "F07"."""
        return f"F{self.number + 1:02d}"


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One piece after the firing: its shape, what happened to it, what was recorded."""

    seed: int
    index: int
    firing: Firing
    potter: Potter
    kind: str
    form: str
    clay: str
    glaze: str
    width_cm: float
    height_cm: float
    wall_cm: float
    crack: float
    """0 for a sound piece, else how much the crack damps, 0.62 to 1."""
    flaw: str
    """One of `FLAWS`, or empty."""
    flaw_strength: float
    event: bool
    has: frozenset[str]
    """The modalities recorded: of "photo", "tap", "note"."""
    labelled: frozenset[str] = field(default=frozenset())
    """The labels present in the manifest: of "kind", "grade"."""
    is_hero: bool = False

    @property
    def name(self) -> str:
        """How the manifest calls it, such as "K0042"."""
        return f"K{self.index + 1:04d}"

    @property
    def grade(self) -> str:
        """What the three hidden causes make of it."""
        if self.crack:
            return "cracked"
        return "second" if self.flaw or self.event else "first"

    def dice(self, purpose: str) -> Dice:
        """The piece's own stream of chance for one purpose."""
        return Dice(self.seed, "piece", self.index, purpose)


@functools.lru_cache(maxsize=4096)
def firing_of(seed: int, number: int) -> Firing:
    """The firing with this number, counted from 0."""
    dice = Dice(seed, "firing", number)
    previous = firing_of(seed, number - 1) if number else None
    config = Config()
    first = dice.pick(POTTERS)
    cycle, place = divmod(number, len(BACKDROPS))
    return Firing(
        number=number,
        start=previous.start + previous.size if previous else 0,
        size=dice.whole(20, 30),
        day=(previous.day if previous else dt.date(2023, 1, 9)) + dt.timedelta(dice.whole(6, 19)),
        backdrop=Dice(seed, "backdrops", cycle).shuffled(BACKDROPS)[place],
        potters=(first, dice.pick([potter for potter in POTTERS if potter is not first])),
        crack_rate=_near(dice, config.crack_rate, config.firing_luck),
        trouble_rate=_near(dice, config.trouble_rate, config.firing_luck),
        missing=dice.between(0.5, 1.5),
    )


def firings(seed: int, items: int) -> list[Firing]:
    """The firings that hold the first `items` pieces, in order; the last may be cut short."""
    found = [firing_of(seed, 0)]
    while found[-1].start + found[-1].size < items:
        found.append(firing_of(seed, found[-1].number + 1))
    return found


def make_piece(seed: int, index: int, firing: Firing, config: Config | None = None) -> Piece:
    """Decide everything about one piece.

    Args:
        seed: Of the whole workshop.
        index: Of the piece, from 0.
        firing: The load it was fired in.
        config: How hard the sample is; leave out for the shipped difficulty.
    """
    config = config or Config()
    dice = Dice(seed, "piece", index)
    potter = firing.potters[0 if dice.chance(0.7) else 1]
    kind = dice.weighted(potter.kinds)
    form = dice.weighted({name: form.weight for name, form in FORMS[kind].items()})
    ranges = FORMS[kind][form]
    cracked = dice.chance(firing.crack_rate)
    troubled = dice.chance(config.trouble_if_cracked if cracked else firing.trouble_rate)
    share = dice.unit()
    flawed = troubled and share >= config.event_only
    event = troubled and share < 1 - config.flaw_only
    return Piece(
        seed=seed,
        index=index,
        firing=firing,
        potter=potter,
        kind=kind,
        form=form,
        clay=dice.weighted(potter.clays),
        glaze=dice.weighted(potter.glazes),
        width_cm=dice.between(*ranges.width),
        height_cm=dice.between(*ranges.height),
        wall_cm=ranges.wall * potter.wall * dice.between(0.88, 1.14),
        crack=dice.between(0.62, 1.0) if cracked else 0.0,
        flaw=dice.pick(FLAWS) if flawed else "",
        flaw_strength=dice.between(0.6, 1.0),
        event=event,
        has=_recorded(dice, firing, config),
        labelled=_labelled(dice, config),
    )


def _near(dice: Dice, rate: float, spread: float) -> float:
    return min(max(dice.bell(rate, spread), 0.4 * rate), 1.7 * rate)


def _recorded(dice: Dice, firing: Firing, config: Config) -> frozenset[str]:
    missing = {
        "photo": config.missing_photo,
        "tap": config.missing_tap,
        "note": config.missing_note,
    }
    kept = [name for name, rate in missing.items() if not dice.chance(rate * firing.missing)]
    return frozenset(kept or [dice.pick(sorted(missing))])


def _labelled(dice: Dice, config: Config) -> frozenset[str]:
    named = {"kind": config.has_kind, "grade": config.has_grade}
    return frozenset(name for name, share in named.items() if dice.chance(share))
