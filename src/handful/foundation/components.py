"""Find and load components: a component is one file in a room.

The file's name is its name in configurations, its first docstring line is its line in menus, and a
class `Config` at its top level makes it a component. Nothing is imported to list a room, no list
is edited to add to one, and other packages join through entry points of the group
`handful.<room>`, such as `handful.checks`.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from handful.foundation.config import build
from handful.foundation.errors import InputError, UsageError, did_you_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One file that can be chosen by name.

    Attributes:
        name: Its name in configurations and menus.
        module: The dotted path to import.
        summary: The first line of its docstring; empty for other packages' components, which
            are not read before they are asked for.
        source: The package that brought it, such as `handful`.
    """

    name: str
    module: str
    summary: str
    source: str


def find(room: str) -> dict[str, Component]:
    """List the components of a room without importing any.

    Args:
        room: The dotted path of the room's package, such as `handful.data.checks`.

    Returns:
        Name to component, sorted by name. The room's own files win over other packages' of the
        same name.
    """
    found = {each.name: each for each in _from_entry_points(room)}
    for folder in _folders(room):
        for path in sorted(folder.iterdir()):
            component = _from_file(room, path)
            if component:
                found[component.name] = component
    return dict(sorted(found.items()))


def load(room: str, name: str) -> ModuleType:
    """Import one component's module.

    Args:
        room: The dotted path of the room's package.
        name: The component's name.

    Raises:
        UsageError: When no component has that name; near names are offered.
        InputError: When another package's component cannot be imported.
    """
    known = find(room)
    if name not in known:
        kind = room.rpartition(".")[2].replace("_", " ")
        raise UsageError(f'There is no "{name}" among the {kind}.', did_you_mean(name, known))
    component = known[name]
    if component.source == "handful":
        return importlib.import_module(component.module)
    try:
        return importlib.import_module(component.module)
    except Exception as error:
        raise InputError(
            f'The component "{name}" of the package "{component.source}" cannot be loaded: {error}',
            f"update or uninstall `{component.source}`",
        ) from error


def make(room: str, name: str, base: type[Any], settings: Mapping[str, Any] | None = None) -> Any:
    """Make a component: load its file, build its `Config`, and call its one class with it.

    Args:
        room: The dotted path of the room's package.
        name: The component's name.
        base: The class that every component of the room derives from.
        settings: Plain data for its `Config`; defaults when left out.

    Returns:
        An instance of the component's class.

    Raises:
        UsageError: When there is no such component.
        ConfigError: When the settings are wrong.
    """
    module = load(room, name)
    return the_class(module, base)(build(module.Config, settings or {}, f"the settings of {name}"))


def the_class(module: ModuleType, base: type[Any]) -> type[Any]:
    """The one class of a component's file that derives from the room's base.

    Args:
        module: The component's module.
        base: The class that every component of the room derives from.

    Raises:
        InputError: When there is none or more than one.
    """
    mine = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and value.__module__ == module.__name__
    ]
    if len(mine) != 1:
        raise InputError(
            f"`{module.__name__}` must define exactly one {base.__name__}, and it has {len(mine)}.",
            "keep one component in one file",
        )
    return mine[0]


def _folders(room: str) -> list[Path]:
    spec = importlib.util.find_spec(room)
    if spec is None or spec.submodule_search_locations is None:
        raise UsageError(f"`{room}` is not a room.", "name a package such as `handful.data.checks`")
    return [Path(folder) for folder in spec.submodule_search_locations if Path(folder).is_dir()]


def _from_file(room: str, path: Path) -> Component | None:
    """Read one file or folder as text; only one with a top-level `Config` is a component."""
    file = path / "__init__.py" if path.is_dir() else path
    if path.name.startswith("_") or file.suffix != ".py" or not file.exists():
        return None
    about = file.stat()
    summary = _summary(file, about.st_mtime_ns, about.st_size)
    if summary is None:
        return None
    return Component(
        name=path.stem, module=f"{room}.{path.stem}", summary=summary, source="handful"
    )


@functools.lru_cache(maxsize=512)
def _summary(file: Path, changed_ns: int, size: int) -> str | None:
    """First docstring line of a component's file; None for other files.

    A file is parsed once as long as it stays as it is: making the default towers parsed every
    file of their rooms a dozen times, 0.2 s of every start.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    has_config = any(isinstance(node, ast.ClassDef) and node.name == "Config" for node in tree.body)
    return (ast.get_docstring(tree) or "").partition("\n")[0] if has_config else None


def _from_entry_points(room: str) -> list[Component]:
    group = "handful." + room.rpartition(".")[2]
    return [
        Component(
            name=point.name,
            module=point.value,
            summary="",
            source=point.dist.name if point.dist else "another package",
        )
        for point in entry_points(group=group)
    ]
