import stat
import struct
import zipfile
import zlib

import pytest

from handful.data.library.sources.archive import list_archive, open_archive
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import InputError


def listed(path):
    return list_archive(open_archive(path), str(path))


def make(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_members_are_listed_and_fetched(tmp_path):
    tree = listed(make(tmp_path / "a.zip", [("b/2.png", b"two"), ("a.txt", b"one"), ("d/", b"")]))
    assert [(leaf.name, leaf.modality) for leaf in tree.leaves] == [
        ("a.txt", "text"),
        ("b/2.png", "image"),
    ]
    place = tree.leaves[1].place
    assert place.path == ""
    assert place.origin == f"{tmp_path}/a.zip!b/2.png"
    fetched = place.fetch(3)
    assert fetched.data == b"two"
    assert fetched.look == place.look() == (3, f"crc32:{zlib.crc32(b'two'):08x}")


@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b.png", "/etc/a.png", "C:/a.png", "..\\a.png", "a/..\\b.png"]
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    tree = listed(make(tmp_path / "a.zip", [(name, b"x"), ("good.png", b"x")]))
    assert [leaf.name for leaf in tree.leaves] == ["good.png"]
    assert [aside.reason.reason for aside in tree.asides] == ["archive/unsafe_name"]


def test_links_inside_are_refused(tmp_path):
    member = zipfile.ZipInfo("link.png")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    tree = listed(make(tmp_path / "a.zip", [(member, b"/etc/passwd")]))
    assert [aside.reason.reason for aside in tree.asides] == ["archive/unsafe_name"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_counts_once(tmp_path):
    tree = listed(make(tmp_path / "a.zip", [("a.png", b"1"), ("a.png", b"2")]))
    assert len(tree.leaves) == 1
    assert [aside.reason.reason for aside in tree.asides] == ["archive/duplicate_name"]


def test_hidden_and_unknown_members_are_named(tmp_path):
    names = ["__MACOSX/._a.png", ".DS_Store", "x.pickle", "inner.zip", "rows.csv"]
    tree = listed(make(tmp_path / "a.zip", [(name, b"x") for name in names]))
    assert {aside.name: aside.reason.reason for aside in tree.asides} == {
        "__MACOSX/._a.png": "file/hidden",
        ".DS_Store": "file/hidden",
        "x.pickle": "file/unknown_type",
        "inner.zip": "file/archive",
        "rows.csv": "file/table",
    }


def reason_for(place, most=10**9):
    with pytest.raises(Unreadable) as caught:
        place.fetch(most)
    return caught.value.reason


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    path = make(tmp_path / "a.zip", [("a.png", bytes(5_000_000))], zipfile.ZIP_DEFLATED)
    (leaf,) = listed(path).leaves
    assert reason_for(leaf.place) == "archive/too_dense"
    assert reason_for(leaf.place, most=1000) == "file/too_large"


def test_spoiled_members_are_named(tmp_path):
    path = make(tmp_path / "a.zip", [("a.png", b"some bytes")])
    data = path.read_bytes()
    path.write_bytes(data.replace(b"some bytes", b"some bytez", 1))
    (leaf,) = listed(path).leaves
    assert reason_for(leaf.place) == "archive/damaged"


def test_a_member_that_lies_about_its_size_is_named(tmp_path):
    path = make(tmp_path / "a.zip", [("a.png", bytes(1000))], zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(bytes(data))
    (leaf,) = listed(path).leaves
    assert reason_for(leaf.place) == "archive/damaged"


def test_encrypted_members_are_named(tmp_path):
    path = make(tmp_path / "a.zip", [("a.png", b"secret")])
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rfind(signature) + offset] |= 1
    path.write_bytes(bytes(data))
    assert [aside.reason.reason for aside in listed(path).asides] == ["archive/encrypted"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", b"no archive at all"])
def test_what_is_no_archive_is_said(tmp_path, data):
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(InputError, match="as a ZIP archive"):
        open_archive(path)
