"""Any value of Handful as plain JSON: dataclasses, paths, NumPy numbers, missing numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Any


def jsonable(value: Any) -> Any:
    """A copy that `json.dumps` takes and every reader of JSON understands.

    Args:
        value: Nested mappings and sequences of text, numbers, paths, NumPy values, and objects
            with `as_dict()`. Numbers that are not finite become null, as JSON has no word for
            them; sets are sorted; anything else becomes its text.

    Returns:
        Only dict, list, str, int, float, bool and None.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): jsonable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(part) for part in value]
    if isinstance(value, AbstractSet):
        return sorted((jsonable(part) for part in value), key=str)
    if isinstance(value, PurePath):
        return str(value)
    return _from_object(value)


def _from_object(value: Any) -> Any:
    if callable(getattr(value, "as_dict", None)):
        return jsonable(value.as_dict())
    if callable(getattr(value, "tolist", None)):
        return jsonable(value.tolist())
    if hasattr(value, "__dataclass_fields__"):
        return {name: jsonable(getattr(value, name)) for name in value.__dataclass_fields__}
    return str(value)
