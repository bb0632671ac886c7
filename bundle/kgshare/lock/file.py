"""``kgshare.lock``: JSON with one input per line, sorted, so that a change reads as a change; no address in it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from kgshare.aside import write_aside
from kgshare.errors import LockError, Problem
from kgshare.lock.diff import name_of, parts_of
from kgshare.lock.model import (
    FORMAT,
    LOCK,
    Arch,
    ArchLock,
    BaseBlob,
    BasePackage,
    Jar,
    JarSet,
    Lock,
    Locked,
    NpmPackage,
)
from kgshare.lock.needs import needs_of
from kgshare.project import Project

_HASH = re.compile(r"^[0-9a-f]{64}$")


def render(lock: Lock) -> str:
    """A lock's text: the same lock always gives the same bytes."""
    body: dict[str, Any] = {
        "kgshare-lock": FORMAT, "manifest": lock.manifest, "epoch": lock.epoch, "suite": lock.suite,
        "python": lock.python, "java": lock.java, "resolvers": lock.resolvers, "needs": lock.needs,
        "jars": lock.jars, "npm": lock.npm, **({"bases": lock.bases} if lock.bases else {}),
        **({"base_packages": lock.base_packages} if lock.base_packages else {}),
        "archs": {arch: {"debian": part.debian, "wheels": part.wheels} for arch, part in lock.archs.items()},
    }  # fmt: skip
    return _render(body, 0) + "\n"


def _render(value: Any, depth: int) -> str:
    """JSON in which every record is one line; keys of a mapping are sorted except at the top."""
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, Mapping):
        keys = list(value) if depth == 0 else sorted(value)
        rows = [f"{pad}{json.dumps(key)}: {_render(value[key], depth + 1)}" for key in keys]
        return "{\n" + ",\n".join(rows) + f"\n{end}}}" if rows else "{}"
    if isinstance(value, tuple):
        rows = [f"{pad}{json.dumps(vars(item), ensure_ascii=False)}" for item in sorted(value)]
        return "[\n" + ",\n".join(rows) + f"\n{end}]" if rows else "[]"
    return json.dumps(value, ensure_ascii=False)


class _File(BaseModel):
    """The file's form, read strictly."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    manifest: str
    epoch: int
    suite: str
    python: str
    java: str
    resolvers: dict[str, str]
    needs: dict[str, str]
    jars: dict[JarSet, tuple[Jar, ...]]
    npm: tuple[NpmPackage, ...]
    bases: dict[Arch, tuple[BaseBlob, ...]] = {}
    base_packages: dict[Arch, tuple[BasePackage, ...]] = {}
    archs: dict[Arch, ArchLock]


_FORM = TypeAdapter(_File)


def parse(text: str, name: str = LOCK) -> Lock:
    """Read a lock's text strictly; ``name`` names it in errors.

    Raises:
        LockError: not JSON, another format, an unknown or missing key, a wrong type, a hash that is none, an
            input that stands twice in a set, or text that `render` would have written otherwise.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise LockError(_problem(f"not JSON: {error.msg}", f"{name}:{error.lineno}")) from None
    if not isinstance(data, dict) or "kgshare-lock" not in data:
        raise LockError(_problem("this is no kgshare lock", name))
    if data["kgshare-lock"] != FORMAT:
        message = f"lock format {data['kgshare-lock']}, this kgshare reads {FORMAT}"
        raise LockError(_problem(message, name))
    data["format"] = data.pop("kgshare-lock")
    try:
        read = _FORM.validate_python(data)
    except ValidationError as error:
        raise LockError(
            *(_problem(f"{_dotted(row['loc'])}: {row['msg']}", name) for row in error.errors())
        ) from None
    lock = Lock(**{key: getattr(read, key) for key in _File.model_fields if key != "format"})
    problems = [*_twice(lock, name), *_wrong_hashes(lock, text, name), *_not_as_written(lock, text, name)]
    if problems:
        raise LockError(*problems[:10])
    return lock


def _problem(message: str, where: str) -> Problem:
    return Problem(
        message=message, where=where, hint="run `kgshare lock` to write it anew, or take it from Git"
    )


def _dotted(place: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in place)


