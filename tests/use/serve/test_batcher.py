"""Waiting, being answered together, being too many, being too late."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from handful.foundation.errors import InputError
from handful.use.serve.batcher import Batcher
from handful.use.serve.cache import Cache, key_of
from handful.use.serve.metrics import Metrics
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import one_by_one
from use.serve.conftest import Client


def test_what_waits_is_answered_together_and_kinds_never_mix() -> None:
    seen: list[list[Any]] = []
    gate = threading.Event()

    def work(values: Sequence[Any]) -> list[Any]:
        gate.wait(5)
        seen.append(list(values))
        return [value * 10 for value in values]

    async def all_of_it() -> list[Any]:
        batcher = Batcher(100, 4, Metrics())
        batcher.start()
        until = time.monotonic() + 5
        kinds = ["a", "a", "b", "a", "a", "a", "a", "b"]
        asked = [
            asyncio.ensure_future(batcher.ask(kind, work, row, until))
            for row, kind in enumerate(kinds)
        ]
        await asyncio.sleep(0.02)
        gate.set()
        found = await asyncio.gather(*asked)
        await batcher.stop()
        return found

    assert asyncio.run(all_of_it()) == [0, 10, 20, 30, 40, 50, 60, 70]
    assert all(len(batch) <= 4 for batch in seen)
    assert sorted(each for batch in seen for each in batch) == list(range(8))
    assert all(len({row in (2, 7) for row in batch}) == 1 for batch in seen)
    assert len(seen) < 8


def test_too_many_are_told_at_once_and_the_late_are_not_computed() -> None:
    computed: list[Any] = []

    def work(values: Sequence[Any]) -> list[Any]:
        time.sleep(0.05)
        computed.extend(values)
        return list(values)

    async def all_of_it() -> Any:
        batcher = Batcher(2, 1, Metrics())
        batcher.start()
        batcher.enter(2, 1.0)
        with pytest.raises(Refusal) as caught:
            batcher.enter(1, 1.0)
        assert (caught.value.status, caught.value.code) == (429, "queue_full")
        assert int(caught.value.headers["retry-after"]) >= 1
        now = time.monotonic()
        first = asyncio.ensure_future(batcher.ask("a", work, 1, now + 5))
        late = asyncio.ensure_future(batcher.ask("a", work, 2, now + 0.01))
        found = await asyncio.gather(first, late)
        batcher.leave(2)
        await batcher.stop()
        return found

    first, late = asyncio.run(all_of_it())
    assert first == 1
    assert late.code == "deadline"
    assert computed == [1]


def test_one_bad_value_takes_no_other_with_it() -> None:
    def work(values: Sequence[Any]) -> list[Any]:
        if 3 in values:
            raise InputError("Three is not understood.", "leave it out")
        return [each["n"] if isinstance(each, dict) else each for each in values]

    found = one_by_one(work, [1, 3, 2])  # pyrefly: ignore
    assert [found[0], found[2]] == [1, 2]
    assert (found[1].status, found[1].what) == (422, "Three is not understood.")


def test_the_cache_stays_within_its_bytes_and_lets_go_of_the_oldest() -> None:
    cache = Cache(3 * 300)
    keys = [key_of("d", "predict", {"text": str(row)}) for row in range(4)]
    for key in keys[:3]:
        cache.put(key, key, 100)
    assert cache.get(keys[0]) == keys[0]
    cache.put(keys[3], "new", 100)
    assert cache.get(keys[1]) is None
    assert cache.get(keys[0]) == keys[0]
    assert (len(cache), cache.bytes) == (3, 900)
    cache.put(keys[2], "huge", 10_000)
    assert cache.get(keys[2]) != "huge"
    assert key_of("e", "predict", {"text": "0"}) != keys[0]


def test_a_full_queue_and_a_short_deadline_reach_the_client(
    serving: Callable[..., Client],
) -> None:
    client = serving(queue_items=2, items=2, batch_items=1)
    replica = client.server.versions.current
    real = replica.predict

    def slow(values: Any) -> Any:
        time.sleep(0.15)
        return real(values)

    replica.predict = slow  # pyrefly: ignore
    body = b'{"items": [{"text": "%d"}, {"text": "%d"}]}'
    head = {"content-type": "application/json"}

    async def crowd() -> list[Any]:
        calls = [
            client.call("POST", "/v1/predict", body % (row, row + 100), head) for row in range(4)
        ]
        return await asyncio.gather(*calls)

    found = client.run(crowd())
    assert sorted(each.status for each in found) == [200, 429, 429, 429]
    assert all("retry-after" in each.headers for each in found if each.status == 429)
    late = client.post("/v1/predict", {"text": "late"}, {**head, "x-deadline-ms": "20"})
    assert (late.status, late.code) == (504, "deadline")
    time.sleep(0.2)
    assert client.post("/v1/predict", {"text": "in time"}).status == 200
