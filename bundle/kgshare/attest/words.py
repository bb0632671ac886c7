"""Licences in the words of Debian, Maven, PyPI and their texts, said in SPDX's. Pure.

SPDX has its own parser (license-expression); what stands here are the names that others use. What SPDX does not know becomes a
``LicenseRef-…`` of the same name, so that whatever is said of a component is an SPDX expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from license_expression import ExpressionError, get_spdx_licensing

SPDX = get_spdx_licensing()
_REF = re.compile(r"[^A-Za-z0-9.-]+")

# Names and addresses as they stand in the manifests and POMs of jars and the metadata of wheels, without case, punctuation
# and what says nothing ("the", "license", "version"). Left: a part of the name or address; right: SPDX. The first one holds.
NAMES: tuple[tuple[str, str], ...] = (
    ("spdx.org/licenses/", ""),  # its own names stand at the end of its addresses
    ("cddl+gpl_1_1", "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0"),
    ("cddl + gplv2", "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0"),
    ("javaee/javax.annotation", "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0"),
    ("cddl 1.1", "CDDL-1.1"), ("cddl", "CDDL-1.0"),
    ("software/classpath", "GPL-2.0-only WITH Classpath-exception-2.0"), ("gpl2 w/ cpe", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("classpath exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("edl-v10", "BSD-3-Clause"), ("edlv1", "BSD-3-Clause"), ("eclipse distribution", "BSD-3-Clause"),
    ("epl-v10", "EPL-1.0"), ("epl 1.0", "EPL-1.0"), ("eclipse public license - v 1.0", "EPL-1.0"),
    ("epl-2.0", "EPL-2.0"), ("eplv2", "EPL-2.0"), ("epl 2.0", "EPL-2.0"), ("eclipse public license 2.0", "EPL-2.0"),
    ("eclipse public license - v 2.0", "EPL-2.0"), ("eclipse public license v2", "EPL-2.0"),
    ("mpl/1.1", "MPL-1.1"), ("mpl 1.1", "MPL-1.1"), ("mozilla public license 2.0", "MPL-2.0"), ("mozilla public license, v. 2.0", "MPL-2.0"),
    ("mpl/2.0", "MPL-2.0"),
    ("lgpl-2.1", "LGPL-2.1-only"), ("lgpl 2.1", "LGPL-2.1-only"), ("lgpl-3", "LGPL-3.0-only"),
    ("licenses/gpl-3.0", "GPL-3.0-only"), ("licenses/gpl-2.0", "GPL-2.0-only"), ("gpl-2.0", "GPL-2.0-only"),
    ("asm.ow2", "BSD-3-Clause"), ("modified bsd", "BSD-3-Clause"), ("antlr.org/license", "BSD-3-Clause"),
    ("bsd-2-clause", "BSD-2-Clause"), ("bsd-3-clause", "BSD-3-Clause"), ("new bsd", "BSD-3-Clause"), ("bsd license", "BSD-3-Clause"),
    ("mit-0", "MIT-0"), ("mit-license", "MIT"), ("mit license", "MIT"), ("jquery.org/license", "MIT"), ("the mit", "MIT"),
    ("publicdomain/zero", "CC0-1.0"), ("public domain", "LicenseRef-public-domain"),
    ("copyright-documents-19990405", "W3C-19980720"), ("bouncycastle", "MIT"),
    ("apache", "Apache-2.0"),
    ("python software foundation", "PSF-2.0"), ("isc license", "ISC"), ("unlicense", "Unlicense"), ("zlib", "Zlib"),
)  # fmt: skip

# What licence texts begin with or cannot be without. The first one holds; what a text merely mentions must come later.
PHRASES: tuple[tuple[str, str], ...] = (
    ("gcc runtime library exception", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ('"classpath" exception', "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("python software foundation license version 2", "PSF-2.0"),
    ("is licensed under the gnu general public license version 3", "GPL-3.0-only"),
    ("eclipse public license - v 2.0", "EPL-2.0"),
    ("common development and distribution license (cddl) version 1.0", "CDDL-1.0"),
    ("common development and distribution license (cddl) version 1.1", "CDDL-1.1"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    ("apache license version 2.0", "Apache-2.0"), ("apache license, version 2.0", "Apache-2.0"),
    ("licensed under the apache (software) license, version 2", "Apache-2.0"),
    ("gnu affero general public license version 3", "AGPL-3.0-only"),
    ("gnu lesser general public license version 3", "LGPL-3.0-only"),
    ("gnu lesser general public license version 2.1", "LGPL-2.1-only"),
    ("gnu general public license version 3", "GPL-3.0-only"), ("gnu general public license version 2", "GPL-2.0-only"),
    ("permission is hereby granted, free of charge", "MIT"),
    ("permission to use, copy, modify, and/or distribute this software", "ISC"),
    ("neither the name of", "BSD-3-Clause"), ("redistribution and use in source and binary forms", "BSD-2-Clause"),
)  # fmt: skip

# Debian's short names (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-short-name) that are not SPDX's.
DEBIAN = {
    "expat": "MIT", "mit/x11": "MIT", "x11": "X11", "zlib": "Zlib", "isc": "ISC", "artistic": "Artistic-1.0-Perl",
    "public-domain": "LicenseRef-public-domain", "pd": "LicenseRef-public-domain", "pd-debian": "LicenseRef-public-domain",
    "gfdl-niv-1.3+": "GFDL-1.3-no-invariants-or-later", "gpl": "GPL-1.0-or-later", "lgpl": "LGPL-2.0-or-later",
    "ms-pl": "MS-PL", "bsl-1.0": "BSL-1.0", "unicode-dfs-2016": "Unicode-DFS-2016", "ftl": "FTL", "psf-2": "PSF-2.0",
}  # fmt: skip
_GNU = re.compile(r"(A|L)?GPL-?(\d)(?:\.(\d))?(\+)?", re.IGNORECASE)
_EXCEPTION = re.compile(r"(\S+) with (?:the )?(\S+) exception", re.IGNORECASE)
EXCEPTIONS = {
    "classpath": "Classpath-exception-2.0", "autoconf": "Autoconf-exception-2.0", "bison": "Bison-exception-2.2",
    "libtool": "Libtool-exception", "font": "Font-exception-2.0", "openssl": "x11vnc-openssl-exception",
}  # fmt: skip


def from_name(name: str) -> str:
    """A licence as somebody's metadata names it, by its name or address; SPDX expressions are as they are.

    Returns:
        An SPDX expression; empty for an empty name.
    """
    plain = " ".join(name.replace('"', " ").split())
    if not plain:
        return ""
    if known := valid(plain):
        return known
    folded = re.sub(r"\b(the|software|version|license,) ", "", plain.lower()).replace(
        "license v.", "license "
    )
    for part, spdx in NAMES:
        if part in folded or part in plain.lower():
            return spdx or valid(re.sub(r"\.html?$", "", plain.rpartition("/")[2])) or _ref(plain)
    return _ref(plain)


def from_debian(synopsis: str) -> str:
    """The first line of a ``License`` field of a machine-readable debian/copyright, as an SPDX expression."""
    words = re.sub(
        r",\s*(and|or)\b",
        r" \1",
        synopsis.replace("/", " or ") if "/" in synopsis and synopsis.lower() not in DEBIAN else synopsis,
    )
    rows: list[str] = []
    for row in re.split(r"\s+(and|or)\s+", words, flags=re.IGNORECASE):
        if row.lower() in ("and", "or"):
            rows.append(row.upper())
        elif hit := _EXCEPTION.fullmatch(row):
            exception = EXCEPTIONS.get(hit[2].lower())
            licence = _debian_word(hit[1])
            rows.append(
                f"{licence} WITH {exception}" if exception and "Ref" not in licence else _ref(f"debian-{row}")
            )
        else:
            rows.append(_debian_word(row.strip(" ,")))
    return " ".join(rows)


def _debian_word(word: str) -> str:
    if gnu := _GNU.fullmatch(word):
        family, major, minor, later = gnu.groups()
        return f"{(family or '').upper()}GPL-{major}.{minor or 0}-{'or-later' if later else 'only'}"
    return DEBIAN.get(word.lower()) or valid(word) or _ref(f"debian-{word}")


def from_text(text: str) -> str:
    """What a licence text is, by what it cannot be without; empty where it is none that is known here."""
    said = re.search(r"SPDX-License-Identifier:\s*([^\n]+)", text)
    if said and (known := valid(said[1].strip(" */"))):
        return known
    folded = " ".join(text.lower().replace("“", '"').replace("”", '"').split())
    return next((spdx for phrase, spdx in PHRASES if phrase in folded), "")


def any_of(expressions: Iterable[str]) -> str:
    """Alternatives, each once: as Maven's POM reference has it, several licences are for the user to select from."""
    return _joined(expressions, " OR ")


