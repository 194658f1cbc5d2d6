"""Do independent pieces of work side by side, as far as this process may use several cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from handful.foundation.hardware.choices import choose_threads
from handful.foundation.hardware.processor import look_at_processor

T = TypeVar("T")


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run tasks on one thread per core; one after the other where there is one core.

    It pays where each task spends milliseconds inside arrays. The threads live as long as the call,
    because threads that wait for work do not survive a fork. `OMP_NUM_THREADS=1` turns it off.

    Args:
        tasks: Such that none waits for another; the longest first is fastest.

    Returns:
        What each task returned, in the order of the tasks; the first error is raised.
    """
    workers = min(_cores(), len(tasks))
    if workers < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(task) for task in tasks]
        return [each.result() for each in waiting]


@cache
def _cores() -> int:
    return choose_threads(look_at_processor()).value
