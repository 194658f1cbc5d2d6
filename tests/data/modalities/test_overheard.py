import os

from handful.data.modalities.overheard import overheard


def test_what_is_written_is_kept_from_the_terminal(capfd):
    with overheard() as said:
        os.write(2, b"one\ntwo\n")
        assert said == []
    assert said == ["one", "two"]
    os.write(2, b"three\n")
    assert capfd.readouterr().err == "three\n"


def test_silence_is_no_line():
    with overheard() as said:
        pass
    assert said == []


def test_a_flood_holds_nothing_up():
    with overheard() as said:
        for _ in range(200):
            try:
                os.write(2, b"x" * 1000 + b"\n")
            except BlockingIOError:
                break
    assert 10 < len(said) <= 66
