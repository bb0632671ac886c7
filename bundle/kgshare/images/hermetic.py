"""A project's own Dockerfile: that it names nothing which would be fetched, and which stage is its image. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kgshare.errors import ImageError, Problem

_FROM = re.compile(r"^FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_COPY_FROM = re.compile(r"^(?:COPY|ADD)\s.*?--from=(\S+)", re.IGNORECASE)
_MOUNT_FROM = re.compile(r"--mount=\S*?\bfrom=([^,\s]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"^ADD\s.*?((?:https?|git|ssh)://\S+|git@\S+)", re.IGNORECASE)
_SYNTAX = re.compile(r"^#\s*syntax\s*=", re.IGNORECASE)
HINT = (
    "bases come from the lock: FROM scratch, then ADD base.tar / (what runs) or ADD toolbox.tar / (what builds); "
    "see docs/how-to/examples.md"
)


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction, its continued lines joined; ``line`` is where it begins."""

    text: str
    line: int


def last_stage(text: str, name: str) -> str:
    """The stage that is the image, as ``docker build --target`` takes it.

    Args:
        text: the Dockerfile.
        name: what messages call it.

    Raises:
        ImageError: it has no stage, or names an image, a frontend or an address that would have to be fetched.
    """
    if first := next((n for n, line in enumerate(text.splitlines(), 1) if _SYNTAX.match(line)), None):
        raise ImageError(
            Problem(message="a frontend of its own would have to be fetched", where=f"{name}:{first}")
        )
    stages: list[str] = []
    problems: list[Problem] = []
    for found in instructions(text):
        where = f"{name}:{found.line}"
        if match := _FROM.match(found.text):
            if match[1].lower() != "scratch" and match[1].lower() not in stages:
                problems.append(
                    Problem(message=f"the image {match[1]} would have to be fetched", where=where, hint=HINT)
                )
            stages.append((match[2] or str(len(stages))).lower())
        elif match := _ADDRESS.match(found.text):
            hint = "no address is reached while building: put the file into the project, or lock it as a jar or package"
            problems.append(Problem(message=f"{match[1]} would have to be fetched", where=where, hint=hint))
        else:
            for other in _froms(found.text):
                if other.lower() not in stages and not other.isdigit():
                    message = f"the image {other} would have to be fetched"
                    problems.append(Problem(message=message, where=where, hint=HINT))
    if not stages and not problems:
        problems.append(Problem(message="it has no FROM", where=name, hint=HINT))
    if problems:
        raise ImageError(*problems)
    return stages[-1]


def _froms(text: str) -> Iterator[str]:
    if match := _COPY_FROM.match(text):
        yield match[1]
    yield from _MOUNT_FROM.findall(text)


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile; comments are left out, also between continued lines."""
    so_far, begins = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not so_far):
            continue
        begins = begins if so_far else number
        so_far += line.strip().removesuffix("\\").rstrip() + " "
        if not line.rstrip().endswith("\\"):
            yield Instruction(text=so_far.strip(), line=begins)
            so_far = ""
    if so_far.strip():
        yield Instruction(text=so_far.strip(), line=begins)
