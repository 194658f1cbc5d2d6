"""The operators through another engine's mapper: its rows must be ours, to the byte."""

import functools

import pyarrow as pa
import pytest

from handful.data.operators.base import FILES
from handful.data.operators.canonicalise import VALUES, canonicalise
from handful.data.operators.hash import HASHES
from handful.data.operators.hash import hash as hash_batch
from handful.data.operators.thumbnail import THUMBNAILS, thumbnail
from handful.data.operators.validate import VERDICTS, validate
from handful.learn.towers import encode as encoding
from handful.learn.towers.classical.profiles import make_tower

daft = pytest.importorskip(
    "daft", reason="Daft is not installed: scripts/engine .venv/bin/python", exc_type=ImportError
)

pytestmark = pytest.mark.filterwarnings("ignore")


def mapped(frame, operator, given, added):
    """Run an operator on every batch that the engine hands out."""
    names = list(given.names)

    @daft.udf(return_dtype=daft.DataType.from_arrow_type(pa.struct(list(added))), batch_size=3)
    def run(*columns):
        arrays = [column.to_arrow() for column in columns]
        batch = pa.RecordBatch.from_arrays(
            [array.cast(field.type) for array, field in zip(arrays, given, strict=True)],
            schema=given,
        )
        done = operator(batch)
        return pa.StructArray.from_arrays(
            [done.column(field.name) for field in added], fields=list(added)
        )

    frame = frame.with_column("added", run(*(daft.col(name) for name in names)))
    return frame.select(*names, *(daft.col("added").get(name).alias(name) for name in added.names))


def join(*schemas):
    return pa.schema([field for schema in schemas for field in schema])


def test_every_operator_gives_the_same_rows_through_daft(files):
    frame = daft.from_arrow(pa.Table.from_batches([files]))
    direct = files
    given = FILES
    for operator, added in (
        (validate, VERDICTS),
        (canonicalise, VALUES),
        (hash_batch, HASHES),
        (thumbnail, THUMBNAILS),
    ):
        frame = mapped(frame, operator, given, added)
        direct = operator(direct)
        given = join(given, added)
    assert frame.to_pylist() == direct.to_pylist()
    assert sum(row["thumbnail"] is not None for row in direct.to_pylist()) == 6


def test_a_tower_gives_the_same_latents_through_daft(files):
    batch = canonicalise(validate(files))
    pictures = [value for value in encoding.values_of(batch)[:3] if value is not None]
    tower = make_tower("image", ["hog", "lab"])
    tower.fit(pictures, seed=0)
    added = encoding.columns(tower)
    operator = functools.partial(encoding.encode, tower=tower)
    given = pa.schema([batch.schema.field(name) for name in ("modality", *VALUES.names)])
    batch = batch.select(given.names)
    frame = mapped(daft.from_arrow(pa.Table.from_batches([batch])), operator, given, added)
    direct = operator(batch).to_pylist()
    assert frame.to_pylist() == direct
    assert [any(row[name] for name in added.names) for row in direct[:4]] == [
        True,
        True,
        True,
        False,
    ]
