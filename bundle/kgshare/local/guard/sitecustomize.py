"""Imported by the application's Python before anything else: it listens on loopback, on the port of its stack.

Inside a container an application may listen on every address, as only the gateway reaches it; here that would be the
whole network. ``KGSHARE_LISTEN`` is ``OWN_PORT:PORT_OF_THE_STACK``. What does not go through Python's sockets is
noticed by the supervisor, which looks at what is listened on.
"""

import os
import socket
from typing import Any

_own, _, _given = os.environ.get("KGSHARE_LISTEN", "0:0").partition(":")
_bind = socket.socket.bind


def _on_loopback(self: socket.socket, address: Any) -> None:
    if self.family == socket.AF_INET:
        address = ("127.0.0.1", _port(address[1]))
    elif self.family == socket.AF_INET6:
        alone = self.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        address = ("::1" if alone else "::ffff:127.0.0.1", _port(address[1]))
    _bind(self, address)


def _port(port: int) -> int:
    return int(_given) if port == int(_own) else port


socket.socket.bind = _on_loopback  # type: ignore[method-assign,assignment]
