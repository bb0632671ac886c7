"""Locked inputs are read for licences, texts, needs and what is inside of them; what nobody can read is said."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.lock_example import deb, jar, sha, wheel

from kgshare.attest import words
from kgshare.attest.contents import read_all
from kgshare.attest.parts import Reading
from kgshare.attest.readings import Readings
from kgshare.errors import BuildError
from kgshare.lock.model import Input, NpmPackage

Read = Callable[[Input, bytes], Reading]
NPM = NpmPackage(name="chart", version="1.0.0", integrity="sha512-AAAA", sha256=sha("chart"), size=40)
POM = """<project xmlns="urn:a-pom"><name>The thing</name>{licences}<dependencies>
<dependency><groupId>${{project.groupId}}</groupId><artifactId>kernel</artifactId></dependency>
<dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency></dependencies></project>"""
TWO = (
    "<licenses><license><name>EPL 2.0</name></license><license><name>GPL2 w/ CPE</name></license></licenses>"
)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads an input's bytes as the step does."""

    def reading(item: Input, data: bytes) -> Reading:
        file = tmp_path / item.sha256
        file.write_bytes(data)
        return Readings(tmp_path / "readings", lambda _: file).read(item)

    return reading


def zipped(**files: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(mode: str, files: dict[str, str]) -> bytes:
    """A tar; a value that begins with → is a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            if text.startswith("→"):
                info.type, info.linkname = tarfile.SYMTYPE, text[1:]
                tar.addfile(info)
            else:
                info.size = len(text.encode())
                tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def package(control: str, documents: dict[str, str]) -> bytes:
    """A Debian package: an ar archive of three members (deb(5))."""
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": tarred("w:xz", {"./control": control}),
        "data.tar.xz": tarred("w:xz", documents),
    }
    out = b"!<arch>\n"
    for name, data in members.items():
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) % 2)
        )
    return out


def test_a_jars_pom_names_its_licences_to_select_from_and_what_it_needs(read: Read) -> None:
    base = "META-INF/maven/org.example/neo4j/"
    found = read(
        jar("neo4j", "5"),
        zipped(**{base + "pom.xml": POM.format(licences=TWO), base + "pom.properties": "version=5"}),
    )
    assert found.licences == ("EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0",)
    assert found.needs == (("org.example:kernel",),)
    assert found.description == "The thing"
    assert found.found == ()


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        (
            {"META-INF/MANIFEST.MF": 'Bundle-License: "Apache-2.0";link="https://www.apache.org/licenses/LICENSE-2.\r\n 0.txt"\r\n'},
            "Apache-2.0",
        ),
        (
            {"META-INF/MANIFEST.MF": "Bundle-License: https://www.eclipse.org/legal/epl-2.0/, https://www.apache.org/licenses/LICENSE-2.0.txt\n"},
            "EPL-2.0 OR Apache-2.0",
        ),
        ({"META-INF/LICENSE": "SPDX-License-Identifier: Apache-2.0 OR LGPL-2.1\n"}, "Apache-2.0 OR LGPL-2.1-only"),
        ({"META-INF/LICENSE.txt": "                Apache License\n           Version 2.0, January 2004\n"}, "Apache-2.0"),
        ({"META-INF/LICENSE": "Everything is forbidden."}, ""),
    ],
)  # fmt: skip
def test_a_jar_without_a_pom_says_its_licence_in_its_manifest_or_its_text(
    read: Read, files: dict[str, str], licence: str
) -> None:
    assert "".join(read(jar("thing", "1"), zipped(**files)).licences) == licence


def test_shaded_and_nested_jars_are_found_with_the_path_they_have(read: Read) -> None:
    inner = zipped(**{"META-INF/maven/org.deep/deep/pom.properties": "groupId=org.deep\nversion=0.3\n"})
    middle = zipped(
        **{
            "META-INF/maven/org.mid/mid/pom.properties": "version=2",
            "META-INF/NOTICE": "of mid",
            "lib/deep-0.3.jar": inner,
        }
    )
    found = read(
        jar("fat", "1"),
        zipped(**{"META-INF/maven/org.jctools/jctools-core/pom.properties": "version=4.0.5", "lib/mid-2.jar": middle, "lib/odd-1.0.jar": zipped()}),
    )  # fmt: skip
    shaded, nested, odd = found.found
    assert (shaded.group, shaded.name, shaded.version) == ("org.jctools", "jctools-core", "4.0.5")
    assert (nested.group, nested.name, nested.version, nested.path) == (
        "org.mid",
        "mid",
        "2",
        "lib/mid-2.jar",
    )
    assert [(row.name, row.version, row.path) for row in nested.inside] == [
        ("deep", "0.3", "lib/deep-0.3.jar")
    ]
    assert (odd.kind, odd.name, odd.version) == ("library", "odd", "1.0")
    assert [text.path for text in found.texts] == ["lib/mid-2.jar!META-INF/NOTICE"]


def test_a_pom_that_unfolds_without_end_is_as_none(read: Read) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><project><name>&b;</name></project>'
    found = read(jar("neo4j", "5"), zipped(**{"META-INF/maven/org.example/neo4j/pom.xml": bomb}))
    assert (found.description, found.licences) == ("", ())


def test_a_wheel_is_read_with_what_is_vendored_and_bundled(read: Read) -> None:
    about = "Name: numpy\nVersion: 2.3\nLicense-Expression: BSD-3-Clause AND 0BSD\nSummary: Arrays\nRequires-Dist: Tz_Data>=1\nRequires-Dist: pytest; extra == 'test'\n"
    found = read(
        wheel("numpy", "2.3"),
        zipped(**{
            "numpy-2.3.dist-info/METADATA": about, "numpy-2.3.dist-info/licenses/LICENSE.txt": "text",
            "numpy/_vendor/six-1.17.0.dist-info/METADATA": "Name: six\nVersion: 1.17.0\nLicense: MIT\n",
            "numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0": b"ELF",
        }),
    )  # fmt: skip
    assert found.licences == ("BSD-3-Clause AND 0BSD",)
    assert (found.needs, found.description) == ((("tz-data",),), "Arrays")
    assert [text.path for text in found.texts] == ["numpy-2.3.dist-info/licenses/LICENSE.txt"]
    six, fortran = found.found
    assert (six.kind, six.name, six.version, six.licences) == ("pypi", "six", "1.17.0", ("MIT",))
    assert (fortran.kind, fortran.name, fortran.version) == ("library", "libgfortran", "5.0.0")
    assert fortran.sha256 == sha("ELF")


@pytest.mark.parametrize(
    ("field", "licence"),
    [
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
        ("Classifier: License :: OSI Approved\nLicense: Apache License, Version 2.0", "Apache-2.0"),
        ("License: UNKNOWN", ""),
    ],
)
def test_an_older_wheel_says_its_licence_in_a_classifier_or_in_words(
    read: Read, field: str, licence: str
) -> None:
    found = read(
        wheel("old", "1"), zipped(**{"old-1.dist-info/METADATA": f"Name: old\nVersion: 1\n{field}\n"})
    )
    assert "".join(found.licences) == licence


def test_an_npm_package_is_read(read: Read) -> None:
    about = json.dumps(
        {"license": "(MIT OR GPL-3.0)", "description": "Charts", "dependencies": {"d3-array": "1"}}
    )
    found = read(
        NPM,
        tarred(
            "w:gz", {"package/package.json": about, "package/LICENSE.md": "text", "package/x/LICENSE": "no"}
        ),
    )
    assert found.licences == ("MIT OR GPL-3.0-only",)
    assert (found.needs, found.description) == ((("d3-array",),), "Charts")
    assert [text.path for text in found.texts] == ["package/LICENSE.md"]


MACHINE = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: A
License: LGPL-2.1+ and Expat

Files: odd.c
Copyright: B
License: BSD-3-clause or GPL-2

Files: debian/*
Copyright: C
License: GPL-3+
"""


def test_a_debian_package_is_read_from_its_control_fields_and_copyright_file(read: Read) -> None:
    control = "Package: zlib1g\nSource: zlib (1:1.3-0)\nVersion: 1:1.3-0+b2\nArchitecture: amd64\nDepends: libc6 (>= 2.14), a | b\nProvides: libz1\nDescription: compression\n more\n"
    found = read(deb("zlib1g", "1:1.3-0+b2"), package(control, {"./usr/share/doc/zlib1g/copyright": MACHINE}))
    assert found.licences == ("(BSD-3-Clause OR GPL-2.0-only) AND LGPL-2.1-or-later AND MIT",)
    assert (found.needs, found.provides) == ((("libc6",), ("a", "b")), ("libz1",))
    assert found.source == "Debian source package zlib 1:1.3-0"
    assert found.description == "compression"
    assert [text.sha256 for text in found.texts] == [sha(MACHINE)]


def test_the_licences_that_copyright_files_only_refer_to_are_those_of_base_files(read: Read) -> None:
    documents = {
        "./usr/share/common-licenses/GPL-2": "GNU GENERAL PUBLIC LICENSE",
        "./usr/share/common-licenses/GPL": "→GPL-3",
        "./usr/share/doc/base-files/copyright": "no known form",
        "./usr/share/common-licenses/MPL-2.0": "Mozilla Public License",
    }
    found = read(
        deb("base-files", "13"), package("Package: x\nVersion: 13\nArchitecture: amd64\n", documents)
    )
    assert [text.path for text in found.texts] == [
        "usr/share/common-licenses/GPL-2", "usr/share/common-licenses/MPL-2.0", "usr/share/doc/base-files/copyright",
    ]  # fmt: skip


def test_a_package_whose_documents_are_anothers_has_its_licence_and_text(read: Read) -> None:
    base, other = deb("gcc-14-base", "14"), deb("libgcc-s1", "14")
    control = "Package: x\nVersion: 14\nArchitecture: amd64\n"
    packages = {
        base.name: package(
            control, {"./usr/share/doc/gcc-14-base/copyright": "under the GCC Runtime Library\nException"}
        ),
        other.name: package(control, {"./usr/share/doc/libgcc-s1": "→gcc-14-base"}),
    }
    rows = read_all([base, other], lambda item: read(item, packages[item.name]))  # type: ignore[union-attr]
    assert {reading.licences for _, reading in rows} == {("GPL-3.0-or-later WITH GCC-exception-3.1",)}
    assert rows[0][1].texts == rows[1][1].texts != ()


@pytest.mark.parametrize(
    ("item", "data"),
    [
        (jar("broken", "1"), b"no zip"),
        (wheel("broken", "1"), b"no zip"),
        (wheel("empty", "1"), zipped()),
        (NPM, b"no tar"),
        (replace(NPM, sha256=sha("other")), tarred("w:gz", {"package/readme": ""})),
        (deb("broken", "1"), b"no ar"),
    ],
    ids=["jar", "wheel", "wheel without metadata", "npm package", "npm package without metadata", "deb"],
)
def test_an_input_that_is_not_what_its_kind_must_be_is_an_error_that_names_it(
    read: Read, item: Input, data: bytes
) -> None:
    with pytest.raises(BuildError, match=r"broken|empty|chart"):
        read(item, data)


def test_an_input_is_read_once_on_a_machine_and_again_where_its_texts_are_gone(tmp_path: Path) -> None:
    file = tmp_path / "it.jar"
    file.write_bytes(zipped(**{"META-INF/LICENSE": "Apache License Version 2.0"}))
    asked: list[Input] = []

    def inputs(item: Input) -> Path:
        asked.append(item)
        return file

    first = Readings(tmp_path / "readings", inputs).read(jar("once", "1"))
    assert Readings(tmp_path / "readings", inputs).read(jar("once", "1")) == first
    assert len(asked) == 1
    (tmp_path / "readings" / "texts" / first.texts[0].sha256).write_text("altered")
    again = Readings(tmp_path / "readings", inputs)
    assert again.read(jar("once", "1")) == first
    assert len(asked) == 2
    assert again.text(first.texts[0].sha256) == b"Apache License Version 2.0"


@pytest.mark.parametrize(
    ("said", "spdx"),
    [
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("http://www.opensource.org/licenses/apache2.0.php", "Apache-2.0"),
        ("Mozilla Public License, v. 2.0", "MPL-2.0"),
        ("https://spdx.org/licenses/MIT-0.html", "MIT-0"),
        ("GPL-2.0", "GPL-2.0-only"),
        ("The GNU General Public License (GPL), Version 2, With Classpath Exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("Our own terms, see the office", "LicenseRef-Our-own-terms-see-the-office"),
        ("", ""),
    ],
)  # fmt: skip
def test_names_and_addresses_of_licences_become_spdx_expressions(said: str, spdx: str) -> None:
    assert words.from_name(said) == spdx


@pytest.mark.parametrize(
    ("said", "spdx"),
    [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("MPL-1.1 or GPL-2+ or LGPL-2.1+", "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later"),
        ("BSD-3-clause-Berkeley and ISC", "LicenseRef-debian-BSD-3-clause-Berkeley AND ISC"),
        ("GPL-2 with Classpath exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("MIT/X11", "MIT"),
    ],
)
def test_debians_short_names_become_spdx_expressions(said: str, spdx: str) -> None:
    assert words.from_debian(said) == spdx


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("CC-BY-4.0", ""),
        ("LicenseRef-Argo-free AND MIT", ""),
        ("CC-BY-4", "CC-BY-4"),
        ("MIT OR", "MIT OR"),
        ("free", "free"),
    ],
)
def test_a_licence_of_the_manifest_is_an_spdx_expression(expression: str, unknown: str) -> None:
    assert words.unknown_in(expression) == unknown
