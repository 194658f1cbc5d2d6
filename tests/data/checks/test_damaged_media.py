NAME = "damaged_media"


def test_each_kind_of_damage_is_told_apart(bench, dice, found):
    for key in "abcdef":
        bench.item(key, dice)
    (bench.files / "a.png").write_bytes((bench.files / "a.png").read_bytes()[:-9])
    (bench.files / "b.wav").write_bytes(b"")
    bench.library()
    (bench.files / "c.png").unlink()
    bench.picture("d.png", dice)
    assert found(NAME) == {
        "1 file in quarantine: file/empty": ["b"],
        "1 file in quarantine: image/truncated": ["a"],
        "1 file: its content changed after it was added": ["d"],
        "1 file: there is no such file": ["c"],
    }


def test_the_same_bytes_with_a_new_time_are_no_damage(bench, dice, found):
    bench.item("a", dice)
    bench.library()
    path = bench.files / "a.png"
    path.write_bytes(path.read_bytes())
    assert found(NAME) == {}


def test_a_change_that_hides_behind_an_old_time_needs_a_closer_look(bench, dice, found):
    import os

    bench.item("a", dice)
    bench.library()
    path = bench.files / "a.wav"
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert found(NAME) == {}
    assert found(NAME, rehash=True) == {"1 file: its content changed after it was added": ["a"]}
