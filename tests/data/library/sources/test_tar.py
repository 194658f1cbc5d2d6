import io
import pickle
import tarfile
from contextlib import ExitStack

import pytest

from handful.data.library.sources.tar import is_tar, list_tar
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import InputError


@pytest.fixture
def stack():
    with ExitStack() as open_files:
        yield open_files


def member(name, data=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


def make(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:  # pyrefly: ignore
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.tar", "w"),
        ("a.tar.gz", "w:gz"),
        ("a.tgz", "w:gz"),
        ("a.tar.bz2", "w:bz2"),
        ("a.tar.xz", "w:xz"),
    ],
)
def test_members_are_listed_and_fetched(tmp_path, stack, name, mode):
    path = make(tmp_path / name, [member("b/2.png", b"two"), member("a.txt", b"one")], mode)
    assert is_tar(path)
    tree = list_tar(path, stack, tmp_path).tree
    assert [(leaf.name, leaf.modality) for leaf in tree.leaves] == [
        ("a.txt", "text"),
        ("b/2.png", "image"),
    ]
    place = tree.leaves[1].place
    assert place.origin == f"{path}!b/2.png"
    assert place.fetch(3).data == b"two"
    with pytest.raises(Unreadable, match="at most 2"):
        place.fetch(2)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b.png", "/etc/a.png", "..\\a.png", "C:/a.png"]
)
def test_names_that_lead_out_are_refused(tmp_path, stack, name):
    tree = list_tar(
        make(tmp_path / "a.tar", [member(name), member("good.png")]), stack, tmp_path
    ).tree
    assert [leaf.name for leaf in tree.leaves] == ["good.png"]
    assert [aside.reason.reason for aside in tree.asides] == ["archive/unsafe_name"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_are_left_alone(tmp_path, stack, kind):
    path = make(tmp_path / "a.tar", [member("a.png", b"", kind, "/etc/passwd")])
    (aside,) = list_tar(path, stack, tmp_path).tree.asides
    assert aside.reason.reason == "archive/not_a_file"


def test_pickles_and_other_code_are_named_and_never_opened(tmp_path, stack):
    names = ["1.pkl", "1.pyd", "1.pickle", "1.pth", "1.json", "inner.tar"]
    bomb = pickle.dumps({"never": "loaded"})
    shard = list_tar(
        make(tmp_path / "a.tar", [member(name, bomb) for name in names]), stack, tmp_path
    )
    assert not shard.tree.leaves
    assert {aside.reason.reason for aside in shard.tree.asides} == {
        "file/unknown_type",
        "file/archive",
    }


def test_a_shards_answers_are_taken(tmp_path, stack):
    members = [
        member("1.jpg"),
        member("1.cls", b"7\n"),
        member("2.cls", b"\xff"),
        member("3.cls", b"x" * 200),
    ]
    shard = list_tar(make(tmp_path / "a.tar", members), stack, tmp_path)
    assert shard.answers == {"1": "7"}
    assert {aside.name: aside.reason.reason for aside in shard.tree.asides} == {
        "1.cls": "file/answer",
        "2.cls": "file/unknown_type",
        "3.cls": "file/too_large",
    }


def test_a_name_counts_once(tmp_path, stack):
    tree = list_tar(
        make(tmp_path / "a.tar", [member("a.png", b"1"), member("a.png", b"2")]), stack, tmp_path
    ).tree
    assert [leaf.place.fetch(9).data for leaf in tree.leaves] == [b"1"]
    assert [aside.reason.reason for aside in tree.asides] == ["archive/duplicate_name"]


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, stack):
    path = make(tmp_path / "a.tar.gz", [member("a.png", bytes(30_000_000))], "w:gz")
    with pytest.raises(InputError, match="would unpack to more"):
        list_tar(path, stack, tmp_path)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kept", [1, 100, 700, 900])
def test_a_cut_archive_is_said_or_its_member_is(tmp_path, stack, kept):
    path = make(tmp_path / "a.tar", [member("a.png", b"x" * 2000)])
    path.write_bytes(path.read_bytes()[:kept])
    try:
        leaves = list_tar(path, stack, tmp_path).tree.leaves
    except InputError:
        return
    for leaf in leaves:
        with pytest.raises(Unreadable, match="ends early"):
            leaf.place.fetch(10_000)


@pytest.mark.parametrize("data", [b"no archive at all" * 60, b"\x1f\x8b\x08broken"])
def test_what_is_no_archive_is_said(tmp_path, stack, data):
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    with pytest.raises(InputError, match="as a TAR archive"):
        list_tar(path, stack, tmp_path)
