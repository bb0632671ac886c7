"""From manifest, lock and what was read in the locked inputs to the parts of each image. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name

from kgshare import __version__
from kgshare.attest import purls, words
from kgshare.attest.inputs import inputs_of
from kgshare.attest.names import FILE, LOCKED, SOURCE
from kgshare.attest.parts import Found, Kind, Part, Reading
from kgshare.images import conf
from kgshare.images.context import ASSETS, SITE
from kgshare.lock.model import Arch, BaseBlob, BasePackage, DebianPackage, Input, Jar, Lock, NpmPackage, Wheel
from kgshare.project import Manifest

Readings = Callable[[Input], Reading]


def parts_of(
    manifest: Manifest, lock: Lock, arch: Arch, role: str, readings: Readings, data: Sequence[Part] = ()
) -> tuple[Part, ...]:
    """Everything in an image that came from somewhere, with what is inside of it, sorted; ``data`` is in the database."""
    read = read_all(inputs_of(lock, arch, role), readings)
    known = _by_name(read)
    parts = [_part(item, reading, known, _place(item, lock, role)) for item, reading in read]
    base = lock.base(arch, "database" if role == "database" else "application")
    if base:
        parts.append(_base_image(base, lock.base_packages.get(arch, ())))
    elif role == "database":
        parts.append(_runtime(lock, arch, readings))
    if role == "database":
        parts += data
    parts += _own(manifest, lock, role)
    return tuple(sorted(parts, key=lambda part: part.ref))


def read_all(inputs: Iterable[Input], readings: Readings) -> list[tuple[Input, Reading]]:
    """The readings of inputs; a Debian package without documents of its own has those of the package it names."""
    read = [(item, readings(item)) for item in inputs]
    debs = {item.name: reading for item, reading in read if isinstance(item, DebianPackage)}
    found: list[tuple[Input, Reading]] = []
    for item, reading in read:
        other = debs.get(reading.same_as)
        if other is not None and not reading.texts:
            reading = replace(reading, licences=other.licences, texts=other.texts)
        found.append((item, reading))
    return found


def _part(item: Input, reading: Reading, known: Mapping[str, str], place: str) -> Part:
    ref = purls.purl_of(item)
    kind, source = _facts(item)
    facts = [(LOCKED, kind), (SOURCE, reading.source or source), *([(FILE, place)] if place else [])]
    return Part(
        ref=ref, kind=kind, name=item.artifact if isinstance(item, Jar) else item.name,
        group=item.group if isinstance(item, Jar) else "", version=item.version, purl=ref, sha256=item.sha256,
        sha512=_hexadecimal(item.integrity) if isinstance(item, NpmPackage) else "",
        licences=reading.licences, description=reading.description, properties=tuple(facts),
        inside=tuple(_inside(found, ref) for found in reading.found),
        needs=tuple(sorted({known[one] for names in reading.needs if (one := _met(names, known)) and known[one] != ref})),
    )  # fmt: skip


def _facts(item: Input) -> tuple[Kind, str]:
    """Its kind, and what its source is called."""
    match item:
        case DebianPackage():
            return "deb", f"Debian source package {item.source}"
        case Jar():
            return "maven", f"Maven {item.group}:{item.artifact}:{item.version}:sources"
        case Wheel():
            return "pypi", f"Python sdist {item.name} {item.version}"
        case NpmPackage():
            return "npm", f"npm package {item.name}@{item.version}"


def _place(item: Input, lock: Lock, role: str) -> str:
    """Where it stands in its image; empty for what is all over it, and where a Dockerfile of the project's decides."""
    match item:
        case Jar() if role == "database":
            folder = conf.PLUGINS if item in lock.jars["plugins"] else conf.LIB
            return f"{folder}/{item.filename}".lstrip("/")
        case Wheel():
            return SITE
        case NpmPackage():
            return f"{ASSETS}/{item.name}"
        case _:
            return ""


def _hexadecimal(integrity: str) -> str:
    kind, _, encoded = integrity.partition("-")
    return base64.b64decode(encoded).hex() if kind == "sha512" else ""


