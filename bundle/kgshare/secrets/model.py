"""What was found: of which kind and where. The secret itself is nowhere in it, nor a digest that a guess could be held against."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from kgshare.errors import Problem, SecretError

HINT = (
    "take it out, and change it where it opens something: it may have been copied already. If it opens nothing, waive it "
    "in policy.yaml by its id: {id}"
)


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """Something that looks like a secret.

    Attributes:
        path: the project's file, or ``IMAGE: FILE``, ``IMAGE: environment NAME``, ``graph: FILE``.
        line: from 1; 0 where there are no lines.
        kind: what it looks like, e.g. ``private-key``.
    """

    path: str
    line: int
    kind: str

    @property
    def id(self) -> str:
        """What a waiver names: it stays the same when lines above it come and go."""
        return f"secret:{self.kind}:{self.path}"

    @property
    def where(self) -> str:
        """The place as a person opens it."""
        return f"{self.path}:{self.line}" if self.line else self.path


def refuse(findings: Iterable[Finding], waived: Container[str] = ()) -> None:
    """Stop where there is a finding that is not waived.

    Args:
        findings: what was found.
        waived: the ids that somebody answers for.

    Raises:
        SecretError: with file, line and kind of each.
    """
    left = sorted({finding for finding in findings if finding.id not in waived})
    if left:
        raise SecretError(
            *(
                Problem(
                    message=f"looks like a secret: {finding.kind}",
                    where=finding.where,
                    hint=HINT.format(id=finding.id),
                )
                for finding in left
            )
        )
