"""What stands in a jar: its licence, its texts, what it needs, and the artifacts nested or shaded into it."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from kgshare.attest import words
from kgshare.attest.parts import Found, Keep, Reading
from kgshare.errors import BuildError
from kgshare.lock.model import Jar

MOST = 64 << 20  # bytes of a nested jar or a text, unpacked
DEPTH = 4  # jars in jars in jars
_POM = re.compile(r"(?:.*/)?META-INF/maven/([^/]+)/([^/]+)/pom\.properties")
TEXTS = re.compile(
    r"(?:META-INF/)?(?:licen[cs]es?/)?(?:LICEN[CS]ES?|NOTICES?|COPYING|AL2\.0|LGPL2\.1|about)(?:[-._][\w.-]*)?",
    re.IGNORECASE,
)
# Artifacts that carry no word of their licence. What their POM on Maven Central says, by group:artifact, or by group.
PUBLISHED = {
    "com.github.seancfoley:ipaddress": "Apache-2.0", "com.softwaremill.magnolia1_2": "Apache-2.0", "info.picocli": "Apache-2.0",
    "org.apache.parquet": "Apache-2.0", "org.bitbucket.inkytonik.kiama": "MPL-2.0", "org.neo4j.bolt": "Apache-2.0", "org.reactivestreams": "MIT-0",
    "org.scala-lang.modules": "Apache-2.0",
}  # fmt: skip


def read_jar(item: Jar, file: Path, keep: Keep) -> Reading:
    """Read a locked jar.

    Raises:
        BuildError: it is no jar.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(item, archive, keep)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BuildError(f"{item.filename} is no jar that can be read: {error}") from None


def _read(item: Jar, archive: zipfile.ZipFile, keep: Keep) -> Reading:
    texts = dict(_texts(archive, "", DEPTH))
    own = f"META-INF/maven/{item.group}/{item.artifact}/pom.xml"
    pom = _xml(archive.read(own)) if own in archive.namelist() else None
    licence = _of_pom(pom) or _of_manifest(archive) or _of_texts(texts)
    published = PUBLISHED.get(f"{item.group}:{item.artifact}") or PUBLISHED.get(item.group, "")
    return Reading(
        licences=tuple(filter(None, [licence or published])),
        needs=tuple(_needs(pom, item)),
        texts=tuple(keep(name, data) for name, data in sorted(texts.items())),
        found=tuple(_found(archive, (item.group, item.artifact), DEPTH)),
        description=_line(pom, "name"),
    )


