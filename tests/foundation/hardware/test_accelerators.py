from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from handful.foundation.hardware.accelerators import Gpu, find_gpus

H100 = "0, GPU-aaaa-1, NVIDIA H100 80GB HBM3, 81559, 80000, 550.54.15, 9.0\n"
T4 = "1, GPU-bbbb-2, Tesla T4, 15360, 15000, 550.54.15, 7.5\n"


def smi(text: str) -> Any:
    def tool(command: Sequence[str]) -> str | None:
        return text if command[0] == "nvidia-smi" else None

    return tool


def no_tool(command: Sequence[str]) -> str | None:
    return None


def no_torch() -> ModuleType:
    return ModuleType("torch")


def test_nvidia_cards_are_listed() -> None:
    found = find_gpus(smi(H100 + T4), {})
    assert found[0] == Gpu(
        name="NVIDIA H100 80GB HBM3",
        kind="cuda",
        memory_bytes=81559 * 2**20,
        free_bytes=80000 * 2**20,
        driver="550.54.15",
        capability=9.0,
    )
    assert [gpu.capability for gpu in found] == [9.0, 7.5]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1", ["Tesla T4"]),
        ("1,0", ["Tesla T4", "NVIDIA H100 80GB HBM3"]),
        ("GPU-bbbb", ["Tesla T4"]),
        ("GPU-", []),
        ("0,-1,1", ["NVIDIA H100 80GB HBM3"]),
        ("", []),
        ("-1", []),
    ],
)
def test_visible_devices(visible: str, names: list[str]) -> None:
    found = find_gpus(smi(H100 + T4), {"CUDA_VISIBLE_DEVICES": visible}, no_torch())
    assert [gpu.name for gpu in found if gpu.kind == "cuda"] == names


def test_an_old_driver_does_not_know_its_capability() -> None:
    def tool(command: Sequence[str]) -> str | None:
        return None if "compute_cap" in command[1] else "0, GPU-a, K80, 11441, 11000, 470.1\n"

    (found,) = find_gpus(tool, {})
    assert found.name == "K80"
    assert found.capability is None


def test_what_a_card_does_not_tell_is_none() -> None:
    row = "0, GPU-a, GB10, [N/A], [N/A], [Insufficient Permissions], [N/A]\n\nodd line\n"
    assert find_gpus(smi(row), {}) == (Gpu(name="GB10", kind="cuda"),)


@pytest.mark.skipif(sys.platform == "darwin", reason="has a graphics processor of its own")
@pytest.mark.parametrize("text", ["", "No devices were found\n", "a, b\n"])
def test_nothing_found(text: str) -> None:
    assert find_gpus(smi(text), {}, no_torch()) == ()
    assert find_gpus(no_tool, {}, no_torch()) == ()


def fake_torch(hip: str | None, is_broken: bool = False) -> ModuleType:
    def properties(number: int) -> SimpleNamespace:
        if is_broken:
            raise RuntimeError("driver too old")
        return SimpleNamespace(name="Card", total_memory=1024, major=8, minor=6)

    cuda = SimpleNamespace(
        is_available=lambda: True, device_count=lambda: 1, get_device_properties=properties
    )
    torch = SimpleNamespace(cuda=cuda, version=SimpleNamespace(hip=hip))
    return cast("ModuleType", torch)


def test_torch_is_asked_when_it_is_there() -> None:
    amd = Gpu(name="Card", kind="rocm", memory_bytes=1024)
    nvidia = Gpu(name="Card", kind="cuda", memory_bytes=1024, capability=8.6)
    assert find_gpus(no_tool, {}, fake_torch("6.0")) == (amd,)
    assert find_gpus(no_tool, {}, fake_torch(None)) == (nvidia,)


@pytest.mark.skipif(sys.platform == "darwin", reason="has a graphics processor of its own")
def test_a_broken_torch_is_no_card() -> None:
    assert find_gpus(no_tool, {}, fake_torch(None, is_broken=True)) == ()


def test_apple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(machine="arm64"))
    assert find_gpus(no_tool, {}, no_torch()) == (Gpu(name="Apple GPU", kind="mps"),)
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(machine="x86_64"))
    assert find_gpus(no_tool, {}, no_torch()) == ()
