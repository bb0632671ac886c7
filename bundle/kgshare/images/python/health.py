"""Whether the application answers 200 under its health path on loopback: exit code 0 or 1. No shell, no curl."""

import socket
import sys
from pathlib import Path

port, path = Path(__file__).with_name("health.txt").read_text(encoding="utf-8").split()
try:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=4) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nUser-Agent: health\r\n\r\n"
        connection.sendall(request.encode())
        words = connection.makefile("rb").readline(200).split()
except OSError as error:
    sys.exit(f"port {port} does not answer: {error}")
if len(words) < 2 or words[1] != b"200":
    sys.exit(f"{path} answers {b' '.join(words).decode(errors='replace') or 'nothing'}")