def _texts(archive: zipfile.ZipFile, prefix: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """Licence texts and notices, also those of the jars in it, by their path."""
    for name in archive.namelist():
        if archive.getinfo(name).file_size > MOST or name.endswith(("/", ".class")):
            continue
        if TEXTS.fullmatch(name):
            yield f"{prefix}{name}", archive.read(name)
        elif name.endswith(".jar") and depth:
            data = io.BytesIO(archive.read(name))
            if zipfile.is_zipfile(data):
                with zipfile.ZipFile(data) as inner:
                    yield from _texts(inner, f"{prefix}{name}!", depth - 1)


def _found(archive: zipfile.ZipFile, own: tuple[str, str], depth: int) -> Iterator[Found]:
    """Artifacts whose properties a shading build left in it, and whole jars."""
    for name in sorted(archive.namelist()):
        if (hit := _POM.fullmatch(name)) and (hit[1], hit[2]) != own:
            yield _shaded(archive, name, hit[1], hit[2])
        elif name.endswith(".jar") and depth and archive.getinfo(name).file_size <= MOST:
            data = archive.read(name)
            if zipfile.is_zipfile(io.BytesIO(data)):
                yield _nested(name, data, depth - 1)


def _shaded(archive: zipfile.ZipFile, name: str, group: str, artifact: str) -> Found:
    beside = name.replace("pom.properties", "pom.xml")
    pom = _xml(archive.read(beside)) if beside in archive.namelist() else None
    version = _properties(archive.read(name)).get("version", "")
    licence = _of_pom(pom)
    return Found(
        kind="maven",
        group=group,
        name=artifact,
        version=version,
        path=name,
        licences=(licence,) if licence else (),
    )


def _nested(name: str, data: bytes, depth: int) -> Found:
    with zipfile.ZipFile(io.BytesIO(data)) as inner:
        inside = list(_found(inner, ("", ""), depth))
    digest = hashlib.sha256(data).hexdigest()
    stem = name.rpartition("/")[2].removesuffix(".jar")
    if match := next((f for f in inside if stem == f"{f.name}-{f.version}" or stem == f.name), None):
        rest = tuple(f for f in inside if f is not match)
        return Found(
            kind="maven", group=match.group, name=match.name, version=match.version, path=name, sha256=digest,
            licences=match.licences, inside=rest,
        )  # fmt: skip
    parts = re.fullmatch(r"(.+?)-(\d[\w.-]*)", stem)
    artifact, version = (parts[1], parts[2]) if parts else (stem, "")
    return Found(
        kind="library", name=artifact, version=version, path=name, sha256=digest, inside=tuple(inside)
    )


def _xml(data: bytes) -> Element | None:
    try:
        found: Element = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    for element in found.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return found


def _of_pom(pom: Element | None) -> str:
    """Its licences; where there are several, they are for the user to select from (Maven's POM reference)."""
    if pom is None:
        return ""
    rows = pom.findall("licenses/license")
    return words.any_of(_of_row(row) for row in rows)


def _of_row(row: Element) -> str:
    """By its name, or by its address where the name is nothing that is known."""
    name, url = ((row.findtext(key) or "").strip() for key in ("name", "url"))
    by_name, by_url = words.from_name(name), words.from_name(url)
    return (
        by_url
        if (not by_name or "LicenseRef" in by_name) and by_url and "LicenseRef" not in by_url
        else by_name
    )


def _of_manifest(archive: zipfile.ZipFile) -> str:
    """``Bundle-License`` (OSGi core 8, 3.2.1.10): clauses with commas between them, each with parameters."""
    if "META-INF/MANIFEST.MF" not in archive.namelist():
        return ""
    text = re.sub(r"\r?\n ", "", archive.read("META-INF/MANIFEST.MF").decode(errors="replace"))
    if not (hit := re.search(r"^Bundle-License: *(.+?)\s*$", text, re.MULTILINE)):
        return ""
    clauses = re.findall(r'(?:[^,"]|"[^"]*")+', hit[1])
    return words.any_of(
        words.from_name(re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', clause)[0]) for clause in clauses
    )


def _of_texts(texts: dict[str, bytes]) -> str:
    names = sorted(
        (n for n in texts if "notice" not in n.lower() and "!" not in n), key=lambda n: (n.count("/"), n)
    )
    return next((found for n in names if (found := words.from_text(texts[n].decode(errors="replace")))), "")


def _needs(pom: Element | None, item: Jar) -> Iterator[tuple[str, ...]]:
    """What its own POM asks for at run time; what a parent manages has no version there, and needs none here."""
    for row in pom.findall("dependencies/dependency") if pom is not None else ():
        group, artifact, scope, classifier = (
            (row.findtext(key) or "").strip() for key in ("groupId", "artifactId", "scope", "classifier")
        )
        group = re.sub(r"\$\{(project|pom)\.groupId\}", item.group, group)
        if scope not in ("test", "provided", "system") and artifact:
            yield (f"{group}:{artifact}:{classifier}".rstrip(":"),)


def _properties(data: bytes) -> dict[str, str]:
    rows = (
        line.partition("=") for line in data.decode(errors="replace").splitlines() if not line.startswith("#")
    )
    return {key.strip(): value.strip() for key, _, value in rows}


def _line(pom: Element | None, key: str) -> str:
    text = " ".join((pom.findtext(key) or "").split()) if pom is not None else ""
    return "" if "${" in text else text[:200]
