"""Items that wait are answered together; none waits for others to come.

The number of items inside is bounded. Who would wait longer than it may is told at once (429);
whose time is over before its turn is dropped before anything is computed for it (504).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from handful.use.serve.metrics import Metrics
from handful.use.serve.refusals import Refusal

Work = Callable[[Sequence[Any]], list[Any]]
"""Values to as many results; runs outside the loop, and never raises for a bad item."""


class _Job(NamedTuple):
    kind: Hashable
    work: Work
    value: Any
    until: float
    since: float
    done: asyncio.Future[Any]


class Batcher:
    """One thread that answers, and what waits for it.

    Args:
        most_inside: Items that may be inside at once.
        most_together: Items that are answered together at most.
        metrics: Where it counts.
    """

    def __init__(self, most_inside: int, most_together: int, metrics: Metrics) -> None:
        self.inside = 0
        self.item_s = 0.0
        self._most_inside, self._most_together = most_inside, most_together
        self._metrics = metrics
        self._waiting: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; to be called where the loop runs."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End; what still waits is refused."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while self._waiting:
            job = self._waiting.popleft()
            if not job.done.done():
                job.done.set_result(_closing())
        self._pool.shutdown(wait=True)

    def enter(self, items: int, within_s: float) -> None:
        """Let items in; each is to `leave` again.

        Args:
            items: How many.
            within_s: Seconds that they may take.

        Raises:
            Refusal: 429 when there is no room, or it would take too long.
        """
        wait = self.inside * self.item_s
        if self.inside + items > self._most_inside or (self.inside and wait > within_s):
            raise Refusal(
                429,
                "queue_full",
                f"{self.inside} items are waiting already, about {wait:.1f} s of work.",
                "come back after the seconds in Retry-After",
                max(wait / 2, 1.0),
            )
        self.inside += items
        self._metrics.set("queue_depth", self.inside)

    def leave(self, items: int) -> None:
        """Let items out.

        Args:
            items: As many as entered.
        """
        self.inside -= items
        self._metrics.set("queue_depth", self.inside)

    async def ask(self, kind: Hashable, work: Work, value: Any, until: float) -> Any:
        """Have one value worked on, with others of its kind where some wait.

        Args:
            kind: Values of one kind may go together.
            work: What is done with them.
            value: A decoded item.
            until: Monotonic seconds after which nobody wants it.

        Returns:
            What the work gave; a `Refusal` when its time was over first.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(kind, work, value, until, time.monotonic(), done))
        self._arrived.set()
        return await done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            jobs = self._take()
            if not jobs:
                continue
            start = time.monotonic()
            for job in jobs:
                self._metrics.see("queue_duration_seconds", start - job.since)
            try:
                values = [job.value for job in jobs]
                results = await loop.run_in_executor(self._pool, jobs[0].work, values)
            except asyncio.CancelledError:
                for job in jobs:
                    _give(job, _closing())
                raise
            except Exception as error:  # the work promises not to; its clients still get an answer
                what = f"The model failed with {type(error).__name__}."
                results = [Refusal(500, "model_failed", what) for _ in jobs]
            self._learn(time.monotonic() - start, len(jobs))
            for job, result in zip(jobs, results, strict=True):
                _give(job, result)

    def _take(self) -> list[_Job]:
        """The next jobs of one kind that somebody still wants, in their order."""
        now, jobs, others = time.monotonic(), [], []
        while self._waiting and len(jobs) < self._most_together:
            job = self._waiting.popleft()
            if job.done.done():
                continue
            if job.until <= now:
                job.done.set_result(too_late())
            elif jobs and job.kind != jobs[0].kind:
                others.append(job)
            else:
                jobs.append(job)
        self._waiting.extendleft(reversed(others))
        return jobs

    def _learn(self, seconds: float, items: int) -> None:
        self._metrics.see("inference_duration_seconds", seconds)
        self._metrics.see("batch_size", float(items))
        each = seconds / items
        self.item_s = each if not self.item_s else 0.8 * self.item_s + 0.2 * each


def too_late() -> Refusal:
    """What someone gets whose time was over."""
    return Refusal(
        504,
        "deadline",
        "The answer would have come too late.",
        "allow more, or ask less at once",
        1.0,
    )


def _closing() -> Refusal:
    return Refusal(503, "closing", "This server is going down.", "ask again in a moment", 2.0)


def _give(job: _Job, result: Any) -> None:
    if not job.done.done():
        job.done.set_result(result)
