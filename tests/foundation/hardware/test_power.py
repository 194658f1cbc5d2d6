from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handful.foundation.errors import ConfigError
from handful.foundation.hardware.power import EnergyCounter, Tariff


def package(
    root: Path, name: str, kind: str, energy: int | None, most: int = 1_000_000_000
) -> Path:
    folder = root / "sys/class/powercap" / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(kind + "\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    if energy is not None:
        (folder / "energy_uj").write_text(f"{energy}\n")
    return folder


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    first = package(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    second = package(tmp_path, "intel-rapl:1", "package-1", 0)
    part = package(tmp_path, "intel-rapl:0:0", "core", 0)
    counter = EnergyCounter(tmp_path)
    assert counter.mode == "measured"
    assert counter.read() == 0
    (first / "energy_uj").write_text("3500000")
    (second / "energy_uj").write_text("500000")
    (part / "energy_uj").write_text("900000")
    assert counter.read() == pytest.approx(3.0)
    assert counter.read() == pytest.approx(3.0)


def test_a_counter_that_starts_again_loses_nothing(tmp_path: Path) -> None:
    folder = package(tmp_path, "intel-rapl:0", "package-0", 9_000_000, most=10_000_000)
    counter = EnergyCounter(tmp_path)
    (folder / "energy_uj").write_text("2000000")
    assert counter.read() == pytest.approx(3.0)
    (folder / "max_energy_range_uj").unlink()
    (folder / "energy_uj").write_text("1000000")
    assert counter.read() == pytest.approx(3.0)  # how far it goes is unknown: count nothing
    (folder / "energy_uj").write_text("odd")
    assert counter.read() == pytest.approx(3.0)


def test_unreadable_counters_are_estimated(tmp_path: Path) -> None:
    package(tmp_path, "intel-rapl:0", "package-0", None)
    counter = EnergyCounter(tmp_path)
    assert counter.mode == "estimated"
    assert counter.read() is None
    assert EnergyCounter(tmp_path / "nothing").read() is None


def test_tariff() -> None:
    tariff = Tariff(price_per_kwh=0.4, price_per_hour=1.2)
    assert tariff.money(3.6e6, 0) == pytest.approx(0.4)
    assert tariff.money(0, 1800) == pytest.approx(0.6)
    assert Tariff().money(0, 3600) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price_per_kwh", -1.0),
        ("price_per_hour", -0.1),
        ("watts_per_core", 0.0),
        ("watts_per_core", float("nan")),
        ("currency", ""),
    ],
)
def test_wrong_tariffs_are_refused(field: str, value: object) -> None:
    values: dict[str, Any] = {field: value}
    with pytest.raises(ConfigError, match=field):
        Tariff(**values)
