"""Stage 0: a dump becomes the store that the other stages go on with; one of an older Neo4j is migrated."""

from __future__ import annotations

import re
from pathlib import Path

from kgshare.errors import Problem, SeedError
from kgshare.seeding.bolt import Database, QueryFailed
from kgshare.seeding.scripts import ENTERPRISE
from kgshare.seeding.server import Install
from kgshare.seeding.spec import DumpStep, SeedSpec

# Of an archive of neo4j-admin: DZV1 is Zstandard, DGV1 gzip; before 4.x it was a bare gzip file. Source: Neo4j's
# org.neo4j.dbms.archive.StandardCompressionFormat.
MAGIC = (b"DZV1", b"DGV1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_NEWER = re.compile(r"unknown|unsupported|newer|not recognized|cannot be recogni", re.IGNORECASE)
_NOISE = re.compile(r"^(Files: |Done: |Load failed|Run with|Failed to migrate|Migration failed for|.* INFO )")


def load_dump(spec: SeedSpec, install: Install, home: Path) -> None:
    """Load the dump that a specification begins with into ``home``; without one, do nothing.

    Raises:
        SeedError: it is no dump, is damaged, or is of a Neo4j that this one cannot read.
    """
    for step in spec.steps:
        if isinstance(step, DumpStep):
            open_dump(Path(spec.project) / step.file, step.file, install, home, spec.neo4j_version)


def open_dump(file: Path, name: str, install: Install, home: Path, version: str) -> None:
    """Load a dump as database ``neo4j`` of a home folder, in the newest form of its store format.

    Args:
        file: the dump; it is not changed.
        name: what to call it.
        install: Java and jars.
        home: the home folder.
        version: of Neo4j, for messages.

    Raises:
        SeedError: see `load_dump`.
    """
    _is_dump(file, name)
    # neo4j-admin takes a folder, and the database's name from the file's.
    folder = home / "dump"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "neo4j.dump"
    link.unlink(missing_ok=True)
    link.symlink_to(file.resolve())
    words = ["neo4j", f"--from-path={folder}", "--overwrite-destination=true"]
    try:
        install.admin(home, "database", "load", *words, what="neo4j-admin database load", reads=file)
        install.admin(
            home, "database", "migrate", "neo4j", "--force-btree-indexes-to-range",
            what="neo4j-admin database migrate", reads=file,
        )  # fmt: skip
    except SeedError as error:
        raise refused(str(error), name, version) from None
    finally:
        link.unlink()


def require_open(db: Database, home: Path, name: str) -> None:
    """See that Neo4j opened what a dump was loaded to: it loads what it then cannot open.

    Args:
        db: a session.
        home: the server's home folder, for its logs.
        name: what to call the dump.

    Raises:
        SeedError: it did not; why, as its log says.
    """
    try:
        db.run("RETURN 1")
    except QueryFailed as error:
        logs = [file for file in (home / "logs").glob("*.log") if file.is_file()]
        said = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in sorted(logs))
        raise SeedError(unopened(said, error.message, name)) from None


def unopened(log: str, said: str, name: str) -> Problem:
    """Why a dump's database does not open, from the server's log and what it answers."""
    found = re.search(rf"[\w ]+ {ENTERPRISE}", log)
    if found:
        reason = found[0].strip()
        return Problem(
            message=f"its schema is of the Enterprise Edition: {reason}",
            where=name,
            hint="drop that constraint where the database runs, and dump it again; or copy the data with "
            "`kgshare init --from bolt://…`, which leaves out what Community does not have, and says so",
        )
    return Problem(message=f"was loaded, and does not open: {said}", where=name)


def _is_dump(file: Path, name: str) -> None:
    try:
        with file.open("rb") as stream:
            begins = stream.read(4)
    except OSError as error:
        raise SeedError(Problem(message=f"cannot be read: {error.strerror}", where=name)) from None
    if begins.startswith(b"vers"):
        hint = "fetch the file itself: git lfs pull"
        raise SeedError(Problem(message="is a pointer of Git LFS, not a dump", where=name, hint=hint))
    if not begins.startswith(MAGIC):
        raise _no_dump(name)


def _no_dump(name: str) -> SeedError:
    hint = "a dump is what `neo4j-admin database dump` writes; a backup of the Enterprise Edition is not one"
    return SeedError(Problem(message="is not a Neo4j dump", where=name, hint=hint))


def refused(said: str, name: str, version: str) -> SeedError:
    """What neo4j-admin said, as what it means for the one who named the file."""
    if "Not a valid Neo4j archive" in said:
        return _no_dump(name)
    if "Truncated" in said or "ZstdIOException" in said or "EOFException" in said or "ZipException" in said:
        return SeedError(Problem(message="is damaged or cut short", where=name, hint="copy it again"))
    lines = [line for line in said.splitlines()[1:] if line.strip() and not _NOISE.match(line)]
    why = "\n    ".join(lines[-3:]) or said
    if re.search(r"\bblock\b", said, re.IGNORECASE) and _NEWER.search(said):
        hint = "dump it from a Community database, or copy its data with `kgshare init --from bolt://…`"
        message = f"is of a store format of the Enterprise Edition:\n    {why}"
        return SeedError(Problem(message=message, where=name, hint=hint))
    if _NEWER.search(said):
        hint = f"set neo4j.version to the one it was made with, or dump it from Neo4j {version} or older"
        message = f"is of a Neo4j that {version} does not know, so probably of a newer one:\n    {why}"
        return SeedError(Problem(message=message, where=name, hint=hint))
    return SeedError(Problem(message=f"cannot be loaded:\n    {why}", where=name))
