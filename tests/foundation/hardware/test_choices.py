from __future__ import annotations

import pytest

from handful.foundation.hardware.accelerators import Gpu
from handful.foundation.hardware.choices import choose_dtype, choose_threads
from handful.foundation.hardware.processor import Processor


def processor(
    physical: int | None = 4,
    logical: int = 4,
    allowed: int | None = None,
    quota: float | None = None,
    sets: frozenset[str] | None = frozenset(),
) -> Processor:
    mine = logical if allowed is None else allowed
    return Processor(
        name="A CPU",
        physical_cores=physical,
        logical_cores=logical,
        allowed_cores=mine,
        allowed_physical_cores=None if physical is None else min(physical, mine),
        quota_cores=quota,
        instructions=sets,
    )


@pytest.mark.parametrize(
    ("sets", "sentence"),
    [
        ({"AVX2", "AVX512", "AVX512-BF16"}, "bfloat16, because this CPU has AVX512-BF16"),
        ({"AVX512-BF16", "AMX", "AMX-BF16"}, "bfloat16, because this CPU has AMX-BF16"),
        ({"NEON", "ARM-BF16"}, "bfloat16, because this CPU has ARM-BF16"),
        ({"AVX2", "AVX512"}, "float32, because this CPU has no bfloat16 instructions"),
        (None, "float32, because the instruction sets of this CPU could not be read"),
    ],
)
def test_dtype_of_a_cpu(sets: set[str] | None, sentence: str) -> None:
    chosen = choose_dtype(processor(sets=None if sets is None else frozenset(sets)))
    assert chosen.sentence == sentence
    assert chosen.value == sentence.partition(",")[0]


@pytest.mark.parametrize(
    ("gpu", "value", "reason"),
    [
        (Gpu(name="H100", kind="cuda", capability=9.0), "bfloat16", "H100 has bfloat16 units"),
        (Gpu(name="T4", kind="cuda", capability=7.5), "float32", "T4 has no bfloat16 units"),
        (Gpu(name="Card", kind="rocm"), "float32", "nothing tells"),
        (Gpu(name="Apple GPU", kind="mps"), "float32", "not been proved"),
    ],
)
def test_dtype_of_a_gpu(gpu: Gpu, value: str, reason: str) -> None:
    chosen = choose_dtype(processor(sets=frozenset({"AVX512-BF16"})), [gpu])
    assert chosen.value == value
    assert reason in chosen.sentence


@pytest.mark.parametrize(
    ("cpu", "load", "sentence"),
    [
        (processor(), None, "4 threads, because this CPU has 4 cores"),
        (processor(), 3.9, "4 threads, because this CPU has 4 cores"),
        (
            processor(),
            12.34,
            "3 threads, because other work keeps this machine busy (load 12.3 on 4 cores)",
        ),
        (
            processor(4, 8),
            None,
            "4 threads, because this CPU has 4 cores, each shown twice or more by the system",
        ),
        (processor(4, 8, 2), None, "2 threads, because this process may run on 2 of 8 cores"),
        (
            processor(4, 4, quota=1.5),
            None,
            "1 thread, because a container limit grants 1.5 of 4 cores",
        ),
        (processor(4, 4, quota=8), None, "4 threads, because this CPU has 4 cores"),
        (processor(1, 1), 9.0, "1 thread, because this CPU has 1 core"),
        (processor(None, 6), None, "6 threads, because this CPU has 6 cores"),
    ],
)
def test_threads(cpu: Processor, load: float | None, sentence: str) -> None:
    assert choose_threads(cpu, load, {}).sentence == sentence


def test_threads_asked_for_win() -> None:
    wanted = choose_threads(processor(), 99.0, {"OMP_NUM_THREADS": "7"})
    assert wanted.sentence == "7 threads, because OMP_NUM_THREADS says so"
    for odd in ("0", "-2", "many", "", "²"):
        assert choose_threads(processor(), None, {"OMP_NUM_THREADS": odd}).value == 4
