"""What runs in the stand-in images: the little of a database, an application and a gateway that a stack needs.

It is no Neo4j: it keeps to the images' contract (users, folders, password file, ports, health checks) in the standard
library, so that what is tested is the stack around it.
"""

import secrets
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PASSWORD = Path("/var/lib/kgshare/auth/password")


def database() -> None:
    """Make a password at the first start, then answer any connection with what is in the store."""
    if not PASSWORD.exists():
        PASSWORD.write_text(secrets.token_urlsafe(24))
        PASSWORD.chmod(0o444)
    if Path("/data/broken").exists():
        sys.exit("stand-in: the store is broken")
    print("stand-in database: open", flush=True)
    with socket.create_server(("0.0.0.0", 7687)) as server:
        while True:
            client, _ = server.accept()
            with client:
                client.sendall(b",".join(sorted(f.name.encode() for f in Path("/data").iterdir())))


class Page(BaseHTTPRequestHandler):
    """200 where the database answers and the password can be read."""

    def do_GET(self) -> None:
        PASSWORD.read_text()
        with socket.create_connection(("database", 7687), timeout=5) as connection:
            body = b"well" if self.path == "/health" else b"stand-in page, store: " + connection.recv(1000)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def application() -> None:
    """Serve the page."""
    ThreadingHTTPServer(("0.0.0.0", 8088), Page).serve_forever()


def gateway(rules: list[str]) -> None:
    """Forward PORT=HOST:PORT."""
    for rule in rules:
        port, _, target = rule.partition("=")
        host, _, inside = target.partition(":")
        threading.Thread(target=forward, args=(int(port), host, int(inside))).start()


def forward(port: int, host: str, inside: int) -> None:
    """Accept on a port and copy both ways."""
    with socket.create_server(("0.0.0.0", port)) as server:
        while True:
            client, _ = server.accept()
            try:
                target = socket.create_connection((host, inside), timeout=5)
            except OSError:
                client.close()
                continue
            for a, b in ((client, target), (target, client)):
                threading.Thread(target=copy, args=(a, b), daemon=True).start()


def copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the source ends, then say so to the sink."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def healthy(port: int) -> None:
    """Exit 0 where something listens."""
    socket.create_connection(("127.0.0.1", port), timeout=2).close()


if __name__ == "__main__":
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(0) if threading.active_count() == 1 else __import__("os")._exit(0)
    )
    match sys.argv[1:]:
        case ["database"]:
            database()
        case ["application"]:
            application()
        case ["healthy", port]:
            healthy(int(port))
        case [*words]:
            gateway([word for word in words if "=" in word and word[0].isdigit()])
