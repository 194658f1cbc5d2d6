"""Settings: nested frozen dataclasses from TOML and back, strict, every mistake at once.

A configuration is a frozen keyword-only dataclass beside its owner, with a docstring under each
field and its rules in `__post_init__`. This file turns plain data into such a dataclass, reports
all mistakes together with "did you mean", applies `--set train.lr=3e-4`, and writes the resolved
form back as TOML with the docstrings as comments.
"""

from __future__ import annotations

import ast
import enum
import functools
import inspect
import textwrap
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from handful.foundation.errors import (
    ConfigError,
    InputError,
    collect_mistakes,
    did_you_mean,
    storage,
    wrong_value,
)

T = TypeVar("T")


def build(kind: type[T], data: Mapping[str, Any], source: str = "") -> T:
    """Make a configuration from plain data.

    Args:
        kind: The dataclass to make.
        data: Nested mappings of plain values, as TOML and JSON give them.
        source: Where the data came from, for the message.

    Returns:
        An instance of `kind`; fields that `data` leaves out take their defaults.

    Raises:
        ConfigError: Naming every unknown key, missing key, wrong type and broken rule at once.
    """
    mistakes: list[str] = []
    made = _build(kind, data, "", mistakes)
    if mistakes:
        raise ConfigError(mistakes, source)
    assert made is not None
    return made


