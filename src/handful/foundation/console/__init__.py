"""The console: the only place that writes to the terminal, and how numbers are written there."""

from handful.foundation.console.channel import Mode, OutputClosed, choose_mode
from handful.foundation.console.jsonable import jsonable
from handful.foundation.console.progress import Progress, Status
from handful.foundation.console.table import VERDICTS, Column, Table
from handful.foundation.console.talk import Console, JsonForm
from handful.foundation.console.units import (
    bytes_text,
    cost_text,
    count_text,
    energy_text,
    money_text,
    number_text,
    percent_text,
    plural,
    rate_text,
    seconds_text,
    time_left_text,
)

__all__ = [
    "VERDICTS",
    "Column",
    "Console",
    "JsonForm",
    "Mode",
    "OutputClosed",
    "Progress",
    "Status",
    "Table",
    "bytes_text",
    "choose_mode",
    "cost_text",
    "count_text",
    "energy_text",
    "jsonable",
    "money_text",
    "number_text",
    "percent_text",
    "plural",
    "rate_text",
    "seconds_text",
    "time_left_text",
]