def _twice(lock: Lock, name: str) -> Iterable[Problem]:
    """A merge that kept both sides: one input at two versions in the same set, or the same one twice."""
    for part, items in parts_of(lock).items():
        for input_name, count in Counter(map(name_of, items)).items():
            if count > 1:
                yield _problem(f"{input_name} stands {count} times in {part}", name)


def _wrong_hashes(lock: Lock, text: str, name: str) -> Iterable[Problem]:
    lines = text.splitlines()
    for item in every_input(lock):
        if not _HASH.match(item.sha256):
            line = next((n for n, row in enumerate(lines, 1) if f'"{item.sha256}"' in row), 1)
            yield _problem(f"`{item.sha256}` is no SHA-256", f"{name}:{line}")


def _not_as_written(lock: Lock, text: str, name: str) -> Iterable[Problem]:
    written = render(lock).splitlines()
    for number, (found, wanted) in enumerate(zip(text.splitlines(), written, strict=False), 1):
        if found != wanted:
            yield _problem("not in the one form a lock has (order or spacing)", f"{name}:{number}")
            return
    if text != "\n".join(written) + "\n":
        yield _problem("not in the one form a lock has: it ends otherwise", name)


def target_inputs(lock: Lock, arch: Arch) -> list[Locked]:
    """The inputs of an architecture that a build on a machine of another one reads: all but what only its steps run with."""
    part = lock.archs[arch]
    java = (lock.jdk(arch), lock.documents_of_java(arch))
    debian = {**part.debian, "toolbox": java}
    own = dataclasses.replace(part, debian=debian, wheels={**part.wheels, "seed": ()})
    return every_input(dataclasses.replace(lock, archs={arch: own}), arch)


def every_input(lock: Lock, arch: Arch | None = None) -> list[Locked]:
    """All inputs that a lock names (for one architecture), each file once, sorted by kind and name."""
    archs = [lock.archs[arch]] if arch else list(lock.archs.values())
    found: dict[str, Locked] = {}
    for part in archs:
        for debian in part.debian.values():
            found.update((package.sha256, package) for package in debian)
        for wheels in part.wheels.values():
            found.update((wheel.sha256, wheel) for wheel in wheels)
    for jars in lock.jars.values():
        found.update((jar.sha256, jar) for jar in jars)
    found.update((package.sha256, package) for package in lock.npm)
    for of_arch, blobs in lock.bases.items():
        if arch in (None, of_arch):
            found.update((blob.sha256, blob) for blob in blobs)
    return sorted(found.values(), key=lambda item: (type(item).__name__, str(vars(item))))


def lock_file(project: Project) -> Path:
    """Where a project's lock lies: beside its manifest."""
    return project.root / LOCK


def write_lock(project: Project, lock: Lock) -> Path:
    """Write a project's lock aside, then rename."""
    target = lock_file(project)
    write_aside(target, render(lock))
    return target


def read_lock(project: Project) -> Lock:
    """A project's lock, made from this very manifest.

    Raises:
        LockError: there is none, it cannot be read, or it was made from another manifest.
    """
    lock = read_any_lock(project)
    if lock is None:
        raise LockError(
            Problem(
                message="the project has no lock", where=str(lock_file(project)), hint="run `kgshare lock`"
            )
        )
    if lock.manifest != project.checksum:
        raise LockError(
            Problem(
                message="the lock was made from another manifest: kgshare.yaml has changed since",
                where=LOCK,
                hint="run `kgshare lock`: what the change does not concern keeps its version",
            )
        )
    if lock.needs != needs_of(project).digests():
        raise LockError(
            Problem(
                message="the lock was made by another kgshare, whose bases or page need other inputs",
                where=LOCK,
                hint="run `kgshare lock`: what has not changed keeps its version",
            )
        )
    return lock


def read_any_lock(project: Project) -> Lock | None:
    """A project's lock whatever manifest it was made from, for `resolve`'s ``previous``; None where there is none.

    Raises:
        LockError: it cannot be read.
    """
    file = lock_file(project)
    if not file.is_file():
        return None
    try:
        return parse(file.read_text(encoding="utf-8"), LOCK)
    except UnicodeDecodeError:
        raise LockError(_problem("not UTF-8", LOCK)) from None
