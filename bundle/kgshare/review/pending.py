"""A merge that is under way: what is proposed, and what a person has decided about it so far."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kgshare.changes.file import parse_change_set
from kgshare.changes.model import ChangeSet
from kgshare.changes.order import ordered
from kgshare.changes.resolve import Choice, Place
from kgshare.errors import ChangeError, Problem


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A merge that is under way: the proposals' files, where they came from, and what was decided."""

    origin: str
    files: Mapping[str, str]
    choices: Mapping[Place, Choice] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of the file it is kept in."""
        rows = [[*place, choice.side, choice.value] for place, choice in self.choices.items()]
        return json.dumps({"origin": self.origin, "files": dict(self.files), "choices": rows}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Pending:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        choices = {
            (record, what): Choice(side=side, value=value) for record, what, side, value in data["choices"]
        }
        return cls(origin=data["origin"], files=data["files"], choices=choices)

    def proposals(self) -> tuple[ChangeSet, ...]:
        """The proposals, each after those it follows.

        Raises:
            ChangeError: every mistake in them.
        """
        problems: list[Problem] = []
        found: list[ChangeSet] = []
        for name, text in self.files.items():
            try:
                found.append(parse_change_set(text.encode(), name))
            except ChangeError as error:
                problems += error.problems
        if problems:
            raise ChangeError(*problems)
        own = {one.name for one in found}
        order = ordered(replace(one, follows=tuple(n for n in one.follows if n in own)) for one in found)
        by_name = {one.name: one for one in found}
        return tuple(by_name[one.name] for one in order)


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What a person said on the command line: numbers of conflicts as they were shown, from 1."""

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def of(self, number: int) -> Choice | None:
        """The choice for a conflict; None where there is none."""
        for said, side in ((self.ours, "ours"), (self.theirs, "theirs")):
            if str(number) in said or "all" in said:
                return Choice(side=side)  # type: ignore[arg-type]
        for value in self.values:
            which, _, text = value.partition("=")
            if which == str(number):
                return Choice(side="value", value=text)
        return None

    def __bool__(self) -> bool:
        return bool(self.ours or self.theirs or self.values)
