"""Tables: the same rows as aligned columns for people and as objects for programs.

Numbers stand on the right, words wrap inside their column, and a screen too narrow for columns
gets one `title: value` line per cell. A verdict (PASS, MISS, CANNOT TELL) is a word first and a
colour second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from handful.foundation.console.cells import longest_word, pad, visible, width, wrap
from handful.foundation.console.channel import Channel, Style
from handful.foundation.console.jsonable import jsonable
from handful.foundation.console.units import count_text, number_text

VERDICTS: dict[str, Style] = {
    "PASS": "green",
    "MISS": "red",
    "FAIL": "red",
    "CANNOT TELL": "yellow",
}
"""Words that a table also marks by colour when a cell begins with them."""

_GAP = 2
_LONG_WORD = 16
_KEPT_SPACE = "\u00a0"
_ARROW = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_NOTHING = "\N{EN DASH}"


class Column(NamedTuple):
    """One column of a table."""

    name: str
    """The key of the value in the JSON rows."""
    title: str = ""
    """What the header says; the name with spaces when empty."""
    show: Callable[[Any], str] | None = None
    """How a value becomes text, such as `bytes_text`; numbers and words need none."""
    side: Literal["auto", "left", "right"] = "auto"
    """Where a value stands in its column; `auto` puts numbers on the right."""


class _Layout(NamedTuple):
    """Text ready to be placed: one title and one text per column and row."""

    titles: list[str]
    rows: list[list[str]]
    rights: list[bool]
    sizes: list[int]


class Table:
    """Rows with named columns.

    Args:
        name: The key of this table in a JSON document, such as `models`.
        columns: The columns from left to right; a word alone stands for `Column(word)`.
        title: One line above the table.
        mark: What a highlighted row is, such as `chosen`: the JSON key that tells it.

    Example:
        >>> table = Table("models", ["model", Column("size", show=bytes_text)])
        >>> table.add("ridge", 2048, highlight=True)
    """

    def __init__(
        self, name: str, columns: Sequence[Column | str], title: str = "", mark: str = "highlighted"
    ) -> None:
        self.name = name
        self.title = title
        self.mark = mark
        self.columns = tuple(Column(c) if isinstance(c, str) else c for c in columns)
        self._values: list[tuple[Any, ...]] = []
        self._marked: set[int] = set()

    def __len__(self) -> int:
        return len(self._values)

    def add(self, *values: object, highlight: bool = False) -> None:
        """Append one row.

        Args:
            values: One per column; None means there is no value.
            highlight: Whether this row is the one to look at.

        Raises:
            ValueError: When the number of values is not the number of columns.
        """
        if len(values) != len(self.columns):
            names = ", ".join(column.name for column in self.columns)
            raise ValueError(f"A row needs {len(self.columns)} values ({names}), not {len(values)}")
        if highlight:
            self._marked.add(len(self._values))
        self._values.append(values)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as JSON objects with the raw values; a mark appears when any row has one."""
        found = []
        for number, values in enumerate(self._values):
            names = (column.name for column in self.columns)
            row = {name: jsonable(value) for name, value in zip(names, values, strict=True)}
            if self._marked:
                row[self.mark] = number in self._marked
            found.append(row)
        return found

    def lines(self, channel: Channel) -> list[str]:
        """The table as lines of text that fit the width of a channel."""
        room = channel.columns()
        head = [channel.paint(line, "bold") for line in self._title_lines(channel, room)]
        if not self._values:
            return [*head, channel.paint("(no rows)", "dim")]
        layout = self._layout(channel)
        edge = _GAP if self._marked else 0
        sizes = _fit(layout, room - edge) if room else layout.sizes
        if sizes is None:
            assert room is not None
            return [*head, *self._as_cards(layout, channel, room)]
        return [*head, *self._as_columns(layout, sizes, channel)]

    def _title_lines(self, channel: Channel, room: int | None) -> list[str]:
        title = channel.fit(visible(self.title))
        return wrap(title, room) if room and title else [title] if title else []

    def _layout(self, channel: Channel) -> _Layout:
        titles = [channel.fit(visible(c.title or c.name.replace("_", " "))) for c in self.columns]
        rows = [
            [
                channel.fit(_text_of(value, column))
                for value, column in zip(row, self.columns, strict=True)
            ]
            for row in self._values
        ]
        rights = [
            self._is_right(column, [row[place] for row in self._values])
            for place, column in enumerate(self.columns)
        ]
        sizes = [
            max(width(line) for text in (titles[place], *(row[place] for row in rows))
                for line in text.split("\n"))
            for place in range(len(titles))
        ]  # fmt: skip
        return _Layout(titles, rows, rights, sizes)

    @staticmethod
    def _is_right(column: Column, values: list[Any]) -> bool:
        if column.side != "auto":
            return column.side == "right"
        known = [value for value in values if value is not None]
        return bool(known) and all(_is_number(value) for value in known)

    def _as_columns(self, layout: _Layout, sizes: list[int], channel: Channel) -> list[str]:
        edge = " " * _GAP if self._marked else ""
        arrow = channel.fit(_ARROW) if self._marked else ""
        found = [
            channel.paint(edge + line, "bold")
            for line in _place(layout.titles, sizes, layout.rights)
        ]
        rule = "─" if channel.is_unicode else "-"
        found.append(edge + channel.paint((" " * _GAP).join(rule * size for size in sizes), "dim"))
        for number, row in enumerate(layout.rows):
            is_marked = number in self._marked
            for place, line in enumerate(_place(row, sizes, layout.rights, channel)):
                shown = (arrow if is_marked and place == 0 else edge) + line
                found.append(channel.paint(shown, "bold") if is_marked else shown)
        return [line.replace(_KEPT_SPACE, " ") for line in found]

    def _as_cards(self, layout: _Layout, channel: Channel, room: int) -> list[str]:
        found: list[str] = []
        for number, row in enumerate(layout.rows):
            if number:
                found.append("")
            if number in self._marked:
                found.append(channel.paint(channel.fit(_ARROW + self.mark), "bold"))
            for title, text in zip(layout.titles, row, strict=True):
                lines = wrap(f"{title}: {text}", room)
                if _verdict_of(text):
                    lines[-1] = _paint_verdict(lines[-1], text, channel)
                found.extend(lines)
        return [line.replace(_KEPT_SPACE, " ") for line in found]


