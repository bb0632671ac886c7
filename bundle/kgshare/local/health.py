"""Whether the database of a local stack answers: Bolt's handshake, as the image's own health check does it."""

from __future__ import annotations

import socket
import struct

LOOPBACK = "127.0.0.1"
# Bolt Protocol handshake specification: magic, and four versions that the client would speak (5.8–5.0, 4.4–4.2).
HANDSHAKE = struct.pack(">5I", 0x6060B017, 0x00080805, 0x00020404, 0, 0)


def bolt_answers(port: int, *, seconds: float = 2.0) -> bool:
    """Whether a Bolt server on a port of this machine takes one of the versions."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
            connection.sendall(HANDSHAKE)
            answer = connection.recv(4)
    except OSError:
        return False
    return len(answer) == 4 and any(answer)
