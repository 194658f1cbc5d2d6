"""The potter's kiln: the one sample that the product ships, made by the product itself."""

from handful.data.samples.kiln.fingerprint import GENERATOR, fingerprint
from handful.data.samples.kiln.forms import KINDS
from handful.data.samples.kiln.pieces import GRADES, Config
from handful.data.samples.kiln.write import KilnReport, make_kiln

__all__ = ["GENERATOR", "GRADES", "KINDS", "Config", "KilnReport", "fingerprint", "make_kiln"]
