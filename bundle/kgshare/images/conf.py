"""Neo4j's configuration in the image: rendered from the manifest, safe whatever the manifest says, and checkable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kgshare.errors import ManifestError, Problem
from kgshare.project import Manifest
from kgshare.project.rules import ALLOWLIST
from kgshare.seeding.server import JVM_OPENS

HOME, CONF, DATA = "/opt/neo4j", "/opt/neo4j/conf", "/data"
LIB, PLUGINS, NATIVE = "/opt/neo4j/lib", "/opt/neo4j/plugins", "/opt/neo4j/native"
CLASSES = "/opt/kgshare/classes"

# What keeps a stack safe; a manifest cannot say otherwise. Names and meanings: Neo4j's operations manual, and the
# settings classes of neo4j-configuration for those called internal.
SAFETY: Mapping[str, str] = {
    "server.default_listen_address": "0.0.0.0",  # noqa: S104 - inside a network of its own
    "server.bolt.enabled": "true",
    "server.bolt.listen_address": "0.0.0.0:7687",
    "server.http.enabled": "false",
    "server.https.enabled": "false",
    "dbms.security.auth_enabled": "true",
    "dbms.usage_report.enabled": "false",
    # LOAD CSV neither from files nor from any address: also a session with READ access may use it.
    "dbms.security.allow_csv_import_from_file_urls": "false",
    "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
    "dbms.security.procedures.unrestricted": "",
    "server.config.strict_validation.enabled": "true",
    "server.directories.data": DATA,
    "server.directories.plugins": PLUGINS,
    "server.directories.logs": "/tmp/logs",  # noqa: S108 - a folder of the container; only the pid file's like goes there
    "server.directories.run": "/tmp/run",  # noqa: S108
    "server.directories.import": "/tmp/import",  # noqa: S108
    "server.logs.config": f"{CONF}/server-logs.xml",
    "server.logs.user.config": f"{CONF}/user-logs.xml",
}
# Neo4j Browser, where the manifest asks for it: its files and the discovery of Bolt, no other part of the HTTP server;
# and a browser that may load nothing from elsewhere, nor tell anybody anything.
BROWSER_PORT = 7474
BROWSER: Mapping[str, str] = {
    "server.http.enabled": "true",
    "server.http.listen_address": f"0.0.0.0:{BROWSER_PORT}",
    "server.http_enabled_modules": "BROWSER",
    "client.allow_telemetry": "false",
    "browser.remote_content_hostname_whitelist": "localhost",
    "dbms.security.http_static_content_security_policy_header": (
        "default-src 'self'; script-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
        "base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'none'; "
        "connect-src 'self' ws://127.0.0.1:* ws://localhost:* http://127.0.0.1:* http://localhost:*"
    ),
}
# Sound values that a manifest may change.
DEFAULTS: Mapping[str, str] = {
    "db.transaction.timeout": "2m",
    "db.logs.query.enabled": "OFF",
    # Bolt's threads wait so many seconds for silence before they stop; without it a clean stop takes ten seconds.
    "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
    # A sandbox writes little: no quarter of a gigabyte of transaction log laid out in advance.
    "db.tx_log.preallocate": "false",
}
# Neo4j's own procedures are always there; the list says which of the plugins' are. A manifest names its plugins'.
ALLOWED = ("db.*", "tx.*")
# What Neo4j's own launcher would read and nothing here does, with what does the same.
ELSEWHERE: Mapping[str, str] = {
    "server.memory.heap.initial_size": "neo4j.memory.heap",
    "server.memory.heap.max_size": "neo4j.memory.heap",
    "server.memory.pagecache.size": "neo4j.memory.pagecache",
    "server.jvm.additional": "",
}

# Libraries stand unpacked in the image: /tmp is not executable at run time.
JVM_NATIVE = (
    f"-Djava.library.path={NATIVE}",
    f"-Djna.boot.library.path={NATIVE}",
    "-Djna.nounpack=true",
    "-Djna.noclasspath=true",
)
# Quick to start on two cores: see docs/decisions/070-start-up-before-peak-speed.md.
JVM_TUNING = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Xshare:auto",
)

CONSOLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- To the console only: the root of this container is read-only, and `docker logs` is where people look. -->
<Configuration status="ERROR">
    <Appenders>
        <Console name="Console" target="SYSTEM_OUT">
            <PatternLayout pattern="%d{{yyyy-MM-dd HH:mm:ss.SSSZ}}{{GMT+0}} %-5p %m%n"/>
        </Console>
    </Appenders>
    <Loggers>
        <Root level="{level}">
            <AppenderRef ref="Console"/>
        </Root>
    </Loggers>
</Configuration>
"""


def settings(manifest: Manifest) -> dict[str, str]:
    """Every setting of the database image, by name.

    Raises:
        ManifestError: the manifest sets what only kgshare sets; each such setting is named.
    """
    own = {name: _text(value) for name, value in manifest.neo4j.config.items()}
    if problems := [*refused(own)]:
        raise ManifestError(*problems)
    return {
        **DEFAULTS,
        **own,
        **SAFETY,
        **(BROWSER if manifest.neo4j.browser else {}),
        "server.memory.pagecache.size": manifest.neo4j.memory.pagecache,
        ALLOWLIST: allowlist(own.get(ALLOWLIST, "")),
    }


