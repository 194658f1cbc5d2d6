"""Small multiples of accuracy over labels per class, as an SVG that needs nothing to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

COLUMNS = 3
WIDTH, PANEL_WIDTH, PANEL_HEIGHT = 900, 300, 290
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 34, 104
"""Margins inside a panel; its names stand in the lower one."""

INK, GREY, GRID, PAPER = "#1f2933", "#66727f", "#e4e7eb", "#ffffff"
FIRST = "#b3261e"
OTHERS = ("#1d6fb8", "#2e7d4f", "#8a5a00")
DASHES = ("", "7 3", "2 3")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One way to learn.

    Attributes:
        name: What to call it.
        points: Labels per class, accuracy, and the ends of its interval, by rising labels.
    """

    name: str
    points: Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One task.

    Attributes:
        title: Its name.
        lines: The first one is ours, and its interval is shaded.
        readme: Accuracy to draw a dashed line at, or None.
    """

    title: str
    lines: Sequence[Line]
    readme: float | None = None


def draw(panels: Sequence[Panel]) -> str:
    """Draw panels side by side.

    Args:
        panels: Any number.

    Returns:
        An SVG document.
    """
    rows = -(-len(panels) // COLUMNS)
    height = rows * PANEL_HEIGHT + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" '
        f'font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
    ]
    for place, panel in enumerate(panels):
        row, column = divmod(place, COLUMNS)
        parts.append(f'<g transform="translate({column * PANEL_WIDTH} {row * PANEL_HEIGHT})">')
        parts += _Frame(panel).parts()
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Frame:
    """Draws one panel."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        sizes = [point[0] for line in panel.lines for point in line.points] or [1.0, 10.0]
        self.low, self.high = min(sizes), max(max(sizes), 1.01 * min(sizes))

    def parts(self) -> list[str]:
        found = [
            f'<text x="{LEFT}" y="20" font-size="14" font-weight="600">'
            f"{escape(self.panel.title)}</text>"
        ]
        found += self._axes()
        if self.panel.readme is not None:
            y = self._y(self.panel.readme)
            found.append(
                f'<path d="M{LEFT} {y:.1f}H{PANEL_WIDTH - RIGHT}" stroke="{GREY}" '
                'stroke-dasharray="4 4"/>'
            )
        if self.panel.lines:
            found.append(self._band(self.panel.lines[0]))
        for place in reversed(range(len(self.panel.lines))):  # ours on top
            found += self._line(place)
        return found + self._names()

    def _x(self, size: float) -> float:
        share = np.log(size / self.low) / np.log(self.high / self.low)
        return LEFT + float(share) * (PANEL_WIDTH - RIGHT - LEFT)

    def _y(self, accuracy: float) -> float:
        return TOP + (1 - accuracy) * (PANEL_HEIGHT - BOTTOM - TOP)

    def _axes(self) -> list[str]:
        found = []
        for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
            y = self._y(share)
            found.append(f'<path d="M{LEFT} {y:.1f}H{PANEL_WIDTH - RIGHT}" stroke="{GRID}"/>')
            found.append(
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{GREY}">'
                f"{share:g}</text>"
            )
        below = self._y(0) + 16
        for size in self._ticks():
            name = "all" if size == self.high else f"{size:.0f}"
            found.append(
                f'<text x="{self._x(size):.1f}" y="{below:.1f}" text-anchor="middle" '
                f'fill="{GREY}">{name}</text>'
            )
        middle = (LEFT + PANEL_WIDTH - RIGHT) / 2
        found.append(
            f'<text x="{middle:.1f}" y="{below + 15:.1f}" text-anchor="middle" fill="{GREY}" '
            'font-size="11">labels per class</text>'
        )
        return found

    def _ticks(self) -> list[float]:
        """The counts that were measured, without those too close to the last one."""
        sizes = sorted({point[0] for line in self.panel.lines for point in line.points})
        return [s for s in sizes if s == self.high or self._x(self.high) - self._x(s) > 18]

    def _band(self, line: Line) -> str:
        above = [f"{self._x(size):.1f} {self._y(high):.1f}" for size, _, _, high in line.points]
        below = [f"{self._x(size):.1f} {self._y(low):.1f}" for size, _, low, _ in line.points]
        if not above:
            return ""
        outline = "L".join([*above, *reversed(below)])
        return f'<path d="M{outline}Z" fill="{FIRST}" fill-opacity="0.12"/>'

    def _style(self, place: int) -> str:
        if place == 0:
            return f'stroke="{FIRST}" stroke-width="2.5"'
        style = f'stroke="{OTHERS[place - 1]}" stroke-width="1.6"'
        dash = DASHES[place - 1]
        return f'{style} stroke-dasharray="{dash}"' if dash else style

    def _line(self, place: int) -> list[str]:
        points = [(self._x(size), self._y(share)) for size, share, *_ in self._points(place)]
        if not points:
            return []
        color = FIRST if place == 0 else OTHERS[place - 1]
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{color}"/>' for x, y in points]
        return [f'<path d="M{steps}" fill="none" {self._style(place)}/>', *dots]

    def _points(self, place: int) -> Sequence[tuple[float, float, float, float]]:
        return self.panel.lines[place].points

    def _names(self) -> list[str]:
        """Which line is which, below the panel, two by two."""
        names = [(line.name, self._style(place)) for place, line in enumerate(self.panel.lines)]
        if self.panel.readme is not None:
            names.append(("the set's notes, all labels", f'stroke="{GREY}" stroke-dasharray="4 4"'))
        found = []
        for place, (name, style) in enumerate(names):
            row, column = divmod(place, 2)
            x = LEFT + column * 118
            y = PANEL_HEIGHT - BOTTOM + 48 + row * 16
            found.append(f'<path d="M{x} {y - 4}h20" {style}/>')
            found.append(f'<text x="{x + 26}" y="{y}" font-size="11">{escape(name)}</text>')
        return found
