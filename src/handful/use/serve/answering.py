"""From items that were asked about to answers: memory first, then decoding, then the model."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from handful.foundation.predictor import Answer, Level
from handful.use.serve.batcher import Batcher, too_late
from handful.use.serve.cache import Cache, key_of
from handful.use.serve.guarding import Trial, failed
from handful.use.serve.journal import Journal
from handful.use.serve.metrics import Metrics
from handful.use.serve.reading import Asked, decode
from handful.use.serve.refusals import Refusal
from handful.use.serve.replica import Replica
from handful.use.serve.settings import Config
from handful.use.watch.guards import Finding, Seen
from handful.use.watch.stages import Arm, Step


class _Timed(NamedTuple):
    """A result with what it cost, shared among the items answered together."""

    found: Any
    seconds: float
    cpu_s: float


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
        self.on_step: Callable[[Trial, Step], None] = lambda trial, step: None
        self._comparing: set[asyncio.Task[None]] = set()
        self._decoders = ThreadPoolExecutor(config.decoders, thread_name_prefix="decode")

    async def predict(
        self, asked: Sequence[Asked], until: float, who: str = "", sticky: str = ""
    ) -> list[dict[str, Any] | Refusal]:
        """Answer items.

        Args:
            asked: As they came.
            until: Monotonic seconds until which answers are wanted.
            who: The id of the key, for the journal.
            sticky: Whoever says the same is answered by the same release while a challenger is
                tried; empty to go by each item's content.

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
        said = await self._all(replica, "predict", asked, until, sticky)
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
        said = await self._all(replica, f"embed {space}", asked, until, space=space)
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
        self,
        replica: Replica,
        kind: str,
        asked: Sequence[Asked],
        until: float,
        sticky: str = "",
        space: str | None = None,
    ) -> list[Said]:
        start = time.monotonic()
        trial = self.trial if space is None else None
        chosen = [_choose(trial, replica, each, sticky) for each in asked]
        keys = [
            key_of(one.digest, kind, each.hashes)
            for (one, _), each in zip(chosen, asked, strict=True)
        ]
        said: dict[int, Said] = {}
        for row, (each, key) in enumerate(zip(asked, keys, strict=True)):
            kept = None if each.fault else self.cache.get(key)
            if each.fault or kept is not None:
                found, digest = each.fault or kept, chosen[row][0].digest
                said[row] = Said(found, digest, time.monotonic() - start, kept is not None)
        rest = [row for row in range(len(asked)) if row not in said]
        hits = sum(each.is_kept for each in said.values())
        self.metrics.add("cache_hits_total", hits)
        self.metrics.add("cache_misses_total", len(rest))
        if rest:
            self.batcher.enter(len(rest), until - start)
            try:
                found = await asyncio.gather(
                    *(self._one(*chosen[row], trial, asked[row], until, space) for row in rest)
                )
            finally:
                self.batcher.leave(len(rest))
            for row, each in zip(rest, found, strict=True):
                result, digest = each
                said[row] = Said(result, digest, time.monotonic() - start)
                if not isinstance(result, Refusal) and digest == chosen[row][0].digest:
                    is_vector = isinstance(result, np.ndarray)
                    size = result.nbytes if is_vector else len(orjson.dumps(result))
                    self.cache.put(keys[row], result, size)
            self.metrics.set("cache_bytes", self.cache.bytes)
        return [said[row] for row in range(len(asked))]

    async def _one(
        self,
        replica: Replica,
        arm: Arm,
        trial: Trial | None,
        asked: Asked,
        until: float,
        space: str | None,
    ) -> tuple[Any, str]:
        """What one item gets, and the digest of the release that said it."""
        loop, digest = asyncio.get_running_loop(), replica.digest
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                value = await loop.run_in_executor(self._decoders, decode, asked, self.config)
                if isinstance(value, Refusal):
                    return value, digest
                if space is not None:
                    timed = await self._ask_embedding(replica, value, until, space)
                    return (timed.found if isinstance(timed, _Timed) else timed), digest
                timed = await self._ask(replica, value, until)
                found = timed.found if isinstance(timed, _Timed) else timed
                if trial and arm is Arm.CANDIDATE and failed(found):
                    trial.guard.fail()
                    timed, digest = await self._ask(trial.old, value, until), trial.old.digest
                    found = timed.found if isinstance(timed, _Timed) else timed
                    self._look(trial)
                elif trial and isinstance(timed, _Timed) and isinstance(found, Answer):
                    self._watch(trial, arm, timed, value)
        except TimeoutError:
            # A challenger that is too slow for the deadline is no better than one that fails.
            if trial and trial.stages and arm is Arm.CANDIDATE and self.trial is trial:
                trial.guard.fail()
                self._look(trial)
            return too_late(), digest
        return (_plain(found) if isinstance(found, Answer) else found), digest

    async def _ask(self, replica: Replica, value: Any, until: float) -> Any:
        def work(values: Sequence[Any]) -> list[Any]:
            return _timed(replica.predict, values)

        return await self.batcher.ask(("predict", replica.digest), work, value, until)

    async def _ask_embedding(self, replica: Replica, value: Any, until: float, space: str) -> Any:
        def work(values: Sequence[Any]) -> list[Any]:
            return _timed(lambda some: replica.embed(some, space), values)

        return await self.batcher.ask(("embed", space, replica.digest), work, value, until)

    def _watch(self, trial: Trial, arm: Arm, timed: _Timed, value: Any) -> None:
        """Have a guard see an answer; the other release answers too, after the client has its."""
        stages = trial.stages
        if arm is not Arm.REST and stages:
            trial.guard.see(_seen(timed), is_new=arm is Arm.CANDIDATE)
            stages.see(_seen(timed), arm)
            self._look(trial)
        is_shadow = stages is not None and stages.standing.stage == "shadow"
        is_compared = is_shadow or arm is Arm.CANDIDATE
        is_over = trial.guard.is_over and not stages
        if not is_compared or is_over or self.trial is not trial:
            return
        if self.batcher.inside > self.config.queue_items // 2:
            return  # under load comparing waits; the next items will do
        other = trial.new if is_shadow else trial.old

        async def compare() -> None:
            until = time.monotonic() + self.config.deadline_s
            also = await self._ask(other, value, until)
            if self.trial is not trial:
                return
            said = also.found if isinstance(also, _Timed) else also
            if is_shadow and failed(said):
                trial.guard.fail()
            elif isinstance(said, Answer):
                is_same = said.label == timed.found.label
                trial.guard.add(is_same)
                if stages:
                    stages.compare(is_same)
                if is_shadow or not stages:
                    trial.guard.see(_seen(also), is_new=is_shadow)
                    trial.guard.see(_seen(timed), is_new=not is_shadow)
                self.metrics.set("shadow_disagreement_ratio", trial.guard.share)
            self._look(trial)

        task = asyncio.get_running_loop().create_task(compare())
        self._comparing.add(task)
        task.add_done_callback(self._comparing.discard)

    def heard(self, release: str, is_right: bool) -> None:
        """Take in what somebody said of an answer while a release is on trial.

        Args:
            release: The digest of the release that gave it.
            is_right: Whether they called it right.
        """
        trial = self.trial
        if trial and release in (trial.new.digest, trial.old.digest):
            trial.guard.judge(is_right, is_new=release == trial.new.digest)
            self._look(trial)

    def _look(self, trial: Trial) -> None:
        finding = trial.guard.look() if self.trial is trial else None
        # The trial goes on until another release answers: what fails meanwhile harms nobody.
        if finding and self._found is not trial:
            self._found = trial
            if trial.stages:
                trial.stages.is_held = True  # at once: the shelf and the disk may take their time
            self.on_finding(trial, finding)
            return
        if trial.stages and self.trial is trial and self._found is not trial:
            step = trial.stages.step()
            self.metrics.set("canary_weight", trial.stages.share)
            if step in (Step.PROMOTE, Step.HOLD):
                self._found = trial
                self.on_step(trial, step)

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
        beside: dict[str, Any] = {
            "id": name,
            "seconds": round(said.seconds, 6),
            "kept": said.is_kept,
        }
        if said.release != self.replica().digest:
            beside["release"] = said.release
        return {**({"item": asked.name} if asked.name else {}), **said.found, **beside}


