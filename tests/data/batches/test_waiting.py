"""What is said of who waited for whom."""

from __future__ import annotations

from handful.data.batches.waiting import Waiting


def test_the_first_batch_is_nobodys_fault() -> None:
    waiting = Waiting(2, waited_s=3.0, used_s=10.0, first_s=3.0)
    waiting.note("image", 0.1)
    assert waiting.share == 0
    assert "reading keeps up" in waiting.sentence()


def test_the_slowest_reader_is_named() -> None:
    waiting = Waiting(2, waited_s=11.0, used_s=10.0, first_s=1.0)
    for _ in range(10):
        waiting.note("image", 0.09)
        waiting.note("text", 0.01)
    assert waiting.share == 0.5
    assert "50% of the time: reading image takes 90%" in waiting.sentence()
    assert "90 ms each on 2 threads" in waiting.sentence()


def test_nothing_read_is_said() -> None:
    assert Waiting(1).share == 0
    assert Waiting(1).sentence() == "Nothing was read."
