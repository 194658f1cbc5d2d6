import io
import struct

import numpy as np
import pytest
import soundfile
from PIL import ExifTags, Image

from handful.data.checks.evidence.beside import OWNER, PLACE, SERIAL, beside_picture, beside_sound

PIXELS = Image.new("RGB", (16, 16), (90, 120, 30))


def saved(kind, exif=None, **options):
    tags = Image.Exif()
    for name, value in (exif or {}).items():
        tags[name] = value
    data = io.BytesIO()
    PIXELS.save(data, kind, exif=tags, **options)
    return data.getvalue()


def flac(**tags):
    data = io.BytesIO()
    with soundfile.SoundFile(data, "w", 8000, 1, format="FLAC") as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(np.zeros(800, np.float32))
    return data.getvalue()


def id3(name, text):
    body = b"\3" + text.encode()
    frame = name + struct.pack(">I", len(body)) + b"\0\0" + body
    return b"ID3\3\0\0" + bytes([0, 0, 0, len(frame)]) + frame + b"\xff\xfb\x90\0" * 20


GPS = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
XMP = b'<x:xmpmeta><rdf:Description exif:GPSLatitude="52,31.2N" aux:SerialNumber="00112233"/>'


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_place_of_every_kind_of_photo_is_found(kind):
    found = beside_picture(saved(kind, {ExifTags.IFD.GPSInfo: GPS}))
    assert [each.kind for each in found] == [PLACE]


def test_serial_numbers_and_owners_are_masked():
    found = beside_picture(
        saved("JPEG", {ExifTags.IFD.Exif: {0xA431: "SN-998877"}, 0x013B: "Ann Lee"})
    )
    assert {(each.kind, each.shown) for each in found} == {(SERIAL, "SN…77"), (OWNER, "A…e")}


def test_xmp_says_it_too():
    found = beside_picture(saved("JPEG", xmp=XMP))
    assert {each.kind for each in found} == {PLACE, SERIAL}


def test_tags_of_sounds():
    assert {each.kind for each in beside_sound(flac(artist="Ann Lee"))} == {OWNER}
    assert {each.kind for each in beside_sound(id3(b"TPE1", "Ann Lee"))} == {OWNER}
    assert {each.kind for each in beside_sound(id3(b"TXXX", "gps 52.5,13.4"))} == {PLACE}
    m4a = b"\0\0\0\x18ftypM4A " + b"\xa9xyz\0\x12\x15\xc7+52.5200+013.4050/"
    assert {each.kind for each in beside_sound(m4a)} == {PLACE}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_plain_photo_says_nothing(kind):
    assert beside_picture(saved(kind, {ExifTags.IFD.Exif: {0x9003: "2024:05:17 10:00:00"}})) == []


@pytest.mark.parametrize("look", [beside_picture, beside_sound])
@pytest.mark.parametrize(
    "start", [b"", b"RIFF", b"ID3\4", b"OggS", b"\xff\xd8\xff\xe1\xff\xff", b"\x89PNG\r\n\x1a\n"]
)
def test_hostile_bytes_stop_nothing(look, start):
    dice = np.random.default_rng(0)
    for _ in range(20):
        assert look(start + dice.bytes(500)) == []
