from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.foundation.hardware.meter import Cost, Meter, tree_cpu_s, tree_resident_bytes
from handful.foundation.hardware.power import Tariff

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="only /proc tells of running children"
)

BURN = "import time\nwhile time.process_time() < {}: pass\n"


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_core_time_and_wall_time_are_told_apart() -> None:
    with Meter() as meter:
        burn(0.1)
        time.sleep(0.1)
    assert 0.1 <= meter.cost.cpu_s < 0.16
    assert meter.cost.wall_s >= 0.2


def test_memory_of_the_block_is_seen() -> None:
    with Meter(sample_s=0.02) as meter:
        held = np.ones(64 * 2**20, dtype=np.uint8)
        time.sleep(0.1)
        del held
        before = meter.cost.peak_memory_bytes
    if before is None:
        pytest.skip("this system does not tell")
    with Meter(sample_s=0.02) as second:
        time.sleep(0.05)
    assert second.cost.peak_memory_bytes is not None
    assert meter.cost.peak_memory_bytes is not None
    assert meter.cost.peak_memory_bytes - second.cost.peak_memory_bytes > 50 * 2**20
    assert meter.cost.process_peak_bytes is not None
    assert second.cost.process_peak_bytes is not None
    assert second.cost.process_peak_bytes >= meter.cost.process_peak_bytes


def test_children_that_ended_count() -> None:
    with Meter() as meter:
        subprocess.run([sys.executable, "-c", BURN.format(0.2)], check=True)
    assert 0.1 <= meter.cost.cpu_s < 1.0


@needs_proc
def test_children_that_still_run_count_once() -> None:
    script = BURN.format(0.15) + "print('ready', flush=True)\ninput()\n"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        alone = tree_cpu_s(Path("/nothing"))
        with_child = tree_cpu_s()
        assert with_child - alone >= 0.13
        both = tree_resident_bytes()
        with Meter() as meter:
            child.stdin.write(b"\n")
            child.stdin.close()
            child.wait()
    # What the child did before the block is not charged to it when the child ends.
    assert meter.cost.cpu_s < 0.1
    after = tree_resident_bytes()
    assert both is not None
    assert after is not None
    assert both - after > 2**20


def test_energy_is_estimated_from_core_time_and_priced(tmp_path: Path) -> None:
    tariff = Tariff(watts_per_core=10, price_per_kwh=0.5, price_per_hour=3.6, currency="CHF")
    with Meter(tariff, root=tmp_path) as meter:
        burn(0.05)
    cost = meter.cost
    assert cost.energy_mode == "estimated"
    assert cost.energy_j == pytest.approx(10 * cost.cpu_s)
    assert cost.money == pytest.approx(cost.energy_j / 3.6e6 * 0.5 + cost.wall_s * 0.001)
    assert cost.currency == "CHF"
    assert cost.peak_memory_bytes is None
    assert cost.process_peak_bytes is None


def test_energy_is_measured_where_the_hardware_counts_it(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/powercap/intel-rapl:0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("package-0")
    (folder / "max_energy_range_uj").write_text("10000000")
    (folder / "energy_uj").write_text("1000000")
    with Meter(root=tmp_path) as meter:
        (folder / "energy_uj").write_text("6000000")
    assert meter.cost.energy_mode == "measured"
    assert meter.cost.energy_j == pytest.approx(5.0)


def test_cost_so_far_and_after_an_error() -> None:
    meter = Meter()

    def work() -> None:
        with meter:
            burn(0.02)
            early = meter.cost
            burn(0.02)
            assert early.cpu_s < meter.cost.cpu_s
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert meter.cost.cpu_s >= 0.04
    assert meter.cost == meter.cost


def test_a_meter_that_never_ran_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="with"):
        _ = Meter().cost


def cost(**changes: Any) -> Cost:
    values: dict[str, Any] = {
        "wall_s": 2.0,
        "cpu_s": 3.0,
        "peak_memory_bytes": 100,
        "process_peak_bytes": None,
        "energy_j": 12.0,
        "energy_mode": "measured",
        "money": 0.5,
        "currency": "EUR",
    }
    return Cost(**{**values, **changes})


def test_costs_add_up() -> None:
    total = cost().plus(cost(peak_memory_bytes=300, process_peak_bytes=7, wall_s=1.0))
    assert total == cost(
        wall_s=3.0,
        cpu_s=6.0,
        peak_memory_bytes=300,
        process_peak_bytes=7,
        energy_j=24.0,
        money=1.0,
    )
    assert cost().plus(cost(energy_mode="estimated")).energy_mode == "estimated"
    with pytest.raises(ValueError, match="USD"):
        cost().plus(cost(currency="USD"))


def test_cost_goes_through_json() -> None:
    kept = json.loads(json.dumps(cost().as_dict()))
    assert Cost.from_dict(kept) == cost()
    del kept["money"]
    with pytest.raises(InputError, match="lacks money"):
        Cost.from_dict(kept)


def test_a_meter_costs_little() -> None:
    start = time.process_time()
    with Meter():
        time.sleep(0.5)
    assert time.process_time() - start < 0.05
