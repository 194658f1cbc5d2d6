from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from handful.foundation.hardware.processor import Processor, load_now, look_at_processor

EPYC = "fpu avx2 avx512f avx512_bf16 avx512_vnni avx_vnni"


def made(top: Path, files: Mapping[str, str]) -> Path:
    """Write a made-up `/proc` and `/sys`."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def no_tool(command: Sequence[str]) -> str | None:
    return None


def x86(cores: int, per_core: int, flags: str = EPYC) -> str:
    """The text of `/proc/cpuinfo`, numbered as Linux does: first all cores, then their twins."""
    return "".join(
        f"processor\t: {number}\nmodel name\t: AMD  EPYC 9354\nphysical id\t: 0\n"
        f"core id\t\t: {number % cores}\nflags\t\t: {flags}\n\n"
        for number in range(cores * per_core)
    )


def test_cores_hyper_threads_and_instruction_sets(tmp_path: Path) -> None:
    found = look_at_processor(made(tmp_path, {"proc/cpuinfo": x86(4, 2)}), no_tool)
    assert found == Processor(
        name="AMD EPYC 9354",
        physical_cores=4,
        logical_cores=8,
        allowed_cores=8,
        allowed_physical_cores=4,
        quota_cores=None,
        instructions=frozenset({"AVX2", "AVX512", "AVX512-BF16", "VNNI"}),
    )
    assert found.usable_cores == 4


@pytest.mark.parametrize(
    ("affinity", "allowed", "physical"), [({0, 4}, 2, 1), ({0, 1}, 2, 2), ({1, 2, 5}, 3, 2)]
)
def test_affinity_counts_physical_cores(
    tmp_path: Path, affinity: set[int], allowed: int, physical: int
) -> None:
    root = made(tmp_path, {"proc/cpuinfo": x86(4, 2)})
    found = look_at_processor(root, no_tool, affinity)
    assert found.allowed_cores == allowed
    assert found.allowed_physical_cores == found.usable_cores == physical


@pytest.mark.parametrize(("quota", "usable"), [("250000", 2), ("50000", 1), ("900000", 4)])
def test_a_quota_limits_what_is_usable(tmp_path: Path, quota: str, usable: int) -> None:
    files = {
        "proc/cpuinfo": x86(4, 2),
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/cpu.max": f"{quota} 100000",
    }
    found = look_at_processor(made(tmp_path, files), no_tool)
    assert found.quota_cores == int(quota) / 100000
    assert found.usable_cores == usable


def test_arm_cores_differ_and_are_told_in_sys(tmp_path: Path) -> None:
    cpu = "processor\t: {}\nFeatures\t: {}\nCPU part\t: 0xd0b\n\n"
    files = {
        "proc/cpuinfo": cpu.format(0, "fp asimd asimddp bf16 i8mm")
        + cpu.format(1, "fp asimd asimddp")
        + "Hardware\t: Some Board\n",
        "sys/devices/system/cpu/cpu0/topology/core_cpus_list": "0\n",
        "sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1\n",
    }
    found = look_at_processor(made(tmp_path, files), no_tool)
    assert found.name == "Some Board"
    assert found.physical_cores == found.usable_cores == 2
    assert found.instructions == frozenset({"NEON", "ARM-DOT"})


def test_unknown_topology_is_none_and_not_a_guess(tmp_path: Path) -> None:
    text = "processor: 0\nflags: avx2\n\nprocessor: 1\nflags: avx2\n"
    found = look_at_processor(made(tmp_path, {"proc/cpuinfo": text}), no_tool)
    assert found.physical_cores is None
    assert found.allowed_physical_cores is None
    assert found.usable_cores == 2


APPLE = """machdep.cpu.cores_per_package: 8
machdep.cpu.brand_string: Apple M2
hw.physicalcpu: 8
hw.logicalcpu: 8
hw.optional.arm.FEAT_BF16: 1
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_SME: 0
hw.optional.AdvSIMD: 1
hw.optional.neon: 1
"""
INTEL_MAC = """machdep.cpu.brand_string: Intel(R) Core(TM) i7
machdep.cpu.features: FPU SSE4.2 AVX1.0
machdep.cpu.leaf7_features: AVX2 BMI1 AVX512F
hw.physicalcpu: 4
hw.logicalcpu: 8
"""


@pytest.mark.parametrize(
    ("text", "physical", "logical", "sets"),
    [
        (APPLE, 8, 8, {"NEON", "ARM-BF16", "ARM-I8MM"}),
        (INTEL_MAC, 4, 8, {"AVX2", "AVX512"}),
    ],
)
def test_macos(tmp_path: Path, text: str, physical: int, logical: int, sets: set[str]) -> None:
    found = look_at_processor(tmp_path, lambda command: text if "sysctl" in command else None)
    assert (found.physical_cores, found.logical_cores) == (physical, logical)
    assert found.usable_cores == physical
    assert found.instructions == sets
    assert found.name == text.partition("brand_string: ")[2].partition("\n")[0]


@pytest.mark.parametrize("text", [None, "", "odd", "processor\n\n\n", "processor: x\nflags:\n"])
def test_a_missing_or_odd_cpuinfo_is_unknown(tmp_path: Path, text: str | None) -> None:
    root = made(tmp_path, {} if text is None else {"proc/cpuinfo": text})
    found = look_at_processor(root, no_tool)
    assert found.name == "unknown"
    assert found.instructions is None
    assert found.usable_cores >= 1


def test_this_machine_agrees_with_the_system() -> None:
    found = look_at_processor()
    assert 1 <= found.usable_cores <= found.allowed_cores <= found.logical_cores
    if hasattr(os, "sched_getaffinity"):
        assert found.allowed_cores == len(os.sched_getaffinity(0))


def test_load(tmp_path: Path) -> None:
    assert load_now(tmp_path) is None
    assert load_now(made(tmp_path, {"proc/loadavg": "12.34 10 9 3/300 1\n"})) == 12.34
    assert load_now(made(tmp_path, {"proc/loadavg": ""})) is None
    now = load_now()
    assert now is None or now >= 0