def _choose(
    trial: Trial | None, replica: Replica, asked: Asked, sticky: str
) -> tuple[Replica, Arm]:
    """Which release answers an item, and what for."""
    if trial is None or replica.digest not in (trial.new.digest, trial.old.digest):
        return replica, Arm.REST
    if trial.stages is None:
        return replica, Arm.CANDIDATE if replica.digest == trial.new.digest else Arm.REST
    arm = trial.stages.arm_of(sticky or "".join(sorted(asked.hashes.values())))
    return (trial.new if arm is Arm.CANDIDATE else replica), arm


def _timed(work: Callable[[Sequence[Any]], list[Any]], values: Sequence[Any]) -> list[Any]:
    start, cpu = time.perf_counter(), time.thread_time()
    found = work(values)
    seconds = (time.perf_counter() - start) / len(values)
    cpu_s = (time.thread_time() - cpu) / len(values)
    return [_Timed(each, seconds, cpu_s) for each in found]


def _seen(timed: _Timed) -> Seen:
    answer = timed.found
    is_sure = answer.level != Level.NOT_SURE
    return Seen(answer.label, is_sure, timed.seconds, timed.cpu_s)


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer without its time, which is another one each time it is given."""
    return {name: value for name, value in answer.as_dict().items() if name != "seconds"}
