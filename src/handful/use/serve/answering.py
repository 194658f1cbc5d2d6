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
from handful.use.serve.guarding import Trial, failed
from handful.use.serve.journal import Journal
from handful.use.serve.metrics import Metrics
from handful.use.serve.reading import Asked, decode
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.settings import Config
from handful.use.watch.guards import Finding


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
        self.trial: Trial | None = None
        self._found: Trial | None = None
        self.on_finding: Callable[[Trial, Finding], None] = lambda trial, finding: None
        self._comparing: set[asyncio.Task[None]] = set()
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
                result, digest = each
                said[row] = Said(result, digest, time.monotonic() - start)
                if not isinstance(result, Refusal) and digest == replica.digest:
                    is_vector = isinstance(result, np.ndarray)
                    size = result.nbytes if is_vector else len(orjson.dumps(result))
                    self.cache.put(keys[row], result, size)
            self.metrics.set("cache_bytes", self.cache.bytes)
        return [said[row] for row in range(len(asked))]

    async def _one(
        self, replica: Replica, kind: str, work: Any, asked: Asked, until: float
    ) -> tuple[Any, str]:
        """What one item gets, and the digest of the release that said it."""
        loop, digest = asyncio.get_running_loop(), replica.digest
        trial = self.trial if kind == "predict" else None
        if trial and trial.new.digest != digest:
            trial = None
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                value = await loop.run_in_executor(self._decoders, decode, asked, self.config)
                if isinstance(value, Refusal):
                    return value, digest
                found = await self.batcher.ask((kind, digest), work, value, until)
                if trial and failed(found):
                    trial.guard.fail()
                    old = trial.old
                    found = await self.batcher.ask((kind, old.digest), old.predict, value, until)
                    digest = old.digest
                    self._look(trial)
                elif trial and not isinstance(found, Refusal) and not trial.guard.is_over:
                    self._compare(trial, found.label, value)
        except TimeoutError:
            return too_late(), digest
        return (_plain(found) if isinstance(found, Answer) else found), digest

    def _compare(self, trial: Trial, label: str, value: Any) -> None:
        """Have the release before answer too, after the client has its answer."""
        if self.batcher.inside > self.config.queue_items // 2:
            return  # under load comparing waits; the next items will do

        async def compare() -> None:
            old, until = trial.old, time.monotonic() + self.config.deadline_s
            said = await self.batcher.ask(("predict", old.digest), old.predict, value, until)
            if isinstance(said, Answer) and not trial.guard.is_over:
                trial.guard.add(said.label == label)
                self.metrics.set("shadow_disagreement_ratio", trial.guard.share)
                self._look(trial)

        task = asyncio.get_running_loop().create_task(compare())
        self._comparing.add(task)
        task.add_done_callback(self._comparing.discard)

    def _look(self, trial: Trial) -> None:
        finding = trial.guard.look() if self.trial is trial else None
        # The trial goes on until another release answers: what fails meanwhile harms nobody.
        if finding and self._found is not trial:
            self._found = trial
            self.on_finding(trial, finding)

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
