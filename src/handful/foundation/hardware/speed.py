"""How fast this machine is, measured in under two seconds.

Every figure is the median of repeats inside a fixed share of the time, so a slow machine is
measured with smaller pieces rather than for longer. One thread is timed by the core time it used,
which other programs disturb little; everything else by the clock on the wall, which is what a
user waits for.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from handful.foundation.errors import require
from handful.foundation.hardware.choices import choose_threads
from handful.foundation.hardware.disk import DiskSpeed, measure_disk, median
from handful.foundation.hardware.memory import look_at_memory
from handful.foundation.hardware.processor import look_at_processor
from handful.foundation.hardware.records import from_fields

_SHARES = {"one": 0.17, "all": 0.17, "copy": 0.14, "write": 0.17, "read": 0.08, "python": 0.09}
"""Parts of the time for each figure; the rest is set-up and what a last repeat runs over."""
_MATRIX_SIDES = (256, 384, 512, 768, 1024, 1536)
_COPY_BYTES = 64 * 2**20
_PYTHON_STEPS = 20_000
_MOST_REPEATS = 25

Timer = Callable[[], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """Measured speeds of this machine; plans and cost models calculate with them.

    Keep it as JSON beside `Machine.fingerprint()` and measure again when that changes.
    """

    one_thread_gflops: float | None
    """float32 matrix product on one thread, in 1e9 operations per second of core time; None
    where the thread count cannot be set."""
    all_threads_gflops: float
    """The same on `threads` threads, per second on the wall."""
    threads: int
    """How many threads `all_threads_gflops` used."""
    cores_obtained: float
    """Cores this process really got meanwhile; well below `threads` on a busy machine."""
    memory_gb_per_s: float
    """Copying large arrays: bytes read plus bytes written, in 1e9 per second."""
    disk_write_mb_per_s: float | None
    """Writing until the disk has it, in 1e6 bytes per second; None where that was not possible."""
    disk_read_mb_per_s: float | None
    """Reading the same back, in 1e6 bytes per second; None where that was not possible."""
    disk_read_is_cached: bool
    """Whether the reading came from memory, because the system could not be asked to forget."""
    python_mops: float
    """Small steps of plain Python (look up, add, store), in 1e6 per second of core time."""
    wall_s: float
    """How long measuring took, in seconds."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Speed:
        """Read back what `as_dict` wrote.

        Raises:
            InputError: When a field is missing or unknown.
        """
        return from_fields(cls, values)


class _Products(NamedTuple):
    one_thread_gflops: float | None
    all_threads_gflops: float
    cores_obtained: float


def probe(
    folder: Path | None = None, *, budget_s: float = 1.8, threads: int | None = None
) -> Speed:
    """Measure how fast this machine computes, copies, reads and writes.

    Args:
        folder: Where to measure the disk, through a hidden file of at most 64 MiB that is removed
            again; None leaves the disk out.
        budget_s: About how long it may take, in seconds, 0.2 to 10.
        threads: Threads for the second matrix product; chosen from the machine when None.

    Raises:
        ConfigError: When the budget or the threads are out of range.
    """
    require(0.2 <= budget_s <= 10, "budget_s", budget_s, "in [0.2, 10]")
    if threads is None:
        threads = choose_threads(look_at_processor()).value
    require(threads >= 1, "threads", threads, "1 or more")
    start_s = time.perf_counter()
    spare = {name: share * budget_s for name, share in _SHARES.items()}
    products = _products(threads, spare["one"], spare["all"])
    copied = _memory_gb_per_s(spare["copy"])
    steps = _python_mops(spare["python"])
    disk = DiskSpeed()
    if folder is not None:
        disk = measure_disk(folder, spare["write"], spare["read"])
    return Speed(
        one_thread_gflops=products.one_thread_gflops,
        all_threads_gflops=products.all_threads_gflops,
        threads=threads,
        cores_obtained=products.cores_obtained,
        memory_gb_per_s=copied,
        disk_write_mb_per_s=disk.write_mb_per_s,
        disk_read_mb_per_s=disk.read_mb_per_s,
        disk_read_is_cached=disk.is_cached,
        python_mops=steps,
        wall_s=time.perf_counter() - start_s,
    )


def median_time(
    work: Callable[[], object], spare_s: float, timer: Timer = time.perf_counter
) -> float:
    """The median time of one piece of work, in seconds, repeated while there is time."""
    took: list[float] = []
    end_s = time.perf_counter() + spare_s
    while not took or (time.perf_counter() < end_s and len(took) < _MOST_REPEATS):
        start = timer()
        work()
        took.append(timer() - start)
    return max(median(took), 1e-9)


def _side(spare_s: float) -> int:
    """The side of the largest square matrices whose product takes a tenth of the time."""
    import numpy as np

    side = _MATRIX_SIDES[0]
    square = np.ones((side, side), dtype=np.float32)
    took = min(median_time(lambda: square @ square, 0.0) for _ in range(3))
    fitting = [s for s in _MATRIX_SIDES if took * (s / side) ** 3 < spare_s / 10]
    return max(fitting, default=side)


def _gflops(side: int, spare_s: float, timer: Timer) -> float:
    """Speed of the product of two `[side, side] float32` matrices, in 1e9 operations per second."""
    import numpy as np

    end_s = time.perf_counter() + spare_s
    left, right = np.random.default_rng(0).standard_normal((2, side, side), dtype=np.float32)
    product = left @ right
    spare_s = end_s - time.perf_counter()
    took = median_time(lambda: np.matmul(left, right, out=product), spare_s, timer)
    return 2e-9 * side**3 / took


def _products(threads: int, spare_one_s: float, spare_all_s: float) -> _Products:
    """Matrix products of one size, on one thread and on several."""
    with _limited_to(1) as is_limited:
        side = _side(spare_one_s)
        one = _gflops(side, spare_one_s, time.thread_time) if is_limited else None
    with _limited_to(threads):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        together = _gflops(side, spare_all_s, time.perf_counter)
        used_s = time.process_time() - cpu_s
        return _Products(one, together, used_s / max(time.perf_counter() - wall_s, 1e-9))


@contextmanager
def _limited_to(threads: int) -> Generator[bool]:
    """Set the threads of NumPy's linear algebra; tells whether that was possible."""
    # NumPy comes first: only libraries that are already loaded can be limited.
    importlib.import_module("numpy")
    from threadpoolctl import threadpool_info, threadpool_limits

    with threadpool_limits(limits=threads, user_api="blas"):
        known = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
        yield bool(known) and all(pool.get("num_threads") == threads for pool in known)


def _memory_gb_per_s(spare_s: float) -> float:
    import numpy as np

    end_s = time.perf_counter() + spare_s
    free = look_at_memory().available_bytes
    size = _COPY_BYTES if free is None else max(2**20, min(_COPY_BYTES, free // 8))
    source = np.ones(size // 4, dtype=np.float32)
    target = source.copy()
    took = median_time(lambda: np.copyto(target, source), end_s - time.perf_counter())
    return 2e-9 * source.nbytes / took


def _python_mops(spare_s: float) -> float:
    def steps() -> None:
        table = {0: 0, 1: 1, 2: 2, 3: 3}
        for number in range(_PYTHON_STEPS):
            table[number & 3] = table[(number + 1) & 3] + 1

    return 1e-6 * _PYTHON_STEPS / median_time(steps, spare_s, time.thread_time)