def _inside(found: Found, around: str) -> Part:
    """A package inside of another: known by its path there, as it may be there twice."""
    ref = f"{around}#{found.path}"
    purl = {
        "maven": lambda: purls.maven(found.group, found.name, found.version).to_string(),
        "pypi": lambda: purls.pypi(found.name, found.version).to_string(),
    }.get(found.kind, lambda: "")()
    return Part(
        ref=f"{ref}:{purl}" if purl else ref, kind=found.kind, name=found.name, group=found.group, version=found.version,
        purl=purl, sha256=found.sha256, licences=found.licences, properties=((FILE, found.path),),
        inside=tuple(_inside(part, ref) for part in found.inside),
    )  # fmt: skip


def _by_name(read: Iterable[tuple[Input, Reading]]) -> dict[str, str]:
    """By the names that dependencies use, the package that is meant; a name of its own goes before one provided."""
    known: dict[str, str] = {}
    for item, reading in read:
        known.update((name, purls.purl_of(item)) for name in reading.provides)
    for item, _ in read:
        known[_name(item)] = purls.purl_of(item)
    return known


def _name(item: Input) -> str:
    match item:
        case Jar():
            return f"{item.group}:{item.artifact}:{item.classifier}".rstrip(":")
        case Wheel():
            return canonicalize_name(item.name)
        case _:
            return item.name


def _met(alternatives: Iterable[str], known: Mapping[str, str]) -> str:
    return next((name for name in alternatives if name in known), "")


def _base_image(base: BaseBlob, packages: Iterable[BasePackage]) -> Part:
    """The image underneath, by the digest that is locked, with the packages that it says it holds."""
    ref = purls.purl_of(base)
    inside = [_of_base(package, ref) for package in packages if package.base == base.base]
    note = "" if inside else "; it keeps no records of packages"
    return Part(
        ref=ref, kind="image", name=base.reference, version=f"sha256:{base.sha256}", purl=ref, sha256=base.sha256,
        description=f"the image underneath, with {'Java' if base.base == 'database' else 'Python'} {base.version}{note}",
        inside=tuple(inside),
    )  # fmt: skip


def _of_base(package: BasePackage, around: str) -> Part:
    purl = purls.of_base(package).to_string()
    return Part(
        ref=f"{around}#{purl}", kind="deb" if package.form == "deb" else "library", name=package.name, version=package.version,
        purl=purl, licences=_licences(package.licence), properties=((SOURCE, f"{package.distro} source package {package.source}"),),
    )  # fmt: skip


def _licences(said: str) -> tuple[str, ...]:
    return (words.valid(said) or words.from_name(said),) if said else ()


def _runtime(lock: Lock, arch: Arch, readings: Readings) -> Part:
    """What jlink makes of Debian's JDK: known by that package, under whose version its defects are published."""
    jdk = lock.jdk(arch)
    reading = readings(lock.documents_of_java(arch))
    return Part(
        ref="runtime", kind="runtime", name=jdk.name, version=jdk.version, purl=purls.purl_of(jdk), licences=reading.licences,
        description=f"Java {lock.java} runtime, linked by jlink from the modules in Debian's package",
        properties=((SOURCE, reading.source or f"Debian source package {jdk.source}"), (FILE, "opt/java")),
    )  # fmt: skip


def _own(manifest: Manifest, lock: Lock, role: str) -> list[Part]:
    """What was fetched from nowhere: kgshare's own code and the project's, or the image that the project brings."""
    application, kgshare = manifest.application, _kgshare("opt/kgshare")
    project = Part(
        ref="project", kind="code", name=manifest.name, version=manifest.version, licences=(manifest.licence,),
        description=manifest.description, purl=f"pkg:generic/{manifest.name}@{manifest.version}",
    )  # fmt: skip
    if role == "database":
        return [kgshare]
    if isinstance(application.image, str):
        digest = lock.needs.get("image", "").removeprefix("sha256:")
        note = "an image that the project brings as a file: what is inside of it is not known from the lock"
        return [Part(ref="image", kind="image", name=application.image, sha256=digest, description=note)]
    if application.image is not None or application.source:
        return [
            replace(project, properties=((FILE, "app"),)),
            *([kgshare] if application.image is None else []),
        ]
    return [kgshare]


def _kgshare(path: str) -> Part:
    return Part(
        ref="kgshare", kind="code", name="kgshare", version=__version__, licences=("Apache-2.0",),
        purl=f"pkg:generic/kgshare@{__version__}", properties=((FILE, path),),
    )  # fmt: skip