def load(kind: type[T], path: Path) -> T:
    """Make a configuration from a TOML file.

    Args:
        kind: The dataclass to make.
        path: The file.

    Raises:
        InputError: When the file is missing or is not TOML.
        ConfigError: When its content is wrong; all mistakes are named.
    """
    return build(kind, read_toml(path), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file into plain data.

    Args:
        path: The file.

    Raises:
        InputError: When the file is missing or is not TOML.
        StorageError: When it may not be read.
    """
    try:
        with storage("read", path):
            return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f'There is no file "{path}".', "check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f'Cannot read "{path}" as TOML: {error}.',
            "open it in an editor and mend that line, or restore the file from a copy",
        ) from None


def override(data: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Lay single settings such as `train.lr=3e-4` over plain data.

    A value is read as TOML where it is TOML (`3`, `true`, `[1, 2]`), else as text.

    Args:
        data: Nested plain data; left unchanged.
        settings: Each `dotted.name=value`.

    Returns:
        A new nested dictionary.

    Raises:
        ConfigError: For settings without `=` or that descend into a plain value.
    """
    result = _deep_copy(data)
    mistakes = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        steps = [step.strip() for step in name.split(".")]
        if not equals or not all(steps):
            mistakes.append(f"`{setting}` must look like `name.of.field=value`.")
            continue
        place = result
        for step in steps[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                mistakes.append(f"`{name}`: `{step}` is a single value and has nothing inside.")
                break
        else:
            place[steps[-1]] = _parse_value(value.strip())
    if mistakes:
        raise ConfigError(mistakes, "the given settings")
    return result


def to_dict(config: Any) -> dict[str, Any]:
    """Turn a configuration into nested plain data; fields that are None are left out.

    Args:
        config: An instance of a dataclass.
    """
    result = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if value is not None:
            result[field.name] = _plain(value)
    return result


def to_toml(config: Any, heading: str = "") -> str:
    """Write a configuration as TOML, each field under its docstring as a comment.

    Args:
        config: An instance of a dataclass.
        heading: Comment lines for the top of the file.

    Returns:
        Text that `build(type(config), tomllib.loads(text))` turns back into an equal instance.
    """
    import tomlkit

    document = tomlkit.document()
    for line in heading.splitlines():
        document.add(tomlkit.comment(line) if line else tomlkit.nl())
    if heading:
        document.add(tomlkit.nl())
    _fill_toml(document, config)
    return tomlkit.dumps(document)


@functools.cache
def field_docs(kind: type) -> dict[str, str]:
    """Read the docstring under each field of a dataclass from its source.

    Args:
        kind: A dataclass.

    Returns:
        Field name to docstring; fields without one are left out. Inherited fields are included.
    """
    docs: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if not is_dataclass(owner):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
        body = tree.body[0]
        assert isinstance(body, ast.ClassDef)
        for field, following in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                docs[field.target.id] = inspect.cleandoc(following.value.value)
    return docs


def _build(kind: type[T], data: Mapping[str, Any], prefix: str, mistakes: list[str]) -> T | None:
    """Build one level; a field with a mistake falls back to its default so that all rules run."""
    known = {field.name: field for field in fields(kind) if field.init}  # pyrefly: ignore
    mistakes += [
        f"`{prefix}{key}` is not a setting here; {did_you_mean(key, known)}"
        for key in data
        if key not in known
    ]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    complete = True
    for name, field in known.items():
        if name in data:
            before = len(mistakes)
            value = _convert(hints[name], data[name], prefix + name, mistakes)
            if len(mistakes) == before:
                values[name] = value
                continue
            complete = complete and _has_default(field)
        elif not _has_default(field):
            mistakes.append(f"`{prefix}{name}` is missing, and it has no default.")
            complete = False
    return _construct(kind, values, prefix, mistakes) if complete else None


def _construct(kind: type[T], values: dict[str, Any], prefix: str, mistakes: list[str]) -> T | None:
    with collect_mistakes() as broken:
        try:
            made = kind(**values)
        except ConfigError as error:
            broken += error.mistakes
            made = None
        except (ArithmeticError, LookupError, TypeError, ValueError):
            if not broken:
                raise
            made = None  # a rule that stands on an already broken one
    mistakes += [_with_prefix(mistake, prefix) for mistake in broken]
    return made


def _with_prefix(mistake: str, prefix: str) -> str:
    return f"`{prefix}{mistake[1:]}" if mistake.startswith("`") else mistake


def _convert(hint: Any, value: Any, name: str, mistakes: list[str]) -> Any:
    """Check one value against its annotation and bring it into the annotated type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(inner, value, name, mistakes)
    if origin is Literal:
        if value not in inner:
            choices = ", ".join(map(repr, inner))
            near = f"; {did_you_mean(value, map(str, inner))}" if isinstance(value, str) else ""
            mistakes.append(
                wrong_value(name, value, f"one of {choices}").rstrip(".") + (near or ".")
            )
        return value
    if is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, hint):
            return value
        if isinstance(value, Mapping):
            return _build(hint, value, f"{name}.", mistakes)
        mistakes.append(wrong_value(name, value, "a table of settings"))
        return None
    if origin in (tuple, list):
        return _convert_sequence(origin, inner, value, name, mistakes)
    if origin is dict:
        if not isinstance(value, Mapping):
            mistakes.append(wrong_value(name, value, "a table"))
            return None
        return {k: _convert(inner[1], v, f"{name}.{k}", mistakes) for k, v in value.items()}
    return _convert_scalar(hint, value, name, mistakes)


def _convert_union(choices: tuple[Any, ...], value: Any, name: str, mistakes: list[str]) -> Any:
    if value is None and types.NoneType in choices:
        return None
    choices = tuple(choice for choice in choices if choice is not types.NoneType)
    attempts: list[list[str]] = []
    for choice in choices:
        attempt: list[str] = []
        converted = _convert(choice, value, name, attempt)
        if not attempt:
            return converted
        attempts.append(attempt)
    mistakes += (
        min(attempts, key=len)
        if len(attempts) == 1
        else [wrong_value(name, value, " or ".join(_spoken(choice) for choice in choices))]
    )
    return None


def _convert_sequence(
    origin: type, inner: tuple[Any, ...], value: Any, name: str, mistakes: list[str]
) -> Any:
    if isinstance(value, str) or not isinstance(value, Sequence):
        mistakes.append(wrong_value(name, value, "a list"))
        return None
    if origin is tuple and inner and inner[-1] is not Ellipsis:
        if len(value) != len(inner):
            mistakes.append(wrong_value(name, list(value), f"a list of {len(inner)} values"))
            return None
        hints = inner
    else:
        hints = (inner[0],) * len(value) if inner else (Any,) * len(value)
    return origin(
        _convert(hint, element, f"{name}[{place}]", mistakes)
        for place, (hint, element) in enumerate(zip(hints, value, strict=True))
    )


def _convert_scalar(hint: Any, value: Any, name: str, mistakes: list[str]) -> Any:
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool):
        return value
    if isinstance(value, str) and issubclass(hint, Path):
        return hint(value)
    if issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError:
            choices = ", ".join(repr(member.value) for member in hint)
            mistakes.append(wrong_value(name, value, f"one of {choices}"))
            return None
    mistakes.append(wrong_value(name, value, _spoken(hint)))
    return None


_SPOKEN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
}


def _spoken(hint: Any) -> str:
    return _SPOKEN.get(hint) or getattr(hint, "__name__", str(hint))


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _deep_copy(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _deep_copy(v) if isinstance(v, Mapping) else v for k, v in data.items()}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [_plain(element) for element in value]
    if isinstance(value, Mapping):
        return {key: _plain(element) for key, element in value.items()}
    return value


def _fill_toml(table: Any, config: Any) -> None:
    """Write plain fields first, then tables, because TOML reads everything below a header as it."""
    import tomlkit

    docs = field_docs(type(config))
    nested = [f for f in fields(config) if _is_table(getattr(config, f.name))]
    for field in [f for f in fields(config) if f not in nested] + nested:
        value = getattr(config, field.name)
        for line in textwrap.wrap(docs.get(field.name, ""), width=96):
            table.add(tomlkit.comment(line))
        if value is None or value == () == field.default or value == {}:
            table.add(tomlkit.comment(f"{field.name} ="))  # named, so that it is found and set
        elif is_dataclass(value):
            inner = tomlkit.table()
            _fill_toml(inner, value)
            table.add(field.name, inner)
        else:
            table.add(field.name, _plain(value))


def _is_table(value: Any) -> bool:
    of_tables = isinstance(value, (tuple, list)) and len(value) > 0 and is_dataclass(value[0])
    return is_dataclass(value) or isinstance(value, Mapping) or of_tables
