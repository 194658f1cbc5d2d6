"""Handful: train on your own text, pictures and sound from a handful of examples.

>>> import handful as hd
>>> shop = hd.project("shop")

The names below are all a user needs. Each is loaded when it is first used, so that
`import handful` stays quick and never loads torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from handful.doors.python import Project, project
    from handful.foundation.errors import FindingError, HandfulError
    from handful.foundation.goal import Goal, Mistake
    from handful.foundation.hardware.power import Tariff
    from handful.foundation.predictor import Answer, Level, Predictor, Query

__all__ = [
    "Answer",
    "FindingError",
    "Goal",
    "HandfulError",
    "Level",
    "Mistake",
    "Predictor",
    "Project",
    "Query",
    "Tariff",
    "__version__",
    "project",
]

_HOMES = {
    "handful.doors.python": ("Project", "project"),
    "handful.foundation.errors": ("FindingError", "HandfulError"),
    "handful.foundation.goal": ("Goal", "Mistake"),
    "handful.foundation.predictor": ("Answer", "Level", "Predictor", "Query"),
    "handful.foundation.hardware.power": ("Tariff",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'handful' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
