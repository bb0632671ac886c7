"""The one tree of errors: a class per kind of failure, each with its exit code.

A message says what is wrong and where; ``hint`` says what to do next. ``kgshare.cli`` is the one place that turns
an error into text or JSON and exits. Anything that is not a `KgshareError` is a defect of kgshare and exits 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, at a place a person can open.

    Attributes:
        message: what is wrong, in one sentence.
        where: ``file``, ``file:line``, ``file row N``, a member of a bundle; empty where there is no place.
        hint: what to do next; empty where the message says it.
        kind: of which kind it is, where one error holds problems of several; else the error's.
    """

    message: str
    where: str = ""
    hint: str = ""
    kind: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        next_step = f"\n  → {self.hint}" if self.hint else ""
        return f"{place}{self.message}{next_step}"


class KgshareError(Exception):
    """A failure that the user can act on: one or more problems, reported all at once."""

    exit_code = 1
    kind = "error"

    def __init__(self, *problems: Problem | str, hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(
            Problem(message=p, hint=hint) if isinstance(p, str) else p for p in problems
        )
        super().__init__("\n".join(str(p) for p in self.problems))

    def adding(self, hint: str) -> Self:
        """The same failure with one more thing that can be done next."""
        joined = (replace(p, hint="; ".join(filter(None, (p.hint, hint)))) for p in self.problems)
        return type(self)(*joined)


class UsageError(KgshareError):
    """The command was called wrongly (typer's own usage errors also exit 2)."""

    exit_code = 2
    kind = "usage"


class ManifestError(KgshareError):
    """``kgshare.yaml``, ``policy.yaml``, a VEX document or a file they name is not as it must be."""

    exit_code = 3
    kind = "manifest"


class LockError(KgshareError):
    """The lock is missing, stale, for another manifest, or cannot be made."""

    exit_code = 4
    kind = "lock"


class FetchError(KgshareError):
    """A locked input could not be fetched, or what came is not what was locked."""

    exit_code = 5
    kind = "fetch"


class BuildError(KgshareError):
    """A build step failed."""

    exit_code = 6
    kind = "build"


class ImageError(BuildError):
    """An application's own image is not as it must be: it breaks a rule, or is another one than is locked."""

    kind = "image"


class ReproducibleError(BuildError):
    """Two builds from one lock are not the same."""

    kind = "reproducible"


class SecretError(BuildError):
    """Something that looks like a secret would go to the reader with the file."""

    kind = "secret"


class SeedError(KgshareError):
    """The data does not make a graph: a script, a row, a check."""

    exit_code = 7
    kind = "seed"


class BundleError(KgshareError):
    """The bundle is refused: truncated, altered, or contradicting itself."""

    exit_code = 8
    kind = "bundle"


class EngineError(KgshareError):
    """The container engine is missing, unreachable, too old, or out of room."""

    exit_code = 9
    kind = "engine"


class StackError(KgshareError):
    """A stack did not start, does not answer, or does not exist."""

    exit_code = 10
    kind = "stack"


class ChangeError(KgshareError):
    """A change set is not as it must be, or does not fit the graph."""

    exit_code = 12
    kind = "changes"


class ConflictError(KgshareError):
    """Change sets do not fit the graph, or each other: what was found is not what was expected."""

    exit_code = 13
    kind = "conflict"


class CheckError(KgshareError):
    """Change sets fit, and the graph that they make is not as the project says it must be."""

    exit_code = 14
    kind = "check"


class PolicyError(KgshareError):
    """The policy is red: a check failed, and no VEX statement or waiver accepts it."""

    exit_code = 15
    kind = "policy"


class ScanError(KgshareError):
    """Nothing was scanned: there is no scanner, or no database, or the scanner failed. Findings are no error."""

    exit_code = 17
    kind = "scan"


class RegistryError(KgshareError):
    """A registry does not answer, refuses, does not have what is asked for, or sends something else."""

    exit_code = 18
    kind = "registry"


class TrustError(KgshareError):
    """A bundle is not vouched for, or a key cannot be used: unsigned, of an unknown or retired signer, older than one seen."""

    exit_code = 16
    kind = "trust"


class ObtainError(KgshareError):
    """What was named by an address could not be got from there, or is no bundle."""

    exit_code = 18
    kind = "obtain"


class MachineError(KgshareError):
    """The machine does not let kgshare work: the disk is full, or a file or folder may not be read or written."""

    exit_code = 11
    kind = "machine"


class Interrupted(KgshareError):
    """Ctrl-C: the same command works again."""

    exit_code = 130
    kind = "interrupted"
