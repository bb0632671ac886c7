"""VEX: what a project says of the vulnerabilities that a scanner finds in it. OpenVEX 0.2.0, read strictly.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md; why no library reads it: docs/decisions/170.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from kgshare.errors import ManifestError, Problem
from kgshare.project.yamlfile import load, problems_of
from kgshare.scan.model import VexStatus

FOLDER = "vex"
CONTEXT = "https://openvex.dev/ns/v0.2.0"  # the format's name; nothing is asked for there
PAGE = "docs/how-to/scan-and-policy.md"
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Justification = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]


T = TypeVar("T")


def _some(rows: tuple[T, ...]) -> tuple[T, ...]:
    """As a length of the field, an item that is wrong would be told twice."""
    if not rows:
        raise ValueError("there must be at least one")
    return rows


class _Doc(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Component(_Doc):
    """A piece of software: by its identifier, best a package URL."""

    id: Said | None = Field(default=None, alias="@id")
    identifiers: dict[Literal["purl", "cpe22", "cpe23"], Said] = {}
    hashes: dict[str, str] = {}

    @model_validator(mode="after")
    def _named(self) -> Component:
        if self.id is None and not self.identifiers and not self.hashes:
            raise ValueError("needs an `@id`, identifiers or hashes")
        return self

    @property
    def purls(self) -> tuple[str, ...]:
        """Its package URLs."""
        named = (self.id or "", self.identifiers.get("purl", ""))
        return tuple(name for name in named if name.startswith("pkg:"))


class Product(Component):
    """What is spoken of; with subcomponents, of these in it."""

    subcomponents: tuple[Component, ...] = ()


class Vulnerability(_Doc):
    """What it is called."""

    id: Said | None = Field(default=None, alias="@id")
    name: Said
    description: str | None = None
    aliases: tuple[Said, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All its names."""
        return frozenset((self.name, *self.aliases))


class Statement(_Doc):
    """What is said of one vulnerability in some products."""

    id: Said | None = Field(default=None, alias="@id")
    version: int | None = None
    vulnerability: Vulnerability
    timestamp: datetime | None = None
    last_updated: datetime | None = None
    products: Annotated[tuple[Product, ...], AfterValidator(_some)]
    status: VexStatus
    supplier: str | None = None
    status_notes: str | None = None
    justification: Justification | None = None
    impact_statement: str | None = None
    action_statement: Said | None = None
    action_statement_timestamp: datetime | None = None

    @model_validator(mode="after")
    def _explained(self) -> Statement:
        if self.status == "not_affected" and not (self.justification or self.impact_statement):
            raise ValueError("`not_affected` needs a `justification` (or an `impact_statement`)")
        if self.status != "not_affected" and self.justification:
            raise ValueError(f"a `justification` goes with `not_affected`, not with `{self.status}`")
        if self.status == "affected" and not self.action_statement:
            raise ValueError("`affected` needs an `action_statement`: what is to be done")
        return self


class Document(_Doc):
    """One file."""

    context: Annotated[str, StringConstraints(pattern=r"^https://openvex\.dev/ns/v0\.2\.[0-9]+$")] = Field(
        alias="@context"
    )
    id: Said = Field(alias="@id")
    author: Said
    role: str | None = None
    timestamp: datetime
    last_updated: datetime | None = None
    version: int = Field(ge=1)
    tooling: str | None = None
    statements: Annotated[tuple[Statement, ...], AfterValidator(_some)]


@dataclass(frozen=True, kw_only=True)
class Dated:
    """A statement with what its document adds: since when it holds, and which file says it."""

    statement: Statement
    since: datetime
    document: str


def read_folder(root: Path) -> tuple[Dated, ...]:
    """Every statement of a project's ``vex/*.json``, the later ones last.

    Raises:
        ManifestError: a document is not as it must be; every mistake of every document, by line.
    """
    return read_files(sorted((root / FOLDER).glob("*.json")), root)


def read_files(files: Iterable[Path], root: Path | None = None) -> tuple[Dated, ...]:
    """What `read_folder` does, for documents by name."""
    found: list[Dated] = []
    problems: list[Problem] = []
    for file in files:
        name = file.relative_to(root).as_posix() if root else str(file)
        try:
            found += parse(file.read_bytes(), name)
        except OSError as error:
            problems.append(Problem(message=f"cannot be read: {error.strerror}", where=name))
        except ManifestError as error:
            problems += error.problems
    if problems:
        raise ManifestError(*problems)
    return in_order(found)


def in_order(statements: Iterable[Dated]) -> tuple[Dated, ...]:
    """The later statements last: they override the earlier ones."""
    return tuple(sorted(statements, key=lambda dated: dated.since))


def parse(text: bytes, name: str) -> tuple[Dated, ...]:
    """The statements of a document, in its order.

    Raises:
        ManifestError: it is not one; every mistake by line.
    """
    try:
        data = json.loads(text)
    except UnicodeDecodeError as error:
        raise ManifestError(Problem(message=f"not UTF-8: {error.reason}", where=name)) from None
    except json.JSONDecodeError as error:
        raise ManifestError(
            Problem(message=f"not JSON: {error.msg}", where=f"{name}:{error.lineno}")
        ) from None
    except RecursionError:
        raise ManifestError(Problem(message="not JSON: it is nested too deeply", where=name)) from None
    # JSON is YAML, but for tabs between its words; that reader knows the lines and finds a key that stands twice.
    _, lines = load(text.replace(b"\t", b" "), name)
    try:
        document = Document.model_validate(data)
    except ValidationError as error:
        raise ManifestError(*problems_of(error, lines, name, page=PAGE, whole="the document")) from None
    zones = [document.timestamp, *(s.timestamp for s in document.statements if s.timestamp)]
    if any(moment.tzinfo is None for moment in zones):
        raise ManifestError(
            Problem(message="a `timestamp` has no time zone", where=name, hint="end it with Z")
        )
    return tuple(
        Dated(statement=s, since=s.timestamp or document.timestamp, document=name)
        for s in document.statements
    )


def merged(statements: Sequence[Dated], *, name: str, author: str) -> bytes:
    """All statements as one document, as it travels in a bundle; empty where there is none.

    Args:
        statements: the later ones last.
        name: the project's.
        author: who answers for them.
    """
    if not statements:
        return b""
    rows = [dated.statement.model_copy(update={"timestamp": dated.since}) for dated in statements]
    document = Document(
        context=CONTEXT, id=f"pkg:generic/{name}#vex", author=author, timestamp=statements[-1].since, version=1,
        statements=tuple(rows),
    )  # fmt: skip
    return document.model_dump_json(by_alias=True, exclude_defaults=True, indent=1).encode() + b"\n"
