import io

import numpy as np
import pytest
from PIL import Image

from handful.data.modalities.image.read import read

XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:dc="http://purl.org/dc/elements/1.1/">
<rdf:Description><dc:subject><rdf:Bag>%s</rdf:Bag></dc:subject>
<dc:title><rdf:Alt><rdf:li>not a keyword</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def xmp(*words):
    return (XMP % "".join(f"<rdf:li>{word}</rdf:li>" for word in words)).encode()


def iptc(*words):
    """Photoshop's block 0x0404 with one record 2:25 for each keyword."""
    records = b"".join(
        b"\x1c\x02\x19" + len(word.encode()).to_bytes(2, "big") + word.encode() for word in words
    )
    block = b"8BIM\x04\x04\x00\x00" + len(records).to_bytes(4, "big") + records
    content = b"Photoshop 3.0\x00" + block + b"\x00" * (len(records) % 2)
    return b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content


def packed(kind="JPEG", **options):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


def words(data):
    return read(data).meta.get("keywords", [])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_xmp_keywords_are_read(kind):
    assert words(packed(kind, xmp=xmp("cup", "grade:first", "Größe"))) == [
        "cup",
        "grade:first",
        "Größe",
    ]


def test_iptc_keywords_are_read_and_each_counts_once():
    data = packed(xmp=xmp("cup"))
    data = data[:2] + iptc("cup", "blue") + data[2:]
    assert words(data) == ["cup", "blue"]


def test_a_single_iptc_keyword_is_read():
    data = packed()
    assert words(data[:2] + iptc("cup") + data[2:]) == ["cup"]


def test_no_keywords_are_no_fact():
    assert "keywords" not in read(packed()).meta


@pytest.mark.parametrize(
    "block",
    [
        b"<broken",
        b"\xff\xfe\x00",
        b'<!DOCTYPE a [<!ENTITY x "cup">]>' + xmp("&x;"),
        xmp("x" * 200),
        xmp(" "),
        xmp("line\u202eround"),
    ],
)
def test_what_is_no_keyword_costs_nothing(block):
    assert words(packed(xmp=block)) == []


def test_a_thousand_keywords_are_fifty():
    assert len(words(packed(xmp=xmp(*map(str, range(1000)))))) == 50
