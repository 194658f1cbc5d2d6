import io
import wave

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from handful.data.operators.base import FILES


def jpeg(side: int, dice: np.random.Generator, turned: int = 1) -> bytes:
    coarse = dice.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((side, side * 3 // 4), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010E] = "taken at home"
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


def tone(frames: int, dice: np.random.Generator) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        samples = dice.normal(0, 4_000, frames).clip(-32_000, 32_000).astype("<i2")
        sound.writeframes(samples.tobytes())
    return file.getvalue()


@pytest.fixture
def files():
    """Whole files of three kinds, and a damaged or misnamed one of each."""
    dice = np.random.default_rng(7)
    photo, sound = jpeg(400, dice), tone(4_000, dice)
    rows = [
        ("image", "a.jpg", photo),
        ("image", "turned.jpg", jpeg(300, dice, turned=6)),
        ("image", "small.jpg", jpeg(40, dice)),
        ("image", "cut.jpg", photo[: len(photo) // 2]),
        ("image", "wrong.png", photo),
        ("audio", "a.wav", sound),
        ("audio", "cut.wav", sound[:-100]),
        ("audio", "short.wav", tone(50, dice)),
        ("text", "a.txt", "a blue cup, größer".encode()),
        ("text", "old.txt", "größer".encode("latin-1")),
        ("text", "none.txt", b""),
    ]
    columns = list(zip(*rows, strict=True))
    arrays = [
        pa.array(list(column), field.type) for column, field in zip(columns, FILES, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=FILES)
