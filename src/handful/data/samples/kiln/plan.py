"""The plan of the whole sample: which rows the manifest has, and what is wrong with them.

Every row is one piece as it would come; then faults are planted, each on its own row, and
written down in an answer key. Rows are independent of each other once planned, so that any
number of workers can write them in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from handful.data.samples.kiln.dice import Dice
from handful.data.samples.kiln.forms import FORMS, KINDS
from handful.data.samples.kiln.pieces import GRADES, Firing, Piece, firings, make_piece
from handful.data.samples.kiln.tap import microphone_of

LICENCE = "CC0-1.0"

SPLITS = ("train", "valid", "test")

UNCLEAR = ("", "", "unknown", "ask Ruth", "all rights reserved?", "CC", "from the internet")

NEAR = ("re-encoded", "cropped", "brighter", "smaller")
"""What was done to a photo that is nearly another one."""

DAMAGE = (
    ("photo", "truncated"),
    ("photo", "empty"),
    ("photo", "text named .jpg"),
    ("photo", "missing file"),
    ("tap", "header only"),
    ("tap", "truncated"),
    ("tap", "text"),
    ("note", "not UTF-8"),
)

HEROES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of the manifest, and how to make its files.

    Attributes:
        piece: The piece that the row stands for.
        content: The piece that was really recorded; another one for a copy.
        split: One of `SPLITS`.
        kind: As the manifest says; empty when unlabelled.
        grade: As the manifest says; empty when unlabelled.
        licence: As the manifest says.
        fault: What was planted, such as "exact copy"; empty for a clean row.
        detail: More about it.
        other_scene: Photographed elsewhere than the rest of its firing.
    """

    piece: Piece
    content: Piece
    split: str
    kind: str
    grade: str
    licence: str = LICENCE
    fault: str = ""
    detail: str = ""
    other_scene: bool = False

    @property
    def photo(self) -> str:
        """Path of the photo inside the folder; empty when there is none."""
        return f"photos/{self.piece.name}.jpg" if "photo" in self.content.has else ""

    @property
    def tap(self) -> str:
        """Path of the tap inside the folder; empty when there is none."""
        if "tap" not in self.content.has:
            return ""
        firing = self.content.firing
        container = microphone_of(self.content.seed, firing.number).container
        return f"taps/{self.piece.name}.{container}"

    @property
    def note_file(self) -> str:
        """Path of the note inside the folder; empty when it stands in the manifest itself."""
        filed = self.piece.firing.number % 7 == 3 or self.detail == "not UTF-8"
        return f"notes/{self.piece.name}.txt" if filed and "note" in self.content.has else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All rows, the heroes, and the firing whose backdrop gives the grade away."""

    rows: tuple[Row, ...]
    heroes: tuple[str, ...]
    leaking_firing: str

    def faults(self) -> dict[str, int]:
        """How many rows have each planted fault."""
        counted: dict[str, int] = {}
        for row in self.rows:
            if row.fault:
                counted[row.fault] = counted.get(row.fault, 0) + 1
        return counted


def make_plan(seed: int, items: int, *, faults: bool = True) -> Plan:
    """Decide every row of the sample.

    Args:
        seed: Of the whole workshop.
        items: How many rows.
        faults: Whether to plant faults; without them the sample is a clean control.
    """
    loads = firings(seed, items)
    split_of = _splits(loads)
    pieces = [
        make_piece(seed, index, load)
        for load in loads
        for index in range(load.start, min(load.start + load.size, items))
    ]
    heroes = _heroes(seed, pieces, split_of)
    for index in heroes:
        pieces[index] = _made_hero(pieces[index])
    rows = [_row(piece, split_of[piece.firing.number]) for piece in pieces]
    leaking = ""
    if faults:
        leaking = _leak(rows, loads, split_of)
        _plant(seed, rows, protected=set(heroes))
    return Plan(
        rows=tuple(rows),
        heroes=tuple(pieces[index].name for index in heroes),
        leaking_firing=leaking,
    )


def _row(piece: Piece, split: str) -> Row:
    return Row(
        piece=piece,
        content=piece,
        split=split,
        kind=piece.kind if "kind" in piece.labelled else "",
        grade=piece.grade if "grade" in piece.labelled else "",
    )


def _splits(loads: list[Firing]) -> dict[int, str]:
    """The newest fifth of the firings is the test, the fifth before it is for choosing."""
    count = len(loads)
    test = max(round(0.2 * count), 1) if count > 1 else 0
    valid = max(round(0.2 * count), 1) if count > 2 else 0
    names = ["train"] * (count - valid - test) + ["valid"] * valid + ["test"] * test
    return {load.number: name for load, name in zip(loads, names, strict=True)}


def _heroes(seed: int, pieces: list[Piece], split_of: dict[int, str]) -> list[int]:
    """The rows that become flawless-looking mugs with a crack: in the newest firings."""
    last = split_of[pieces[-1].firing.number]
    newest = [piece for piece in pieces if split_of[piece.firing.number] == last]
    # Against the light of a window nobody could judge the glaze.
    judged = [piece for piece in newest if piece.firing.backdrop != "window"] or newest
    places = [piece.index for piece in judged]
    if len(pieces) < 2 * HEROES:
        return places[-1:]
    return sorted(Dice(seed, "heroes", len(places)).shuffled(places)[:HEROES], reverse=True)


def _made_hero(piece: Piece) -> Piece:
    """The same row as a mug that looks and reads fine and is cracked."""
    dice = piece.dice("hero")
    form = dice.pick(["cylinder", "barrel", "tapered", "tulip"])
    ranges = FORMS["mug"][form]
    return replace(
        piece,
        kind="mug",
        form=form,
        clay="porcelain",
        glaze=dice.weighted({"celadon": 3, "turquoise": 1, "cobalt": 1}),
        width_cm=dice.between(*ranges.width),
        height_cm=dice.between(*ranges.height),
        wall_cm=ranges.wall * piece.potter.wall * dice.between(0.92, 1.1),
        crack=dice.between(0.9, 1.0),
        flaw="",
        event=False,
        has=frozenset({"photo", "tap", "note"}),
        labelled=frozenset({"kind", "grade"}),
        is_hero=True,
    )


def _leak(rows: list[Row], loads: list[Firing], split_of: dict[int, str]) -> str:
    """One firing was sorted before it was photographed: firsts lie on another backdrop."""
    training = [load for load in loads if split_of[load.number] == "train" and load.number > 1]
    if not training:
        return ""
    chosen = training[min(1, len(training) - 1)]
    for place, row in enumerate(rows):
        if row.piece.firing is chosen and row.piece.grade == "first":
            rows[place] = replace(row, other_scene=True)
    return chosen.name


def _plant(seed: int, rows: list[Row], protected: set[int]) -> None:
    """Give some rows one fault each."""
    dice = Dice(seed, "faults", len(rows))
    free = dice.shuffled([place for place in range(len(rows)) if place not in protected])
    count = len(rows)
    for _ in range(_many(count, 0.010)):
        _copy(rows, free, "exact copy", "")
    for number in range(_many(count, 0.0134)):
        _copy(rows, free, "near copy", NEAR[number % len(NEAR)])
    for medium, damage in DAMAGE[: max(_many(count, 0.0134), 1)]:
        place = _take(free, lambda row, needed=medium: needed in row.content.has, rows)
        if place is not None:
            rows[place] = replace(rows[place], fault=f"damaged {medium}", detail=damage)
    place = _take(free, lambda row: "photo" in row.content.has, rows)
    if place is not None:
        rows[place] = replace(rows[place], fault="GPS in photo")
    for _ in range(_many(count, 0.02)):
        if free:
            place = free.pop()
            rows[place] = replace(rows[place], fault="unclear licence", licence=dice.pick(UNCLEAR))
    for number in range(_many(count, 0.025)):
        _mislabel(rows, free, "kind" if number % 3 == 2 else "grade", dice)


def _many(count: int, share: float) -> int:
    return max(round(count * share), 1)


def _take(free: list[int], suits: Callable[[Row], bool], rows: list[Row]) -> int | None:
    """Take the first free row that suits."""
    for place in free:
        if suits(rows[place]):
            free.remove(place)
            return place
    return None


def _copy(rows: list[Row], free: list[int], fault: str, detail: str) -> None:
    """Make a later row show a piece of an earlier split."""
    source = _take(free, lambda row: row.split == "train" and "photo" in row.content.has, rows)
    place = _take(free, lambda row: row.split != "train" and "photo" in row.content.has, rows)
    if source is None or place is None:
        return
    content = rows[source].content
    rows[place] = replace(
        rows[place],
        content=content,
        kind=content.kind if rows[place].kind else "",
        grade=content.grade if rows[place].grade else "",
        fault=fault,
        detail=f"{detail} of {content.name}".strip(),
        other_scene=rows[source].other_scene,
    )


def _mislabel(rows: list[Row], free: list[int], label: str, dice: Dice) -> None:
    known = KINDS if label == "kind" else GRADES
    place = _take(free, lambda row: bool(getattr(row, label)), rows)
    if place is not None:
        right = getattr(rows[place], label)
        wrong = dice.pick([name for name in known if name != right])
        row = replace(rows[place], fault="wrong label", detail=f"{label} is {right}")
        rows[place] = replace(row, kind=wrong) if label == "kind" else replace(row, grade=wrong)
