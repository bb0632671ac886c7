"""Start and stop a Neo4j server from its jars, on loopback, without a container.

Used by the seed stage, by tests, and by the runtime without containers. Facts about main class and options:
Neo4j's own neo4j.conf of version 5.26 and its jars.
"""

from __future__ import annotations

import shutil
import signal
import socket
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from kgshare.errors import Problem, SeedError
from kgshare.seeding.java import Process, run_java, start_java, wait

ENTRY_POINT = "META-INF/services/org.neo4j.server.startup.EntryPoint"
# Not the documented Neo4jAdminCommand, which starts this one in a second JVM of its own choosing.
ADMIN = "org.neo4j.cli.AdminTool"

# From Neo4j's neo4j.conf (server.jvm.additional): its page cache, Netty and Lucene reach into the JDK. In images, too.
JVM_OPENS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Djdk.tls.rejectClientInitiatedRenegotiation=true",
    "-Dlog4j2.disable.jmx=true",
)
JVM_OPTIONS = (*JVM_OPENS, "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")

# For a server that lives for seconds or minutes: the second compiler would take more than it gives.
QUICK = ("-XX:TieredStopAtLevel=1",)
LITTLE = 64 << 20  # bytes; neo4j-admin is done with them in seconds, too

# A server of ours: reachable from this machine only, silent, without the parts that nobody asked for.
SAFE_CONFIG: Mapping[str, str] = {
    "server.default_listen_address": "127.0.0.1",
    "server.http.enabled": "false",
    "server.https.enabled": "false",
    "dbms.usage_report.enabled": "false",
    "dbms.security.auth_enabled": "false",
    "dbms.security.allow_csv_import_from_file_urls": "false",
    # Netty's threads wait five seconds for silence before they stop, once each way; nobody is left to speak then.
    "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
}


@dataclass(frozen=True, kw_only=True)
class Install:
    """Java, the folders of Neo4j's and its plugins' jars, and how a server of them is started.

    Attributes:
        java: the Java executable.
        lib: the folder of Neo4j's jars.
        plugins: a folder of plugin jars.
        heap: Java's heap, as in ``512m``.
        jvm: further options for the server's JVM; a server that is to live long takes none.
    """

    java: Path
    lib: Path
    plugins: Path | None = None
    heap: str = "512m"
    jvm: tuple[str, ...] = QUICK

    @property
    def class_path(self) -> str:
        """Every jar; plugins last, so that they cannot shadow Neo4j's own classes."""
        folders = [self.lib, *([self.plugins] if self.plugins else [])]
        return ":".join(f"{folder}/*" for folder in folders)

    def admin(self, home: Path, *words: str, what: str, reads: Path | None = None) -> str:
        """Run a ``neo4j-admin`` command on a home folder; returns what it printed.

        Args:
            home: the home folder.
            words: the command.
            what: what it is called in an error.
            reads: the file or folder that it works through; where that is little, it starts quickly instead of
                becoming fast.

        Raises:
            SeedError: it failed.
        """
        (home / "conf").mkdir(parents=True, exist_ok=True)
        # Without the server's --add-opens: with them the import preallocates 256 MB of log, whatever its settings say.
        quick = QUICK if reads and _bytes_of(reads) < LITTLE else ()
        options = (f"-Xmx{self.heap}", "-XX:+UseSerialGC", *quick)
        argv = [str(self.java), *options, "-cp", self.class_path, ADMIN, *words]
        return run_java(
            argv, env={"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}, cwd=home, what=what
        )


def _bytes_of(path: Path) -> int:
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def entry_point(lib: Path) -> str:
    """The server's main class, as its jar names it: it differs between the 5 and the 2026 line.

    Raises:
        SeedError: there is no such jar.
    """
    for jar in sorted(lib.glob("*.jar")):
        if not jar.name.startswith("neo4j-"):
            continue
        with zipfile.ZipFile(jar) as archive:
            if ENTRY_POINT in archive.namelist():
                lines = archive.read(ENTRY_POINT).decode().splitlines()
                names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
                return names[0]
    raise SeedError(
        Problem(message=f"no Neo4j server among the jars in {lib}", hint="org.neo4j.app:neo4j-server")
    )


def write_config(home: Path, settings: Mapping[str, str]) -> None:
    """Write ``conf/neo4j.conf``; values are escaped as Java's properties are."""
    lines = [f"{key}={value.replace(chr(92), chr(92) * 2)}\n" for key, value in sorted(settings.items())]
    (home / "conf").mkdir(parents=True, exist_ok=True)
    (home / "conf" / "neo4j.conf").write_text("".join(lines), encoding="utf-8")


class Server:
    """A running server; a context manager that stops it cleanly.

    Attributes:
        uri: where Bolt answers, ``bolt://127.0.0.1:PORT``.
        home: its home folder.
    """

    def __init__(self, process: Process, home: Path, uri: str) -> None:
        self._process, self.home, self.uri = process, home, uri

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def stop(self, seconds: float = 120) -> None:
        """Stop it with SIGTERM and wait until its store is closed.

        Raises:
            SeedError: it did not stop in that time, and was killed: its store is not clean.
        """
        if not self.alive():
            return
        self._process.send_signal(signal.SIGTERM)
        if wait(self._process, seconds) is None:
            self.kill()
            raise SeedError(Problem(message=f"Neo4j did not stop within {seconds:.0f} s and was killed"))

    def kill(self) -> None:
        """End it at once; the store will need recovery."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop() if kind is None else self.kill()


def start_server(
    install: Install, home: Path, *, config: Mapping[str, str] | None = None, seconds: float = 180
) -> Server:
    """Start a server on a home folder and wait until Bolt answers.

    Args:
        install: Java and jars.
        home: the home folder; ``conf/neo4j.conf`` and ``logs`` are written there.
        config: settings on top of `SAFE_CONFIG`; by default a free port on loopback, no authentication, no HTTP.
        seconds: how long it may take.

    Raises:
        SeedError: it ended or did not answer; carries the last lines of its log.
    """
    home.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    settings = {**SAFE_CONFIG, "server.bolt.listen_address": address, **(config or {})}
    write_config(home, settings)
    log, console = home / "logs" / "neo4j.log", home / "logs" / "console.log"
    shutil.rmtree(home / "logs", ignore_errors=True)
    log.parent.mkdir()
    argv = [
        str(install.java), f"-Xms{install.heap}", f"-Xmx{install.heap}", *JVM_OPTIONS, *install.jvm, "-cp", install.class_path,
        entry_point(install.lib), f"--home-dir={home}", f"--config-dir={home / 'conf'}",
    ]  # fmt: skip
    process = start_java(
        argv, env={"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}, cwd=home, console=console
    )
    try:
        _wait_for_start(process, log, console, seconds)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Server(process, home, f"bolt://{settings['server.bolt.listen_address']}")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now (Neo4j does not tell which it took for 0)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_start(process: Process, log: Path, console: Path, seconds: float) -> None:
    """Wait until Neo4j says in its log that everything, Bolt included, is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        if " Started." in text:
            return
        if process.poll() is not None:
            raise SeedError(
                Problem(
                    message=f"Neo4j ended while starting, exit code {process.returncode}:\n"
                    + _last(log, console)
                )
            )
        time.sleep(0.05)
    raise SeedError(Problem(message=f"Neo4j did not start within {seconds:.0f} s:\n" + _last(log, console)))


def _last(*files: Path) -> str:
    lines: list[str] = []
    for file in files:
        if file.exists():
            lines += file.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
    return "\n".join(line for line in lines if line.strip()) or "it logged nothing"
