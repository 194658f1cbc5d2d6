import io
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from handful.data.library.examine import examine
from handful.data.library.media import Media
from handful.data.library.sources.base import Fetched, Look, Piece, Place
from handful.data.operators.base import Limits, values_of
from handful.data.operators.canonicalise import canonicalise
from handful.data.operators.hash import hash as hash_batch
from handful.data.operators.thumbnail import SIDE, of_picture, peaks, thumbnail
from handful.data.operators.validate import validate
from handful.foundation.errors import UsageError


class Held(Place):
    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.origin, self._data = name, name, data

    @property
    def path(self) -> str:
        return self.name

    def look(self) -> Look:
        return Look(len(self._data), "")

    def head(self, count: int) -> bytes:
        return self._data[:count]

    def fetch(self, most: int) -> Fetched:
        return Fetched(self._data, self.look())


def everything(batch: pa.RecordBatch) -> pa.RecordBatch:
    return thumbnail(hash_batch(canonicalise(validate(batch))))


def test_rows_keep_their_order_and_what_they_had(files):
    done = everything(files)
    assert done.select(files.schema.names).equals(files)
    assert done.num_rows == files.num_rows


def test_the_verdicts_are_those_of_adding_files(files, tmp_path):
    done = everything(files).to_pylist()
    for row in done:
        piece = Piece(
            modality=row["modality"], name=row["name"], place=Held(row["name"], row["data"])
        )
        part, small = examine(piece, Limits(), Media(tmp_path))
        assert (str(part.status), part.reason, part.detail) == (
            row["status"],
            row["reason"],
            row["detail"],
        )
        assert list(part.notes) == row["notes"]
        assert part.mime == row["mime"]
        assert part.sha256 == row["sha256"]
        assert (part.content_sha256 or None) == row["content_sha256"]
        assert small == row["thumbnail"]
        meta = {name: value for name, value in part.meta.items() if name != "decoders"}
        assert meta == (json.loads(row["meta"]) if row["meta"] else {})
        assert row["decoders"] == (part.meta.get("decoders", 1) if part.usable else 0)


def test_a_refused_row_has_nothing_but_its_verdict(files):
    done = everything(files).to_pylist()
    refused = [row for row in done if row["status"] == "quarantined"]
    assert [row["name"] for row in refused] == ["cut.jpg", "cut.wav", "none.txt"]
    for row in refused:
        assert row["reason"]
        assert row["value"] is row["content_sha256"] is row["thumbnail"] is None


def test_a_thumbnail_is_small_turned_and_bare(files):
    done = {row["name"]: row for row in everything(files).to_pylist()}
    turned = Image.open(io.BytesIO(done["turned.jpg"]["thumbnail"]))
    assert turned.size == (SIDE * 3 // 4, SIDE)
    assert not turned.getexif()
    assert b"taken at home" not in done["turned.jpg"]["thumbnail"]
    whole = np.asarray(
        Image.open(io.BytesIO(done["turned.jpg"]["data"])).transpose(Image.Transpose.ROTATE_270)
    )
    resized = np.asarray(Image.fromarray(whole).resize(turned.size), np.float64)
    assert np.abs(resized - np.asarray(turned, np.float64)).mean() < 4
    small = Image.open(io.BytesIO(done["small.jpg"]["thumbnail"]))
    assert small.size == (40, 30), "never larger than the picture"


def test_any_shape_has_a_thumbnail():
    for shape in [(2, 2), (1, 5_000), (5_000, 2), (257, 256)]:
        small = Image.open(io.BytesIO(of_picture(np.zeros((*shape, 3), np.uint8))))
        assert max(small.size) <= SIDE


def test_peaks_are_where_the_sound_is_loud(files):
    values = values_of(canonicalise(validate(files)))
    sound = values[5]
    found = peaks(sound, 16)  # type: ignore[arg-type]
    slow = [np.abs(part).max() for part in np.array_split(sound.samples, 16)]  # type: ignore
    np.testing.assert_allclose(found, np.array(slow) / max(slow), rtol=1e-6)
    assert len(peaks(values[7], 128)) == 128  # type: ignore[arg-type]


def test_values_come_back_as_they_were_read(files):
    values = values_of(canonicalise(validate(files)))
    picture = values[0]
    assert isinstance(picture, np.ndarray)
    assert picture.shape == (300, 400, 3)
    assert values[3] is None
    assert values[8] == {"und": "a blue cup, größer"}


def test_an_order_that_cannot_work_is_said(files):
    with pytest.raises(UsageError, match='no column "status"'):
        canonicalise(files)
    with pytest.raises(UsageError, match='no column "value"'):
        hash_batch(files)


def test_an_empty_batch_stays_empty_and_has_the_columns(files):
    done = everything(files.slice(0, 0))
    assert done.num_rows == 0
    assert done.schema == everything(files).schema


def test_operators_load_no_library_and_no_engine():
    code = (
        "import sys\n"
        "from handful.data.operators import canonicalise, hash, thumbnail, validate\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in "
        "('lance', 'daft', 'ray', 'torch') or name.startswith('handful.data.library')]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
