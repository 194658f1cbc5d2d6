"""How much is read at most: every number in one place.

The `Config` of each reader takes its defaults from here and can be set otherwise; what `add`
refuses by a cap says both numbers. The last four hold the process that reads odd formats.
"""

from __future__ import annotations

IMAGE_BYTES = 100_000_000
"""Largest image file; a phone's raw-like HEIC has 30 MB."""
IMAGE_PIXELS = 80_000_000
"""Largest width x height; a phone's 50 megapixels pass, a bomb does not."""
IMAGE_SIDE = 2
"""Shortest side in pixels."""
IMAGE_SCANS = 100
"""Most passes of a progressive JPEG; cameras and web sites make about ten."""

AUDIO_BYTES = 500_000_000
"""Largest sound file."""
AUDIO_SECONDS = 600.0
"""Longest recording; ten minutes of stereo at 48 kHz take 230 MB while being read."""
AUDIO_PEAK = 16.0
"""Largest absolute sample, where 1 is full scale; louder floats are a wrong scale."""
AUDIO_RATES = (2_000, 400_000)
"""Samples per second; bat detectors record at 384,000."""

TEXT_BYTES = 16_000_000
"""Largest text file, web page, letter or document."""
TEXT_CHARACTERS = 1_000_000
"""Longest text; a thick novel has about that many."""
DOCUMENT_PAGES = 2_000
"""Most pages of a PDF that are read for their text."""
DOCUMENT_XML_BYTES = 64_000_000
"""Most bytes that the text inside a Word document may unpack to."""

TABLE_BYTES = 1_000_000_000
"""Largest CSV or JSONL; larger ones are better kept as Parquet."""
ARCHIVE_DENSITY = 200
"""Media hardly shrink; a member that unpacks to more than this many times its size is a bomb."""
ARCHIVE_MEMBERS = 5_000_000
"""Most members of an archive that are listed."""
ARCHIVE_BYTES = 200_000_000_000
"""Most bytes that one compressed TAR may unpack to, everything in it together."""

APART_MEMORY = 3_000_000_000
"""Bytes that reading one odd file may take, beyond what the process needs to exist."""
APART_CPU_S = 30
"""Seconds of processor time that one odd file may take."""
APART_WALL_S = 120.0
"""Seconds by the clock that one odd file may take, on a machine that does other things too."""
APART_ANSWER = 1_500_000_000
"""Most bytes that an answer may have."""
