"""Text as it may go to a terminal: what a file from elsewhere says can move no cursor, hide nothing and look like no other line."""

from __future__ import annotations

import json
import unicodedata


def _harmless(char: str) -> bool:
    return char.isprintable() or char == "\t" or unicodedata.category(char) == "Zs"


def printable(text: str) -> str:
    """The text with everything escaped that is neither printable nor the end of a line."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        c if c == "\n" or _harmless(c) else c.encode("unicode_escape").decode("ascii") for c in text
    )


def one_line(text: str) -> str:
    """The same of a single value, which has no ends of lines."""
    return printable(text).replace("\n", "\\n")


def printable_json(text: str) -> str:
    """JSON with the same characters escaped as JSON has it: it stands for the same values."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or _harmless(c) else json.dumps(c)[1:-1] for c in text)