def allowlist(more: str) -> str:
    """The procedures and functions that may be called: Neo4j's own, and what a manifest allows of its plugins'."""
    return ",".join([*ALLOWED, *(name.strip() for name in more.split(",") if name.strip())])


def neo4j_conf(manifest: Manifest) -> str:
    """The text of ``neo4j.conf``; see `settings` for what it raises."""
    head = "# Written by kgshare from kgshare.yaml.\n"
    return head + "".join(f"{name}={escaped(value)}\n" for name, value in sorted(settings(manifest).items()))


def server_logs() -> str:
    """The text of ``server-logs.xml``: warnings of the debug log only."""
    return CONSOLE.format(level="WARN")


def user_logs() -> str:
    """The text of ``user-logs.xml``: what an operator reads."""
    return CONSOLE.format(level="INFO")


def database_args(manifest: Manifest, jars: Iterable[str], plugins: Iterable[str]) -> str:
    """Java's argument file (java(1), ``@argfiles``) of the database; the class path names each jar, so that its order
    is the same everywhere. Plugins come last and cannot shadow Neo4j's own classes."""
    heap = manifest.neo4j.memory.heap
    path = [
        CLASSES,
        *(f"{LIB}/{jar}" for jar in sorted(jars)),
        *(f"{PLUGINS}/{jar}" for jar in sorted(plugins)),
    ]
    words = [
        *JVM_TUNING, f"-Xms{heap}", f"-Xmx{heap}", *JVM_OPENS, *JVM_NATIVE, "-cp", ":".join(path),
        "Launch", f"--home-dir={HOME}", f"--config-dir={CONF}",
    ]  # fmt: skip
    return "".join(f"{word}\n" for word in words)


def health_args() -> str:
    """Java's argument file of the health check: small and quick to start."""
    words = [
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-Xshare:auto",
        "-Xmx16m",
        "-cp",
        CLASSES,
        "Health",
    ]
    return "".join(f"{word}\n" for word in words)


def differences(expected: Mapping[str, str], effective: Mapping[str, str]) -> list[Problem]:
    """Where a running server's settings (``SHOW SETTINGS``: name → value) are not the intended ones.

    A read-only configuration folder has been seen to lose settings silently, so a stack is asked, not believed.
    """
    problems: list[Problem] = []
    for name, value in sorted(expected.items()):
        if name.startswith("internal."):
            continue  # Neo4j does not show these; strict validation has refused a name that it does not know
        if name not in effective:
            problems.append(Problem(message=f"Neo4j does not know the setting {name}", where="neo4j.conf"))
        elif _readings(effective[name]).isdisjoint(_readings(value)):
            message = f"{name} is {effective[name]!r} and should be {value!r}"
            problems.append(Problem(message=message, where="neo4j.conf"))
    return problems


_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


def _readings(value: str) -> set[str]:
    """What a value may mean: itself, a size in bytes, a time in seconds (``2m`` may be both), a list without spaces."""
    text = value.strip().lower()
    readings = {",".join(part.strip() for part in text.strip("[]").split(","))}
    if size := re.fullmatch(r"(\d+(?:\.\d+)?)(b|k|m|g|kib|mib|gib)", text):
        readings.add(f"{float(size[1]) * _UNITS[size[2]]:.0f} bytes")
    if text and (time := re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", text)):
        h, m, s, ms = (int(part or 0) for part in time.groups())
        readings.add(f"{h * 3600 + m * 60 + s + ms / 1000} s")
    return readings


def refused(own: Mapping[str, str]) -> Iterable[Problem]:
    """What of a manifest's own settings cannot be: what only kgshare sets, and what is no setting at all."""
    for name, value in own.items():
        if not re.fullmatch(r"[a-z0-9_.-]+", name):
            yield Problem(
                message=f"`neo4j.config`: {name!r} is not the name of a setting", where="kgshare.yaml"
            )
        elif name in ELSEWHERE:
            instead = ELSEWHERE[name]
            hint = f"use `{instead}`" if instead else "the options of the JVM are fixed"
            yield Problem(message=f"`neo4j.config` cannot set {name}", where="kgshare.yaml", hint=hint)
        elif (
            name in SAFETY
            or name in BROWSER
            or name.startswith(("server.directories.", "server.logs.", "dbms.ssl."))
        ):
            hint = "it keeps a stack safe and is always as kgshare sets it: take it out"
            yield Problem(message=f"`neo4j.config` cannot set {name}", where="kgshare.yaml", hint=hint)
        elif name == ALLOWLIST and any(part.strip() in {"*", "dbms.*"} for part in value.split(",")):
            hint = "name the procedures of your plugins, for example apoc.convert.*; Neo4j's own are allowed already"
            yield Problem(message=f"`neo4j.config` opens {name} too far", where="kgshare.yaml", hint=hint)
        elif not value.isprintable() or "$(" in value:
            yield Problem(
                message=f"`neo4j.config`: {name} is not one line of plain text", where="kgshare.yaml"
            )


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def escaped(value: str) -> str:
    """A value as Java's properties take it: a backslash, as in Windows' paths, is two."""
    return value.replace("\\", "\\\\")
