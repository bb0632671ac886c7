"""Answers that are kept for as long as the graph is in the state in which they were given (`kgshare.page.watch`)."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

from kgshare.page.watch import State

MOST = 48 * 1024 * 1024  # bytes; a container has 512 MiB


class Kept:
    """The answers of one state by address, those that were used last, at most so many bytes."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._state: State | None = None
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._name = secrets.token_bytes(8)  # tags of another process mean nothing here

    def get(self, state: State, address: str) -> bytes | None:
        """The answer, where there is one of this state; those of another are forgotten."""
        if state != self._state:
            self._answers.clear()
            self._state, self._size = state, 0
        found = self._answers.get(address)
        if found is not None:
            self._answers.move_to_end(address)
        return found

    def put(self, state: State, address: str, content: bytes) -> None:
        """Keep an answer, unless the state is another by now."""
        if state != self._state or len(content) > self._most:
            return
        self._size += len(content) - len(self._answers.pop(address, b""))
        self._answers[address] = content
        while self._size > self._most:
            self._size -= len(self._answers.popitem(last=False)[1])

    def tag(self, state: State) -> str:
        """An ``ETag`` for every answer of this state."""
        digest = hashlib.sha256(self._name + repr((state.life, sorted(state.marks))).encode())
        return f'"{digest.hexdigest()[:32]}"'
