"""Dockerfiles as far as kgshare's own, and projects' like them, use them: stages, what they start from, what they say. Pure.

The format: Docker's Dockerfile reference. What is read is the subset that `kgshare.engines.local` carries out; anything else is
an error, so a Dockerfile that says more is not half understood.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from kgshare.errors import EngineError

SCRATCH = "scratch"
WORDS = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN",
        "STOPSIGNAL", "USER", "WORKDIR",
    }
)  # fmt: skip
# The flags that are understood: COPY's stage, HEALTHCHECK's times; a step never has a network, whatever it says.
FLAGS = {
    "COPY": {"from"},
    "RUN": {"network"},
    "HEALTHCHECK": {"interval", "timeout", "retries", "start-period", "start-interval"},
}
_DIRECTIVE = re.compile(r"\s*#\s*(escape|syntax)\s*=", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction: its word in capitals, and what follows on the same logical line."""

    word: str
    text: str

    def json(self) -> list[str] | None:
        """The words of the exec form; None where it is the shell form."""
        if not self.text.startswith("["):
            return None
        words = json.loads(self.text)
        return [str(word) for word in words]

    def words(self) -> list[str]:
        """What follows as words, quotes taken away."""
        return shlex.split(self.text)

    def flags(self) -> tuple[dict[str, str], str]:
        """The flags (``--name=value``), and the text after them.

        Raises:
            EngineError: there is one that is not understood.
        """
        flags: dict[str, str] = {}
        rest = self.text
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        if rest.startswith("--") or not flags.keys() <= FLAGS.get(self.word, set()):
            raise _unknown(f"{self.word} {self.text}")
        return flags, rest

    def command(self, text: str) -> list[str]:
        """The words of a command: those of the exec form, or the shell with the shell form's line."""
        exec_form = Instruction(word=self.word, text=text).json()
        return ["/bin/sh", "-c", text] if exec_form is None else exec_form


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage: what it starts from (another stage, or ``scratch``), and what it does."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]


def parse(text: str) -> dict[str, Stage]:
    """The stages of a Dockerfile by name.

    Raises:
        EngineError: it says something that is not understood here.
    """
    stages: dict[str, Stage] = {}
    for line in _logical(text):
        word, _, rest = line.partition(" ")
        instruction = Instruction(word=word.upper(), text=rest.strip())
        json_paths = instruction.word in {"ADD", "COPY"} and "[" in instruction.text
        if instruction.word not in WORDS or json_paths:
            raise _unknown(line)
        if instruction.word == "FROM":
            found = re.fullmatch(r"(\S+)(?: +as +(\S+))?", instruction.text.lower())
            if not found or (found[1] != SCRATCH and found[1] not in stages):
                raise _unknown(line)
            name = found[2] or str(len(stages))
            stages[name] = Stage(name=name, base=found[1], instructions=())
        else:
            if not stages:
                raise _unknown(line)
            last = next(reversed(stages.values()))
            said = (*last.instructions, instruction)
            stages[last.name] = Stage(name=last.name, base=last.base, instructions=said)
    return stages


def chain(stages: Mapping[str, Stage], target: str) -> tuple[Instruction, ...]:
    """All that leads from an empty file system to the end of a stage.

    Raises:
        EngineError: there is no such stage.
    """
    if target not in stages:
        raise EngineError(f"the Dockerfile has no stage {target}")
    stage = stages[target]
    before = () if stage.base == SCRATCH else chain(stages, stage.base)
    return (*before, *stage.instructions)


def expand(text: str, values: Mapping[str, str]) -> str:
    """A text with ``${NAME}`` and ``$NAME`` replaced; what is not set is empty."""
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], ""), text)


def offline(text: str) -> str:
    """A Dockerfile written anew from what is understood of it, in which no RUN has a network: for an engine that cannot be told so.

    Raises:
        EngineError: it says something that is not understood here, which might be a step that has one.
    """
    lines: list[str] = []
    try:
        for stage in parse(text).values():
            named = "" if stage.name.isdigit() else f" AS {stage.name}"
            lines.append(f"FROM {stage.base}{named}")
            for each in stage.instructions:
                said = f"--network=none {each.flags()[1]}" if each.word == "RUN" else each.text
                if said.endswith("\\"):
                    raise _unknown(f"{each.word} {said}")
                lines.append(f"{each.word} {said}")
    except EngineError as error:
        said = error.problems[0].message.partition(" does not understand ")[2]
        raise EngineError(
            f"a build through Dagger, which can keep only what is understood off the network, does not understand {said}",
            hint="build it with `--engine docker`",
        ) from None
    return "\n".join(lines) + "\n"


def _logical(text: str) -> list[str]:
    """Lines with their continuations joined; comments and empty lines left out."""
    lines: list[str] = []
    open_line = ""
    for line in text.splitlines():
        if _DIRECTIVE.match(line) and not lines:
            raise _unknown(line)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.endswith("\\"):
            open_line += line[:-1]
            continue
        lines.append((open_line + line).strip())
        open_line = ""
    if open_line:
        raise _unknown(open_line)
    return lines


def _unknown(line: str) -> EngineError:
    return EngineError(
        f"a build without a container engine does not understand `{line.strip()}`",
        hint="build this project with Docker",
    )
