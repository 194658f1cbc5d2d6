from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from handful.foundation.console.jsonable import jsonable


@dataclass(frozen=True, slots=True)
class _Point:
    x: int
    where: PurePosixPath


class _WithOwnWay:
    def as_dict(self) -> dict[str, float]:
        return {"cost": math.inf}


def test_everything_becomes_plain_json() -> None:
    value = {
        "array": np.array([[1.0, math.nan]]),
        "number": np.int64(3),
        "flag": np.bool_(True),
        "tuple": (1, "two", None),
        "set": {"b", "a"},
        "point": _Point(1, PurePosixPath("a/b")),
        "own": _WithOwnWay(),
        "odd": complex(1, 2),
        7: True,
    }
    plain = jsonable(value)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain == {
        "array": [[1.0, None]],
        "number": 3,
        "flag": True,
        "tuple": [1, "two", None],
        "set": ["a", "b"],
        "point": {"x": 1, "where": "a/b"},
        "own": {"cost": None},
        "odd": "(1+2j)",
        "7": True,
    }
