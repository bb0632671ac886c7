"""A question and its parameters, and both as plain data for files that are read where there is no pydantic."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 1000
"""More rows than a person reads; what lies beyond is said to be there and left out."""
SECONDS = 30.0
"""How long a question may take before Neo4j stops it."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What can be filled in.

    Attributes:
        name: as in ``$name``.
        type: the manifest's word for it, as in ``int`` or ``string[]``; `kgshare.questions.values` knows them.
        default: as a person would type it.
        description: what it means; may be empty.
        choices: the only values, as typed; empty where any will do.
        choices_cypher: a query whose first column proposes values; empty where there is none.
    """

    name: str
    type: str = "string"
    default: str
    description: str = ""
    choices: tuple[str, ...] = ()
    choices_cypher: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that a graph can be asked.

    Attributes:
        name: its name in addresses and on the command line.
        question: the sentence.
        cypher: the query; it only reads.
        parameters: in the order in which they are shown.
        expect: the rows with the defaults: a row is a list of values, or a mapping of those columns that matter.
            None: any rows, but at least one.
    """

    name: str
    question: str
    cypher: str
    parameters: tuple[Parameter, ...] = ()
    expect: tuple[Sequence[Any] | Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a graph answered: a table.

    Attributes:
        columns: their names, also where there are no rows.
        rows: the values as the driver has them: nodes, relationships and temporal types included.
        more: whether there were more rows than were asked for.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool = False


def to_data(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Questions as JSON can hold them."""
    return [dataclasses.asdict(question) for question in questions]


def from_data(data: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """What `to_data` wrote.

    Raises:
        TypeError: it is not of that form.
    """
    return tuple(
        Question(
            **{
                **row,
                "parameters": tuple(
                    Parameter(**{**p, "choices": tuple(p.get("choices", ()))})
                    for p in row.get("parameters", ())
                ),
                "expect": None if row.get("expect") is None else tuple(row["expect"]),
            }
        )
        for row in data
    )
