"""Samples that the product makes itself, so that a first run needs no download."""

from handful.data.samples.kiln import KilnReport, make_kiln

__all__ = ["KilnReport", "make_kiln"]
