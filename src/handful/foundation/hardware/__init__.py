"""What this machine is, how fast it is, and what work costs on it; torch is never imported."""

from handful.foundation.hardware.accelerators import Gpu, find_gpus
from handful.foundation.hardware.battery import Battery, look_at_battery
from handful.foundation.hardware.choices import Choice, DType, choose_dtype, choose_threads
from handful.foundation.hardware.extras import Extra, Module, find_module, installed_extras
from handful.foundation.hardware.machine import Machine, look
from handful.foundation.hardware.memory import (
    Memory,
    disk_free_bytes,
    look_at_memory,
    peak_bytes,
    resident_bytes,
)
from handful.foundation.hardware.meter import Cost, Meter
from handful.foundation.hardware.power import EnergyMode, Tariff
from handful.foundation.hardware.priority import go_last
from handful.foundation.hardware.processor import Processor, load_now, look_at_processor
from handful.foundation.hardware.side_by_side import together
from handful.foundation.hardware.speed import Speed, probe

__all__ = [
    "Battery",
    "Choice",
    "Cost",
    "DType",
    "EnergyMode",
    "Extra",
    "Gpu",
    "Machine",
    "Memory",
    "Meter",
    "Module",
    "Processor",
    "Speed",
    "Tariff",
    "choose_dtype",
    "choose_threads",
    "disk_free_bytes",
    "find_gpus",
    "find_module",
    "go_last",
    "installed_extras",
    "load_now",
    "look",
    "look_at_battery",
    "look_at_memory",
    "look_at_processor",
    "peak_bytes",
    "probe",
    "resident_bytes",
    "together",
]
