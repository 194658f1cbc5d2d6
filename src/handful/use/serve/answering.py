"""From items that were asked about to answers: memory first, then decoding, then the model."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from handful.foundation.predictor import Answer
from handful.use.serve.batcher import Batcher, too_late
from handful.use.serve.cache import Cache, key_of
from handful.use.serve.journal import Journal
from handful.use.serve.metrics import Metrics
from handful.use.serve.reading import Asked, decode
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.settings import Config


class Said(NamedTuple):
    """What one item got.

    Attributes:
        found: An answer as plain data, an embedding, or why there is none.
        release: The digest of the release that said it.
        seconds: From when it was asked.
        is_kept: Whether it was answered from memory.
    """

    found: Any
    release: str
    seconds: float
    is_kept: bool = False


class Answering:
    """Answers items, and writes down that it did.

    Args:
        config: Limits.
        replica: Gives the release that answers now.
        journal: Where uses are kept.
        metrics: Where it counts.
    """

    def __init__(
        self,
        config: Config,
        replica: Callable[[], Replica],
        journal: Journal,
        metrics: Metrics,
    ) -> None:
        self.config, self.journal, self.metrics = config, journal, metrics
        self.replica = replica
        self.cache = Cache(config.cache_bytes)
        self.batcher = Batcher(config.queue_items, config.batch_items, metrics)
        self._decoders = ThreadPoolExecutor(config.decoders, thread_name_prefix="decode")

    async def predict(
        self, asked: Sequence[Asked], until: float, who: str = ""
    ) -> list[dict[str, Any] | Refusal]:
        """Answer items.

        Args:
            asked: As they came.
            until: Monotonic seconds until which answers are wanted.
            who: The id of the key, for the journal.

        Returns:
            Plain data or a refusal for each, in order.

        Raises:
            Refusal: When there is no room for them, or the release learned without labels.
        """
        replica = self.replica()
        if not replica.answers:
            raise Refusal(
                422, "no_answers", f"The release {replica.name} learned without labels.",
                "ask /v1/embeddings, or train with --labels and release that",
            )  # fmt: skip
        said = await self._all(replica, "predict", replica.predict, asked, until)
        return [self._told(each, item, who) for each, item in zip(said, asked, strict=True)]

    async def embed(
        self, asked: Sequence[Asked], until: float, space: str
    ) -> list[NDArray[np.float32] | Refusal]:
        """Embed items.

        Args:
            asked: As they came.
            until: Monotonic seconds until which they are wanted.
            space: `shared`, `plain`, or empty for the release's own.

        Returns:
            `[D]` float32 or a refusal for each, in order.

        Raises:
            Refusal: When there is no room for them.
        """
        replica = self.replica()

        def work(values: Sequence[Mapping[str, Any]]) -> list[Any]:
            return replica.embed(values, space)

        said = await self._all(replica, f"embed {space}", work, asked, until)
        return [each.found for each in said]

    async def check(self, within_s: float) -> None:
        """Have the canned query answered, in the same queue as everybody's.

        Args:
            within_s: Seconds that it may take.

        Raises:
            Refusal: 503 when it is not.
        """
        replica = self.replica()
        until = time.monotonic() + within_s

        def work(values: Sequence[Any]) -> list[Any]:
            return [replica.check() for _ in values]

        try:
            async with asyncio.timeout(within_s):
                found = await self.batcher.ask(("check", replica.digest), work, None, until)
        except TimeoutError:
            found = too_late()
        if isinstance(found, Refusal):
            what = f"The canned query was not answered: {found.what}"
            raise Refusal(503, "not_ready", what, "ask again in a moment", 1.0)

    def close(self) -> None:
        """Let go of the threads that decode."""
        self._decoders.shutdown(wait=False, cancel_futures=True)

    async def _all(
        self, replica: Replica, kind: str, work: Any, asked: Sequence[Asked], until: float
    ) -> list[Said]:
        start = time.monotonic()
        keys = [key_of(replica.digest, kind, each.hashes) for each in asked]
        said: dict[int, Said] = {}
        for row, (each, key) in enumerate(zip(asked, keys, strict=True)):
            kept = None if each.fault else self.cache.get(key)
            if each.fault or kept is not None:
                found = each.fault or kept
                said[row] = Said(found, replica.digest, time.monotonic() - start, kept is not None)
        rest = [row for row in range(len(asked)) if row not in said]
        hits = sum(each.is_kept for each in said.values())
        self.metrics.add("cache_hits_total", hits)
        self.metrics.add("cache_misses_total", len(rest))
        if rest:
            self.batcher.enter(len(rest), until - start)
            try:
                found = await asyncio.gather(
                    *(self._one(replica, kind, work, asked[row], until) for row in rest)
                )
            finally:
                self.batcher.leave(len(rest))
            for row, each in zip(rest, found, strict=True):
                said[row] = Said(each, replica.digest, time.monotonic() - start)
                if not isinstance(each, Refusal):
                    size = each.nbytes if isinstance(each, np.ndarray) else len(orjson.dumps(each))
                    self.cache.put(keys[row], each, size)
            self.metrics.set("cache_bytes", self.cache.bytes)
        return [said[row] for row in range(len(asked))]

    async def _one(self, replica: Replica, kind: str, work: Any, asked: Asked, until: float) -> Any:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                value = await loop.run_in_executor(self._decoders, decode, asked, self.config)
                if isinstance(value, Refusal):
                    return value
                found = await self.batcher.ask((kind, replica.digest), work, value, until)
        except TimeoutError:
            return too_late()
        return _plain(found) if isinstance(found, Answer) else found

    def _told(self, said: Said, asked: Asked, who: str) -> dict[str, Any] | Refusal:
        """Write a use down, and give it an id that feedback can name."""
        if isinstance(said.found, Refusal):
            self.metrics.add("rejected_total", reason=said.found.code)
            return said.found
        name = f"a_{secrets.token_hex(12)}"
        source = "memory" if said.is_kept else "model"
        self.metrics.add("answers_total", level=said.found["level"], source=source)
        self.journal.event(
            {
                "id": name,
                "release": said.release,
                "key": who,
                "hashes": dict(asked.hashes),
                "label": said.found["label"],
                "level": said.found["level"],
                "confidence": said.found["confidence"],
                "seconds": round(said.seconds, 6),
                "kept": said.is_kept,
            }
        )
        self.metrics.set("events_lost_total", self.journal.lost)
        beside = {"id": name, "seconds": round(said.seconds, 6), "kept": said.is_kept}
        return {**({"item": asked.name} if asked.name else {}), **said.found, **beside}


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer without its time, which is another one each time it is given."""
    return {name: value for name, value in answer.as_dict().items() if name != "seconds"}
