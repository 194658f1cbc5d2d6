import struct

import pytest

from handful.data.modalities.boxes import BrokenBox, CutBox, walk


def box(kind, content=b""):
    return struct.pack(">I", 8 + len(content)) + kind + content


def test_boxes_side_by_side_are_listed():
    data = box(b"ftyp", b"abcd") + box(b"free") + box(b"mdat", b"x" * 5)
    found = [(each.kind, data[each.start : each.end]) for each in walk(data, 0, len(data))]
    assert found == [(b"ftyp", b"abcd"), (b"free", b""), (b"mdat", b"xxxxx")]


def test_long_lengths_and_open_ends_are_understood():
    long = struct.pack(">I4sQ", 1, b"mdat", 18) + b"ab"
    data = long + b"\x00\x00\x00\x00freerest"
    found = [(each.kind, data[each.start : each.end]) for each in walk(data, 0, len(data))]
    assert found == [(b"mdat", b"ab"), (b"free", b"rest")]


def test_what_reaches_beyond_the_end_is_cut():
    with pytest.raises(CutBox):
        list(walk(box(b"mdat", b"abc")[:-1], 0, 10))
    with pytest.raises(CutBox):
        list(walk(box(b"free") + b"abc", 0, 11))


def test_a_box_shorter_than_its_head_is_broken():
    with pytest.raises(BrokenBox):
        list(walk(b"\x00\x00\x00\x07free", 0, 8))
