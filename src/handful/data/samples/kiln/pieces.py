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
from handful.data.samples.kiln.forms import FORMS
from handful.data.samples.kiln.potters import POTTERS, Potter
from handful.foundation.errors import require

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

    flaw_only: float = 0.23
    """Share of the troubles that can be seen on the glaze and nobody wrote down."""

    event_only: float = 0.33
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
