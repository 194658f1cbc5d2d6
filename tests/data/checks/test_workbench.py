def test_items_are_whole_and_their_own(bench, dice):
    bench.item("a", dice, kind="cup", split="train", batch="b1", licence="MIT")
    bench.item("b", dice)
    a, b = bench.library().items()
    assert a.modalities == b.modalities == ("text", "image", "audio")
    assert (a.group, a.split, a.rights.licence, a.label("kind")) == ("b1", "train", "MIT", "cup")
    assert (b.group, b.split, b.rights.licence, b.label("kind")) == ("", None, "CC0-1.0", None)
    assert a.content_sha256 != b.content_sha256


def test_what_happens_to_files_afterwards_stays_unnoticed(bench, dice):
    bench.item("a", dice)
    version = bench.library().version
    (bench.files / "a.png").unlink()
    assert bench.library().version == version
    bench.item("b", dice)
    assert len(bench.library().items()) == 2


def test_a_bench_without_items_has_an_empty_library(bench):
    assert len(bench.library()) == 0
