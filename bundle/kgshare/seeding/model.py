"""What a seed step yields: batches of nodes and of relationships, as rows or as a DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    Rows = pd.DataFrame | Iterable[Mapping[str, Any]]
else:
    Rows = Any


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """A batch of nodes of one kind.

    Attributes:
        labels: the labels every node gets; the first is the one whose identity (key) is declared in the manifest.
        rows: one row a node; a column is a property. Missing values (None, NaN, NaT) are no property. Values are
            Python's own or pandas': str, bool, int, float, datetime (aware or naive), date, time, timedelta, lists of
            one of these, and ``neo4j.spatial`` points.
        source: where the rows came from (a file's name), for error messages.
    """

    labels: tuple[str, ...]
    rows: Rows
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a relationship row names the node at one of its ends.

    Attributes:
        label: the label whose declared key identifies the node.
        columns: the row's columns that hold that key, in the order in which the manifest declares it; these columns
            do not become properties of the relationship.
    """

    label: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Relationships:
    """A batch of relationships of one type; every column that is not part of an end is a property."""

    type: str
    start: End
    end: End
    rows: Rows
    source: str = ""