def _text_of(value: Any, column: Column) -> str:
    """A value as a person reads it."""
    if column.show is not None and value is not None:
        text = column.show(value)
    elif value is None:
        text = _NOTHING
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif _is_number(value):
        is_whole = hasattr(value, "__index__")
        text = count_text(int(value)) if is_whole else number_text(float(value))
    else:
        text = str(value)
    text = visible(text)
    verdict = _verdict_of(text)
    # A verdict of two words must not be torn apart by wrapping.
    return text.replace(verdict, verdict.replace(" ", _KEPT_SPACE), 1) if verdict else text


def _is_number(value: Any) -> bool:
    """Whether a value is a real number, a number of NumPy included."""
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) or (hasattr(value, "__float__") and not _is_array(value))


def _is_array(value: Any) -> bool:
    return getattr(value, "ndim", 0) != 0


def _verdict_of(text: str) -> str:
    plain = text.replace(_KEPT_SPACE, " ")
    for word in VERDICTS:
        if plain.startswith(word) and not plain[len(word) : len(word) + 1].isalnum():
            return word
    return ""


def _paint_verdict(line: str, text: str, channel: Channel) -> str:
    word = _verdict_of(text)
    if not word:
        return line
    kept = word.replace(" ", _KEPT_SPACE)
    return line.replace(kept, channel.paint(kept, VERDICTS[word]), 1)


def _fit(layout: _Layout, room: int) -> list[int] | None:
    """Widths that fit the room, narrowing the widest word columns; None when nothing fits."""
    room -= _GAP * (len(layout.sizes) - 1)
    least = []
    for place, size in enumerate(layout.sizes):
        words = [longest_word(row[place]) for row in layout.rows]
        body = size if layout.rights[place] else min(_LONG_WORD, max(words))
        least.append(min(size, max(body, longest_word(layout.titles[place]))))
    if sum(least) > room:
        return None
    sizes = [max(low, min(size, room)) for low, size in zip(least, layout.sizes, strict=True)]
    while sum(sizes) > room:
        spare = [size - low for size, low in zip(sizes, least, strict=True)]
        widest = max(range(len(sizes)), key=lambda place: (spare[place] > 0, sizes[place]))
        sizes[widest] -= 1
    return sizes


def _place(
    texts: list[str], sizes: list[int], rights: list[bool], channel: Channel | None = None
) -> list[str]:
    """Lay the texts of one row side by side, each wrapped in its own column."""
    cells = [wrap(text, size) for text, size in zip(texts, sizes, strict=True)]
    lines = []
    for number in range(max(map(len, cells))):
        parts = []
        for cell, size, is_right, text in zip(cells, sizes, rights, texts, strict=True):
            part = pad(cell[number] if number < len(cell) else "", size, is_right)
            is_first = channel is not None and number == 0
            parts.append(_paint_verdict(part, text, channel) if is_first and channel else part)
        lines.append((" " * _GAP).join(parts).rstrip(" "))
    return lines
