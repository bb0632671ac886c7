"""An image from its layers and what a Dockerfile says of it: the configuration as BuildKit writes it, and one archive.

The history is part of the configuration, hence of the image's digest, so it is spelt as BuildKit spells it. Format: OCI image
specification 1.1, config.md and image-layout.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from kgshare.engines.dockerfile import Instruction, expand
from kgshare.errors import EngineError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
COMMENT = "buildkit.dockerfile.v0"
SEARCH_PATH = (
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # of an image that says nothing of it
)
_UNITS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000}


@dataclass(kw_only=True)
class Configuration:
    """What an image's configuration says, as its instructions are read one after the other.

    Attributes:
        arguments: build arguments that the Dockerfile may declare; those of the platform among them.
        created: seconds since 1970.
        architecture: as Go calls it.
        values: the variables that are set so far: declared arguments, and the environment.
    """

    arguments: dict[str, str]
    created: int
    architecture: str
    values: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": SEARCH_PATH})
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def take(self, instruction: Instruction) -> None:
        """Read one instruction that changes no file."""
        word, text = instruction.word, instruction.text
        if word == "ARG":
            for name in instruction.words():
                self.values[name] = self.arguments.get(name, "")
            self.note(f"ARG {text}")
        elif word in {"LABEL", "ENV"}:
            pairs = self._pairs(instruction)
            if word == "LABEL":
                self.config.setdefault("Labels", {}).update(pairs)
            else:
                self.environment |= pairs
                self.values |= pairs
            self.note(" ".join([word, *(f"{name}={value}" for name, value in pairs.items())]))
        elif word in {"ENTRYPOINT", "CMD"}:
            self._command(word, instruction.command(text))
        elif word == "EXPOSE":
            port = f"{expand(text, self.values)}/tcp"
            self.config.setdefault("ExposedPorts", {})[port] = {}
            self.note(f"EXPOSE map[{port}:{{}}]")
        elif word == "HEALTHCHECK":
            self._health(instruction)
        elif word in {"USER", "STOPSIGNAL", "WORKDIR"}:
            key = {"USER": "User", "STOPSIGNAL": "StopSignal", "WORKDIR": "WorkingDir"}[word]
            self.config[key] = text
            self.note(f"{word} {text}", layer=word == "WORKDIR")
        else:
            raise EngineError(f"{word} changes files, and here only labels and settings are read")

    def note(self, what: str, *, layer: bool = False) -> None:
        """One line of the history."""
        row: dict[str, Any] = {"created": self._when(), "created_by": what, "comment": COMMENT}
        self.history.append(row if layer else {**row, "empty_layer": True})

    def document(self, diff_ids: Iterable[str]) -> bytes:
        """The configuration's JSON."""
        environment = [f"{name}={value}" for name, value in self.environment.items()]
        config = {**self.config, **({"Env": environment} if environment else {})}
        said = {
            "architecture": self.architecture, "config": config, "created": self._when(), "history": self.history, "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        }  # fmt: skip
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def _when(self) -> str:
        return datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _pairs(self, instruction: Instruction) -> dict[str, str]:
        split = (word.partition("=") for word in instruction.words())
        return {name: expand(value, self.values) for name, _, value in split}

    def _command(self, word: str, words: list[str]) -> None:
        key = {"ENTRYPOINT": "Entrypoint", "CMD": "Cmd"}[word]
        self.config.pop(key, None)
        if words:
            self.config[key] = words
        if word == "CMD":
            self.config["ArgsEscaped"] = True
        self.note(f"{word} [{' '.join(map(_quoted, words))}]")

    def _health(self, instruction: Instruction) -> None:
        flags, rest = instruction.flags()
        command = instruction.command(rest.removeprefix("CMD").strip())
        times = {
            name: _nanoseconds(flags.get(name, "0s"))
            for name in ("interval", "timeout", "start-period", "start-interval")
        }
        retries = int(flags.get("retries", 0))
        test = ["CMD", *command]
        health = {
            "Test": test, "Interval": times["interval"], "Timeout": times["timeout"], "StartPeriod": times["start-period"],
            "StartInterval": times["start-interval"], "Retries": retries,
        }  # fmt: skip
        self.config["Healthcheck"] = {name: value for name, value in health.items() if value}
        said = [
            f"[{' '.join(map(_quoted, test))}]",
            *(f'"{_spoken(time)}"' for time in times.values()),
            f"'\\x{retries:02x}'",
        ]
        self.note(f"HEALTHCHECK &{{{' '.join(said)}}}")


class Described(Protocol):
    """What knows an image's configuration, once its layers are known."""

    def document(self, diff_ids: Iterable[str]) -> bytes:
        """The configuration's JSON."""
        ...


def write_archive(config: Described, layers: Iterable[Iterable[bytes]], out: Path) -> None:
    """Write an image archive as ``docker save`` does: an OCI layout that ``docker load`` takes, too."""
    with tempfile.TemporaryDirectory(prefix=".image-", dir=out.parent) as folder:
        blobs = [_blob(pieces, Path(folder) / str(number)) for number, pieces in enumerate(layers)]
        text = config.document(digest for digest, _ in blobs)
        unique = dict(blobs)
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": _digest(text), "size": len(text)},
                "layers": [{"mediaType": LAYER, "digest": d, "size": p.stat().st_size} for d, p in blobs],
            }
        )
        row = {"mediaType": MANIFEST, "digest": _digest(manifest), "size": len(manifest)}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [row]}
        loadable = [
            {"Config": _member(_digest(text)), "RepoTags": None, "Layers": [_member(d) for d, _ in blobs]}
        ]
        with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
            _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
            _add(archive, "index.json", _json(index))
            _add(archive, "manifest.json", _json(loadable))
            for data in (manifest, text):
                _add(archive, _member(_digest(data)), data)
            for digest, path in unique.items():
                info = tarfile.TarInfo(_member(digest))
                info.size = path.stat().st_size
                with path.open("rb") as stream:
                    archive.addfile(info, stream)


def _blob(pieces: Iterable[bytes], path: Path) -> tuple[str, Path]:
    hasher = hashlib.sha256()
    with path.open("wb") as stream:
        for piece in pieces:
            hasher.update(piece)
            stream.write(piece)
    return f"sha256:{hasher.hexdigest()}", path


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _member(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _quoted(word: str) -> str:
    """A string as Go's ``%q`` prints it."""
    return json.dumps(word, ensure_ascii=False)


def _nanoseconds(text: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|h|m|s)", text))


def _spoken(nanoseconds: int) -> str:
    """A duration of whole seconds as Go prints it: ``1m30s``, ``10s``."""
    return "".join(_spoken_parts(nanoseconds // _UNITS["s"]))


def _spoken_parts(seconds: int) -> Iterator[str]:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        yield f"{hours}h"
    if hours or minutes:
        yield f"{minutes}m"
    yield f"{seconds % 60}s"
