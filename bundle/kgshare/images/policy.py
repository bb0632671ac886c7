"""What an application's image must be that kgshare did not make: the rules that its own images keep by the way they are made.

Pure: from an image's configuration and the entries of its layers to what is wrong. Field names: OCI image specification 1.1,
``config.md`` (``Healthcheck`` and ``OnBuild`` are Docker's additions).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from kgshare.base.spec import APPLICATION, SHELLS
from kgshare.base.tree import Entry, refuse
from kgshare.errors import Problem

LABELS = tuple(f"org.opencontainers.image.{name}" for name in ("title", "version", "licenses"))
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"


def wrong_config(config: Mapping[str, Any], *, platform: str, port: int) -> Iterator[Problem]:
    """What an image's configuration must not say.

    Args:
        config: the whole document; what is to be run stands in its ``config``.
        platform: what the bundle is for, as ``linux/amd64``.
        port: the application's, as the manifest has it.
    """
    here = f"{config.get('os', '')}/{config.get('architecture', '')}"
    if here != platform:
        yield _problem(
            "platform", f"is for {here}, and the bundle is for {platform}", "build it for this platform"
        )
    run: Mapping[str, Any] = config.get("config") or {}
    user = str(run.get("User") or "").partition(":")[0]
    if not user.isdigit() or int(user) == 0:
        said = f"runs as {user or 'root'}" if not user.isdigit() else "runs as root"
        yield _problem("user", said, "say USER 65532:65532: numbers, as no name need be known where it runs")
    words = [*_words(run, "Entrypoint"), *_words(run, "Cmd")]
    if not words:
        yield _problem("start", "does not say what to start", "say ENTRYPOINT with a list of words")
    elif _is_shell(words):
        yield _problem(
            "start", f"is started by a shell: {' '.join(words)}", "say ENTRYPOINT with a list of words"
        )
    test = _words(run.get("Healthcheck") or {}, "Test")
    if test[:1] == ["CMD-SHELL"] or (test[:1] == ["CMD"] and _is_shell(test[1:])):
        hint = 'say HEALTHCHECK CMD ["PROGRAM", …], or leave it out: its health path is asked anyway'
        yield _problem("health", "has a health check that needs a shell", hint)
    if run.get("Volumes"):
        names = ", ".join(sorted(run["Volumes"]))
        hint = "take VOLUME out: its root is read-only, and /tmp is what it may write"
        yield _problem("volumes", f"declares volumes: {names}", hint)
    exposed = {str(name).partition("/")[0] for name in run.get("ExposedPorts") or {}}
    if exposed and str(port) not in exposed:
        message = f"listens on {', '.join(sorted(exposed))}, and application.port is {port}"
        yield _problem("port", message, "say the port that it listens on")
    labels: Mapping[str, str] = run.get("Labels") or {}
    missing = [label for label in LABELS if not labels.get(label)]
    if missing:
        hint = (
            "say LABEL for each: who looks at the image wants to know what it is and what it may be used for"
        )
        yield _problem("labels", f"has no label {', '.join(missing)}", hint)


def wrong_files(entries: Iterable[Entry]) -> list[Problem]:
    """What must not be in its file system: setuid files, files that anybody may write, shells, package managers."""
    hint = "leave it out: build in one stage, and copy what is needed into a last one FROM scratch"
    return [
        Problem(message=f"files: {problem.message}", where=problem.where, hint=hint)
        for problem in refuse(entries, APPLICATION)
    ]


def merged(layers: Iterable[Iterable[Entry]]) -> list[Entry]:
    """The file system that layers make, one upon the other (OCI image specification 1.1, ``layer.md``, whiteouts)."""
    tree: dict[str, Entry] = {}
    for layer in layers:
        entries = list(layer)
        for entry in entries:
            path = PurePosixPath(entry.path)
            if path.name == OPAQUE:
                _forget(tree, f"{path.parent}/")
            elif path.name.startswith(WHITEOUT):
                gone = str(path.with_name(path.name.removeprefix(WHITEOUT)))
                tree.pop(gone, None)
                _forget(tree, f"{gone}/")
        for entry in entries:
            if not PurePosixPath(entry.path).name.startswith(WHITEOUT):
                tree[entry.path] = entry
    return [tree[path] for path in sorted(tree)]


def _forget(tree: dict[str, Entry], below: str) -> None:
    for path in [path for path in tree if path.startswith(below.removeprefix("./"))]:
        del tree[path]


def _problem(rule: str, message: str, hint: str) -> Problem:
    return Problem(message=f"{rule}: the image {message}", hint=hint)


def _is_shell(words: list[str]) -> bool:
    return bool(words) and PurePosixPath(words[0]).name in SHELLS


def _words(mapping: Mapping[str, Any], key: str) -> list[str]:
    found = mapping.get(key) or []
    return [str(word) for word in found] if isinstance(found, list) else [str(found)]
