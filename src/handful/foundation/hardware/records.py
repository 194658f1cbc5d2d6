"""Flat records back from JSON, with a clear word about what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from handful.foundation.errors import InputError

Record = TypeVar("Record")


def from_fields(kind: type[Record], values: Mapping[str, Any]) -> Record:
    """Make a flat dataclass from the fields that JSON kept of it.

    Args:
        kind: The dataclass; a field with a default may be absent.
        values: Its fields by name.

    Raises:
        InputError: When a field is missing, unknown, or not of the kind it should be.
    """
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    needed = {name for name, field in known.items() if field.default is MISSING}
    missing, odd = sorted(needed - set(values)), sorted(set(values) - set(known))
    if missing or odd:
        said = [f"lacks {', '.join(missing)}"] if missing else []
        said += [f"has an unknown {', '.join(odd)}"] if odd else []
        raise _unusable(kind, " and ".join(said))
    for name, value in values.items():
        if not _fits(str(known[name].type), value):
            raise _unusable(kind, f"has `{name}` = {value!r}, and {known[name].type} is needed")
    return kind(**values)


def _fits(kind: str, value: Any) -> bool:
    """Whether a JSON value can stand for a field annotated so."""
    if value is None:
        return "None" in kind
    if isinstance(value, bool):
        return "bool" in kind
    if isinstance(value, int):
        return "int" in kind or "float" in kind
    if isinstance(value, float):
        return "float" in kind
    return isinstance(value, str) and not any(word in kind for word in ("int", "float", "bool"))


def _unusable(kind: type, why: str) -> InputError:
    return InputError(
        f"A kept record of {kind.__name__} cannot be used: it {why}.",
        "delete the file it came from; it is measured again when needed",
    )
