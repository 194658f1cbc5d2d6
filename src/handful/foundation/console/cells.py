"""How wide text is on a terminal, and how to cut, wrap and make it safe to show.

Width: East Asian wide and full-width characters take two columns, combining marks and joiners
none (Unicode Standard Annex 11). Emoji joined by U+200D count as their first picture.
"""

from __future__ import annotations

import unicodedata

_JOINER, _PICTURE = "\u200d", "\ufe0f"
_SKIN = range(0x1F3FB, 0x1F400)
_FLAG = range(0x1F1E6, 0x1F200)
_TURNS = frozenset("\u061c\u200e\u200f\u2028\u2029") | frozenset(map(chr, range(0x202A, 0x202F)))
_TURNS |= frozenset(map(chr, range(0x2066, 0x206A)))

# What to write where a terminal cannot show the better sign.
_PLAINER = {
    "\u202f": " ",
    "\u2009": " ",
    "\u00a0": " ",
    "\N{EN DASH}": "-",
    "—": "-",
    "\N{MINUS SIGN}": "-",
    "─": "-",
    "━": "#",
    "·": ".",
    "…": "...",
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}": ">",
    "→": "->",
    "\N{MULTIPLICATION SIGN}": "x",
    "≤": "<=",
    "≥": ">=",
    "±": "+-",
    "µ": "u",
    "€": "EUR ",
    "£": "GBP ",
    "“": '"',
    "”": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}


def width(text: str) -> int:
    """How many terminal columns a single line of text takes."""
    if text.isascii():
        return len(text)
    return sum(size for _, size in pieces(text))


def pieces(text: str) -> list[tuple[str, int]]:
    """Split text into what a reader sees as single characters, each with its width in columns."""
    found: list[tuple[str, int]] = []
    for sign in text:
        glued = bool(found) and (found[-1][0].endswith(_JOINER) or _joins(found[-1][0], sign))
        if not glued:
            found.append((sign, _width_of(sign)))
            continue
        before, size = found[-1]
        grown = 2 if sign == _PICTURE and size == 1 and not before.isascii() else size
        found[-1] = (before + sign, grown)
    return found


def _joins(before: str, sign: str) -> bool:
    """Whether `sign` belongs to the character before it."""
    code = ord(sign)
    if code in _FLAG:
        return len(before) == 1 and ord(before) in _FLAG
    if code in _SKIN:
        return _width_of(before[0]) == 2
    return _width_of(sign) == 0


def _width_of(sign: str) -> int:
    if sign.isascii():
        return 1
    if unicodedata.category(sign) in ("Mn", "Me", "Cf") and sign != "\u00ad":
        return 0
    if ord(sign) in _FLAG:
        return 2
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def cut(text: str, columns: int, mark: str = "…") -> str:
    """Shorten a line to at most so many columns, ending in `mark` (one column) where it was cut."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for piece, size in pieces(text):
        if used + size > columns - 1:
            break
        kept, used = kept + piece, used + size
    return kept + mark if columns > 0 else ""


def wrap(text: str, columns: int) -> list[str]:
    """Break text into lines of at most so many columns, between words where that is possible.

    Args:
        text: May hold line breaks, which are kept.
        columns: The room, 1 or more. A single character that is wider stands alone.

    Returns:
        At least one line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_line(paragraph, max(1, columns)))
    return lines


def _wrap_line(text: str, columns: int) -> list[str]:
    if width(text) <= columns:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= columns:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, columns)
        lines.extend(full)
    return [*lines, line]


def _break_word(word: str, columns: int) -> list[str]:
    parts, part, used = [], "", 0
    for piece, size in pieces(word):
        if part and used + size > columns:
            parts.append(part)
            part, used = "", 0
        part, used = part + piece, used + size
    return [*parts, part]


def longest_word(text: str) -> int:
    """The width of the widest word of a text, in columns."""
    return max((width(word) for word in text.replace("\n", " ").split(" ")), default=0)


def pad(text: str, columns: int, right: bool = False) -> str:
    """Fill a line with spaces to so many columns, with the text on the left or on the right."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def visible(text: str) -> str:
    r"""Make text from outside safe to show: control and text-turning characters as `\x1b`.

    A file name may hold escape sequences that clear a screen or turn the direction of a line;
    line breaks are kept, and a tab becomes a space.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible_sign(sign) for sign in text)


def _visible_sign(sign: str) -> str:
    if sign == "\t":
        return " "
    if sign == "\n":
        return sign
    if sign in _TURNS or unicodedata.category(sign) in ("Cc", "Cs"):
        return ascii(sign)[1:-1]
    return sign


def encodable(text: str, encoding: str) -> str:
    """Replace what an encoding cannot hold by plain signs, or by their escapes."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plainer = "".join(_plainer(sign, encoding) for sign in text)
        return plainer.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _plainer(sign: str, encoding: str) -> str:
    if sign not in _PLAINER:
        return sign
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return _PLAINER[sign]
    return sign
