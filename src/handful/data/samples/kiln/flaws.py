"""Faults of the glaze that can be seen: pinholes, blotches, crawling, scorch.

Each lies in a patch on the side that the camera sees, and changes colour, shine and relief.
The tap and the note know nothing of it.
"""

# n surface points

from __future__ import annotations

import numpy as np

from handful.data.samples.kiln.glaze import CLAY_COLOURS, Spots, Surface
from handful.data.samples.kiln.pieces import Piece
from handful.data.samples.kiln.solids import BODY, Floats
from handful.data.samples.kiln.textures import blend, smooth_step, swarm

PIT_OF_DARK = np.array([0.42, 0.33, 0.24], np.float32)
PIT_OF_PALE = np.array([0.02, 0.02, 0.02], np.float32)

STAINS = ((0.44, 0.20, 0.21), (0.48, 0.26, 0.28), (0.36, 0.15, 0.17))
"""Linear-light colours of discolorations: the pink of chrome that flew over from elsewhere."""


def flawed(piece: Piece, surface: Surface, spots: Spots, facing: Floats) -> None:
    """Work the piece's flaw, if it has one, into its surface.

    Args:
        piece: Whose flaw.
        surface: Is changed.
        spots: Where the points are.
        facing: `[n]` how much each point faces the camera, 1 is straight.
    """
    if not piece.flaw:
        return
    middle, size = _patch(piece, spots, facing)
    away = np.sqrt(
        (spots.x - middle[0]) ** 2 + (spots.y - middle[1]) ** 2 + (spots.z - middle[2]) ** 2
    )
    cloud = spots.noise("islands", 2.2 * size)
    inside = smooth_step(1.15, 0.6, away / np.float32(size) + np.float32(0.16) * cloud)
    inside = inside * np.isin(spots.part, (BODY, 1, 2))
    work = {"pinholes": _pit, "blotches": _stain, "crawling": _crawl, "scorch": _scorch}
    work[piece.flaw](piece, surface, spots, inside, np.float32(size))
    if piece.flaw != "pinholes":
        _pit(piece, surface, spots, inside, np.float32(0.8 * size), share=0.4)


def _patch(piece: Piece, spots: Spots, facing: Floats) -> tuple[Floats, float]:
    """A place in full view, and the size of the patch around it in centimetres."""
    dice = piece.dice("flaw")
    seen = np.flatnonzero((facing > 0.45) & (spots.part == BODY) & (spots.from_rim > 0.5))
    if not len(seen):
        seen = np.arange(len(facing))
    chosen = seen[int(dice.between(0.25, 0.75) * len(seen))]
    middle = np.array([spots.x[chosen], spots.y[chosen], spots.z[chosen]], np.float32)
    extent = np.sqrt(piece.width_cm * max(piece.height_cm, 0.5 * piece.width_cm))
    return middle, float(extent * dice.between(0.60, 0.80) * (0.6 + 0.4 * piece.flaw_strength))


def _pit(
    piece: Piece,
    surface: Surface,
    spots: Spots,
    inside: Floats,
    size: np.float32,
    share: float = 0.85,
) -> None:
    """Burst bubbles: dark pits with pale rims, in a swarm; other flaws come with a few."""
    pitch = float(size) / 8.5
    dots = swarm(
        spots.x, spots.y, spots.z, pitch=pitch, size=(0.12 * pitch, 0.36 * pitch), share=share
    )
    pit, rim = smooth_step(1.0, 0.7, dots), smooth_step(1.6, 1.15, dots)
    pit, rim = pit * (inside > 0.35), rim * (inside > 0.35)
    strength = np.float32(0.65 + 0.35 * piece.flaw_strength)
    pale = surface.colour * np.float32(0.7) + np.float32(0.17)
    surface.colour = blend(surface.colour, pale, rim * (1 - pit) * np.float32(0.55) * strength)
    # A pit shows the dark inside of a pale glaze, and the pale clay under a dark one.
    dark = surface.colour.mean(axis=1) < 0.07
    hole = np.where(dark[:, None], PIT_OF_DARK, PIT_OF_PALE)
    surface.colour = blend(surface.colour, hole, pit * strength)
    surface.gloss = surface.gloss * (1 - pit)
    surface.bump = surface.bump + np.float32(0.03) * rim - np.float32(0.09) * pit


def _stain(piece: Piece, surface: Surface, spots: Spots, inside: Floats, size: np.float32) -> None:
    """A cloudy discoloration in a colour that no glaze of the workshop has."""
    dice = piece.dice("stain")
    ink = np.array(dice.pick(STAINS), np.float32)
    cloud = spots.noise("clouds", float(size) * 1.6)
    share = inside * smooth_step(-1.6, 0.4, cloud)
    ring = np.exp(-(((share - np.float32(0.5)) / np.float32(0.2)) ** 2))
    strength = np.float32(0.55 + 0.35 * piece.flaw_strength)
    surface.colour = blend(surface.colour, ink, share * strength)
    surface.colour = surface.colour * (1 - np.float32(0.3) * ring * strength)[:, None]
    surface.gloss = surface.gloss * (1 - np.float32(0.5) * share)
    surface.rough = np.clip(surface.rough + np.float32(0.4) * share, 0, 1)


def _crawl(piece: Piece, surface: Surface, spots: Spots, inside: Floats, size: np.float32) -> None:
    """The glaze has drawn back into thick islands and left the clay bare between them."""
    dice = piece.dice("crawl")
    clay = np.array(dice.pick(CLAY_COLOURS[piece.clay]), np.float32)
    # Bare clay the colour of the glaze would hide the fault, so it is seen burnt or pale.
    contrast = float(np.abs(surface.colour.mean(axis=0) - clay).max())
    if contrast < 0.18:
        clay = clay * np.float32(0.25) if clay.max() > 0.3 else clay + np.float32(0.38)
    sheet = spots.noise("islands", float(size) * 1.35)
    gap = np.float32(1.9) - sheet - np.float32(1.55) * inside
    bare = smooth_step(0.10, -0.10, gap) * (inside > 0.05)
    bead = np.exp(-(((gap - np.float32(0.3)) / np.float32(0.2)) ** 2)) * (inside > 0.05)
    surface.colour = surface.colour * (1 - np.float32(0.35) * bead)[:, None]
    surface.colour = blend(surface.colour, clay, bare)
    surface.gloss = surface.gloss * (1 - np.float32(0.9) * bare)
    surface.bump = surface.bump + np.float32(0.10) * bead - np.float32(0.07) * bare


def _scorch(piece: Piece, surface: Surface, spots: Spots, inside: Floats, size: np.float32) -> None:
    """Over-fired on one side: soot-dark, dull and blistered."""
    cloud = spots.noise("clouds", float(size) * 1.7)
    share = inside * smooth_step(-2.4, 0.6, cloud)
    brown = np.array([0.16, 0.065, 0.03], np.float32)
    soot = np.full(3, 0.012, np.float32)
    strength = np.float32(0.55 + 0.45 * piece.flaw_strength)
    surface.colour = blend(surface.colour, brown, smooth_step(0.05, 0.5, share) * strength)
    surface.colour = blend(surface.colour, soot, smooth_step(0.45, 0.95, share) * strength)
    surface.gloss = surface.gloss * (1 - np.float32(0.85) * share)
    surface.rough = np.clip(surface.rough + np.float32(0.6) * share, 0, 1)
    blister = np.maximum(spots.noise("grain", 20.0) - 1, 0)
    surface.bump = surface.bump + np.float32(0.03) * blister * share
