"""What VEX statements mean for findings: which statement is about which, and what is noted beside it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from packageurl import PackageURL

from kgshare.scan.model import Finding, VexNote
from kgshare.scan.vex import Dated, Statement


def apply(
    findings: Sequence[Finding], statements: Sequence[Dated], project: Sequence[str]
) -> tuple[Finding, ...]:
    """The findings, each with what is said of it; one of several packages is settled only where it is for all.

    Args:
        findings: what a scanner found.
        statements: the later ones last.
        project: purls that mean the bundle as a whole, without versions.
    """
    return tuple(_noted(finding, statements, project) for finding in findings)


def _noted(finding: Finding, statements: Sequence[Dated], project: Sequence[str]) -> Finding:
    notes: list[VexNote] = []
    for package in finding.packages:
        told = [d for d in statements if _is_about(d.statement, finding, package, project)]
        if not told:
            return finding
        notes.append(_note(told[-1]))
    worst = next((note for note in notes if not note.settles), notes[0])
    return dataclasses.replace(finding, vex=worst)


def _note(dated: Dated) -> VexNote:
    statement = dated.statement
    words = (statement.impact_statement, statement.action_statement, statement.status_notes)
    return VexNote(
        status=statement.status,
        justification=statement.justification or "",
        statement=next((text for text in words if text), ""),
        document=dated.document,
    )


def _is_about(statement: Statement, finding: Finding, package: str, project: Sequence[str]) -> bool:
    if finding.names.isdisjoint(statement.vulnerability.names):
        return False
    for product in statement.products:
        if any(covers(purl, package) for purl in product.purls) and not product.subcomponents:
            return True
        whole = any(covers(_plain(purl), known) for purl in product.purls for known in project)
        inner = [purl for part in product.subcomponents for purl in part.purls]
        if whole and (not product.subcomponents or any(covers(purl, package) for purl in inner)):
            return True
    return False


def covers(stated: str, package: str) -> bool:
    """Whether a package URL in a statement means a package: what it does not say (a version, a qualifier) may be anything."""
    try:
        one, other = PackageURL.from_string(stated), PackageURL.from_string(package)
    except ValueError:
        return False
    qualifiers: Mapping[str, str] = one.qualifiers if isinstance(one.qualifiers, dict) else {}
    theirs: Mapping[str, str] = other.qualifiers if isinstance(other.qualifiers, dict) else {}
    same = (one.type, one.namespace, one.name) == (other.type, other.namespace, other.name)
    return (
        same
        and one.version in (None, "", other.version)
        and all(theirs.get(key) == value for key, value in qualifiers.items())
    )


def _plain(purl: str) -> str:
    """A package URL without version and qualifiers; itself where it is none."""
    try:
        url = PackageURL.from_string(purl)
    except ValueError:
        return purl
    return PackageURL(url.type, url.namespace, url.name).to_string()
