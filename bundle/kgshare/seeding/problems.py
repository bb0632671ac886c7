"""Collects what is wrong with the data, so that everything is reported at once."""

from __future__ import annotations

from kgshare.errors import Problem, SeedError

SHOWN = 50


class Problems:
    """A list that stops growing: past `SHOWN`, problems are only counted."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._count)

    def add(self, message: str, where: str = "", hint: str = "") -> None:
        """Note one problem."""
        self._count += 1
        if len(self._kept) < SHOWN:
            self._kept.append(Problem(message=message, where=where, hint=hint))

    def complain(self) -> None:
        """Do nothing if there are none.

        Raises:
            SeedError: with the problems that were kept, and how many more there are.
        """
        if not self._count:
            return
        more = self._count - len(self._kept)
        rest = [Problem(message=f"and {more:,} more problems like these")] if more else []
        raise SeedError(*self._kept, *rest)
