"""Sets of names that hang together, found by joining two at a time."""

from __future__ import annotations


class Links:
    """Which names hang together, also by way of others."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, one: str, other: str) -> None:
        """Say that two names hang together.

        Args:
            one: Any.
            other: Any.
        """
        self._above[self.top(one)] = self.top(other)

    def top(self, name: str) -> str:
        """The name that stands for the whole set; which one it is follows from the joins.

        Args:
            name: Any; a new one hangs together with nothing.
        """
        path = []
        while (above := self._above.setdefault(name, name)) != name:
            path.append(name)
            name = above
        for each in path:
            self._above[each] = name
        return name
