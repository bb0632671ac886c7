"""A connection to Neo4j that hands out records as the bytes they came in.

The official driver decodes every value, which for comparing a whole graph takes ten times what the server needs to send
it. This one speaks the few messages of Bolt that reading a whole graph and a reset want, over loopback, and leaves values alone.
Protocol: https://neo4j.com/docs/bolt/current/bolt/message/ (5.3 and 5.4: the newest 5.x that every Neo4j since 5.9 speaks).
"""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Self

from kgshare import __version__
from kgshare.doors.packstream import Reader, Value, pack
from kgshare.errors import StackError

_HANDSHAKE = b"\x60\x60\xb0\x17" + b"\x00\x01\x04\x05" + b"\x00" * 12  # Bolt 5.4 or 5.3, or nothing
_HELLO, _LOGON, _GOODBYE, _RUN, _PULL = 0x01, 0x6A, 0x02, 0x10, 0x3F
_BEGIN, _COMMIT = 0x11, 0x12
_SUCCESS, _RECORD = 0x70, 0x71
_AGENT = f"kgshare/{__version__}"


class Wire:
    """One authenticated connection; not for several threads."""

    def __init__(
        self,
        port: int,
        password: str,
        *,
        host: str = "127.0.0.1",
        user: str = "neo4j",
        database: str | None = "neo4j",
        read_only: bool = False,
        seconds: float = 60.0,
    ) -> None:
        """Connect to a Bolt port, without TLS and routing.

        Args:
            port: where it listens.
            password: empty where the server asks for none.
            host: which machine's; this one's.
            user: who asks.
            database: its name; None for the user's home database.
            read_only: whether the server shall refuse what writes.
            seconds: how long the server may be silent.

        Raises:
            StackError: nothing there speaks Bolt 5.3, or the password is not the right one.
        """
        self._extra: dict[str, Value] = {"db": database} if database else {}
        if read_only:
            self._extra["mode"] = "r"
        try:
            self._socket = socket.create_connection((host, port), timeout=seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._file = self._socket.makefile("rb", buffering=1 << 18)
            self._socket.sendall(_HANDSHAKE)
            version = self._file.read(4)
        except OSError as error:
            raise StackError(f"the database on port {port} does not answer: {error}") from None
        if version[2:] not in {b"\x04\x05", b"\x03\x05"}:
            raise StackError(f"what listens on port {port} does not speak Bolt 5.3")
        self._ask(_HELLO, {"user_agent": _AGENT, "bolt_agent": {"product": _AGENT}})
        login = {"scheme": "basic", "principal": user, "credentials": password}
        self._ask(_LOGON, login if password else {"scheme": "none"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye, and let go of the connection."""
        with contextlib.suppress(OSError):
            self._send(_GOODBYE)
        self._file.close()
        self._socket.close()

    def run(self, query: str, parameters: Mapping[str, Value] | None = None) -> list[bytes]:
        """Run a query in the open transaction, else in one of its own; its records, each the bytes of its list.

        Raises:
            StackError: the server refuses it; the connection is of no more use.
        """
        return list(self.stream(query, parameters))

    def stream(self, query: str, parameters: Mapping[str, Value] | None = None) -> Iterator[bytes]:
        """What `run` does, a record at a time as it comes; every one of them must be taken.

        Raises:
            StackError: the server refuses it; the connection is of no more use.
        """
        extra: Mapping[str, Value] = {**self._extra, "notifications_minimum_severity": "OFF"}
        self._send(_RUN, query, parameters or {}, {} if self._open else extra)
        self._send(_PULL, {"n": -1})
        for _ in self._answers(query):
            pass
        yield from self._answers(query)

    def rows(self, query: str) -> Iterator[list[Any]]:
        """The rows of a query whose values are null, booleans, numbers, strings, lists and maps.

        Raises:
            StackError: the server refuses it; the connection is of no more use.
        """
        for record in self.stream(query):
            yield Reader(record).plain()

    def committed(self) -> str:
        """What was committed last, as a bookmark: the same one twice means that nothing was committed in between."""
        self.run("RETURN 1")
        return self._bookmark

    _bookmark = ""
    _open = False

    def begin(self) -> None:
        """Open a transaction."""
        self._ask(_BEGIN, self._extra)
        self._open = True

    def commit(self) -> str:
        """Commit the open transaction; its bookmark."""
        self._ask(_COMMIT)
        self._open = False
        return self._bookmark

    def _ask(self, tag: int, *fields: Value) -> None:
        self._send(tag, *fields)
        for _ in self._answers(""):
            pass

    def _send(self, tag: int, *fields: Value) -> None:
        message = bytes([0xB0 + len(fields), tag]) + b"".join([pack(field) for field in fields])
        chunks = [message[at : at + 0xFFFF] for at in range(0, len(message), 0xFFFF)]
        self._socket.sendall(b"".join([struct.pack(">H", len(c)) + c for c in chunks]) + b"\x00\x00")

    def _answers(self, query: str) -> Iterator[bytes]:
        while True:
            message = self._message()
            if message[1] == _RECORD:
                yield message[2:]
                continue
            said = Reader(message, 2).properties() if len(message) > 2 else {}
            if message[1] == _SUCCESS:
                if "bookmark" in said:
                    self._bookmark = Reader(said["bookmark"]).text()
                return
            reason = Reader(said["message"]).text() if "message" in said else "it ignored the request"
            raise StackError(f"the database refused {query[:200]!r}: {reason}" if query else reason)

    def _message(self) -> bytes:
        read = self._file.read
        try:
            head = read(2)
            size = head[0] << 8 | head[1]
            message: bytes = read(size)
            whole = size
            while True:
                head = read(2)
                size = head[0] << 8 | head[1]
                if not size:
                    if whole:
                        break
                    continue  # an empty chunk by itself only says that the server is still there
                message += read(size)
                whole += size
        except (OSError, IndexError) as error:
            reason = error.strerror or "it is silent" if isinstance(error, OSError) else "it went away"
            raise StackError(f"the database closed the connection: {reason}") from None
        if len(message) != whole:
            raise StackError("the database closed the connection: it went away")
        return message


def number_of(bookmark: str) -> int | None:
    """The number of the transaction that a bookmark of Neo4j 5 names; each commit's is one more than that before it.

    None where it has another form: it is documented as a text without a meaning, so nobody may depend on knowing it.
    Form, as seen: ``FB:`` and the base64 of a list's head, 16 bytes of the database, the number, an empty list.
    """
    try:
        data = base64.b64decode(
            bookmark.removeprefix("FB:") + "=" * (-len(bookmark.removeprefix("FB:")) % 4), validate=True
        )
        reader = Reader(data)
        if reader.size() != ("items", 1) or reader.size() != ("bytes", 16):
            return None
        reader.at += 16
        number = reader.integer()
        return number if data[reader.at :] == b"\x90" else None
    except (ValueError, IndexError, struct.error):
        return None