def all_of(expressions: Iterable[str]) -> str:
    """What holds together, each once and sorted."""
    flat = (row for e in expressions for row in ([e] if "(" in e or " OR " in e else e.split(" AND ")))
    return _joined(sorted(set(flat)), " AND ")


def _joined(expressions: Iterable[str], word: str) -> str:
    found = list(dict.fromkeys(e for e in expressions if e))
    if len(found) == 1:
        return found[0]
    other = " AND " if word == " OR " else " OR "
    return word.join(f"({e})" if other in e or (" OR " in e and word == " AND ") else e for e in found)


def valid(name: str) -> str:
    """A name or expression of SPDX's in its own spelling; empty where it is none."""
    try:
        parsed = SPDX.parse(name, validate=True)
    except (ExpressionError, AttributeError, TypeError):
        return ""
    return str(parsed) if parsed is not None else ""


def unknown_in(expression: str) -> str:
    """What in an SPDX expression is none of its names, and no ``LicenseRef-…``; empty for a good one."""
    try:
        parsed = SPDX.parse(expression, validate=False)
        unknown = SPDX.unknown_license_keys(parsed) if parsed is not None else [expression]
    except ExpressionError:
        return expression
    return next(
        (str(name) for name in unknown if not re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", str(name))), ""
    )


def _ref(name: str) -> str:
    short = _REF.sub("-", re.sub(r"^https?://", "", name.splitlines()[0])).strip("-.")[:60].strip("-.")
    return f"LicenseRef-{short or 'unnamed'}"
