"""Split a Cypher script into its statements. Pure text: knows strings, names, comments, nothing of the language."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What hides a semicolon: strings with backslash escapes, names in backticks (doubled inside), comments.
_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<name>`(?:[^`]|``)*`)
      | (?P<comment>//[^\r\n]*|/\*.*?\*/)
      | (?P<end>;)
      | (?P<broken>['"`]|/\*)
      | (?P<space>\s+)
      | (?P<word>[^'"`/;\s]+|/)""",
    re.VERBOSE | re.DOTALL,
)
_COMMAND = re.compile(r":[A-Za-z!?][\w!?-]*")
_OPENED = {"'": "a string", '"': "a string", "`": "a name in backticks", "/*": "a comment"}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of a script.

    Attributes:
        text: from its first word to before its semicolon.
        line: of its first word, counted from 1.
    """

    text: str
    line: int

    @property
    def first_line(self) -> str:
        """Its first line, to recognise it by."""
        return self.text.splitlines()[0].strip()


class BadScript(ValueError):
    """A script that cannot be split; ``line`` is where."""

    def __init__(self, message: str, line: int) -> None:
        self.line = line
        super().__init__(message)


def split_statements(script: str) -> list[Statement]:
    """The statements of a script, in order; a last one needs no semicolon, empty ones are dropped.

    Raises:
        BadScript: a string, name or comment is not closed; or a command of Neo4j's clients (``:param``) stands there.
    """
    statements: list[Statement] = []
    start: int | None = None
    for token in _TOKEN.finditer(script):
        at = token.start()
        match token.lastgroup:
            case "broken":
                raise BadScript(f"{_OPENED[token[0]]} is not closed", _line(script, at))
            case "end":
                if start is not None:
                    statements.append(_statement(script, start, at))
                start = None
            case "string" | "name" | "word" if start is None:
                command = _COMMAND.match(script, at)
                if command:
                    message = f"{command[0]} is a command of Neo4j's clients, not Cypher"
                    raise BadScript(message, _line(script, at))
                start = at
    if start is not None:
        statements.append(_statement(script, start, len(script)))
    return statements


def _statement(script: str, start: int, end: int) -> Statement:
    return Statement(text=script[start:end].rstrip(), line=_line(script, start))


def _line(script: str, at: int) -> int:
    return script.count("\n", 0, at) + 1
