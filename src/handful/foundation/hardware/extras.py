"""Which optional parts are installed, found out without importing any of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One module that an extra brings."""

    name: str
    """The name to import, such as `torch`."""
    is_installed: bool
    """Whether it can be found."""
    version: str | None = None
    """The version of its package; None when it is missing or nothing tells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extra:
    """One optional part of a package, such as `train`."""

    name: str
    """The name in square brackets."""
    modules: tuple[Module, ...]
    """What it brings."""
    command: str
    """The command that adds it."""

    @property
    def is_installed(self) -> bool:
        """Whether everything that it brings can be found."""
        return all(module.is_installed for module in self.modules)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the modules that cannot be found."""
        return tuple(module.name for module in self.modules if not module.is_installed)


def installed_extras(
    extras: Mapping[str, Sequence[str]], package: str = "handful"
) -> tuple[Extra, ...]:
    """Tell which extras are installed, with versions and the command that adds each.

    Nothing is imported: torch alone would take a second.

    Args:
        extras: The modules that each extra brings, such as `{"train": ["torch"]}`; of a dotted
            name the first part counts, since looking further would import it.
        package: The package whose extras these are.

    Returns:
        One `Extra` per name, in the order given.
    """
    return tuple(
        Extra(
            name=name,
            modules=tuple(find_module(module) for module in modules),
            command=f'pip install "{package}[{name}]"',
        )
        for name, modules in extras.items()
    )


def find_module(name: str) -> Module:
    """Look for one module and its version, without importing it."""
    top = name.partition(".")[0]
    if not _is_there(top):
        return Module(name=name, is_installed=False)
    return Module(name=name, is_installed=True, version=_version(top))


def _is_there(top: str) -> bool:
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None:
        return False
    # A folder that happens to bear the name is no package, unless something installed it.
    return spec.origin is not None or top in _packages()


def _version(top: str) -> str | None:
    """The version of the package that brings a module; most bear its name, so that goes first."""
    # Costs a few hundredths of a second, and only this question needs it.
    from importlib import metadata

    try:
        return metadata.version(top)
    except metadata.PackageNotFoundError:
        packages = _packages().get(top, ())
        return metadata.version(packages[0]) if packages else None


@cache
def _packages() -> Mapping[str, list[str]]:
    """The packages that bring each importable name; reads every installed package, so once."""
    from importlib import metadata

    return metadata.packages_distributions()
