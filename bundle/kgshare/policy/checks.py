"""The checks, each a small pure function of facts and settings; `CHECKS` lists them all, and the reference with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from license_expression import (
    ExpressionError,
    LicenseSymbol,
    LicenseWithExceptionSymbol,
    Licensing,
)

from kgshare.policy.facts import Facts
from kgshare.policy.result import Detail, Result, failed, not_known, passed
from kgshare.policy.settings import Checks
from kgshare.scan.model import Finding, Severity

UPDATE = "`kgshare lock --update` takes what is fixed; VEX (`vex/`) or a waiver says why it may stay"
SEED_FILES = "files of seed"  # what provenance calls them
SCAN_AGAIN = "`kgshare scan` scans again"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: what it is called, what it asks for, and what answers."""

    name: str
    asks: str
    judge: Callable[[Facts, Checks, date], Result]


def fixable(facts: Facts, severity: Severity, at_most: int, today: date) -> Result:
    """Findings of one severity for which there is a fixed version, and of which the project has not said that they do not matter."""
    if not facts.scan.looked:
        return not_known(f"not scanned: {facts.scan.reason}")
    found = [f for f in facts.scan.findings if f.severity == severity and f.fixed and not f.settled]
    if len(found) > at_most:
        return failed(_many(len(found), f"{severity} finding", "could be fixed"), *_details(found), allowed=at_most, hint=UPDATE)  # fmt: skip
    none = f"no {severity} finding that could be fixed"
    if found:
        none = f"{_many(len(found), f'{severity} finding', 'could be fixed')}; {at_most} may be"
    unknown = [f for f in facts.scan.findings if f.severity == "unknown" and f.fixed and not f.settled]
    if unknown:
        none += f"; of {len(unknown)} that could be fixed the severity is not known"
    doubts = facts.scan.doubts(today)
    none = "; ".join((none, *doubts))
    return not_known(none, details=_details(unknown)) if unknown or doubts else passed(none)


def fixable_critical(facts: Facts, checks: Checks, today: date) -> Result:
    """Of critical severity."""
    return fixable(facts, "critical", checks.fixable_critical.at_most, today)


def fixable_high(facts: Facts, checks: Checks, today: date) -> Result:
    """Of high severity."""
    return fixable(facts, "high", checks.fixable_high.at_most, today)


def known_exploited(facts: Facts, checks: Checks, today: date) -> Result:
    """Findings that are used in attacks, fixable or not."""
    if not facts.scan.looked:
        return not_known(f"not scanned: {facts.scan.reason}")
    found = [f for f in facts.scan.findings if f.exploited and not f.settled]
    if found:
        return failed(_many(len(found), "finding", "known to be exploited", "is", "are"), *_details(found), hint=UPDATE)  # fmt: skip
    silent = sum(f.exploited is None and not f.settled for f in facts.scan.findings)
    if silent:
        said = f"the scanner's database does not say it of {silent} of its findings"
        return not_known(
            said, "name a catalogue in policy.yaml: checks: {known-exploited: {catalogue: FILE}}"
        )
    if doubts := facts.scan.doubts(today):
        return not_known("; ".join(("no finding is known to be exploited", *doubts)))
    return passed("no finding is known to be exploited")


def scanned(facts: Facts, checks: Checks, today: date) -> Result:
    """A scan took place, of everything."""
    scan, required = facts.scan, checks.scanned.required
    if scan.looked and scan.packages and not scan.left_out:
        return passed(f"{scan.packages} packages by {scan.scanner} {scan.version} on {scan.day}")
    missing = ("; ".join(scan.left_out) or "it names no package") if scan.looked else scan.reason
    said = f"not scanned: {missing}"
    return failed(said, _whole("scanned", said), hint=SCAN_AGAIN) if required else not_known(said)


def scan_age(facts: Facts, checks: Checks, today: date) -> Result:
    """The scan and its database are recent."""
    scan, most = facts.scan, checks.scan_age.days
    if not scan.looked:
        return not_known(f"not scanned: {scan.reason}")
    if scan.after(today):
        days = f"the scan is of {scan.day}" + (f", its database of {scan.database}" if scan.database else "")
        return not_known(f"{days}, and today is {today}: a clock is wrong", SCAN_AGAIN)
    what = (
        f"the database was of {scan.database}"
        if scan.database
        else "the database's age is not known; the scan"
    )
    said = f"{what}, {_days(scan.age(today))} old; {_days(most)} may be"
    if scan.age(today) > most:
        return failed(said, _whole("scan-age", said), hint=SCAN_AGAIN) if checks.scanned.required else not_known(said, SCAN_AGAIN)  # fmt: skip
    return passed(said) if scan.database else not_known(said)


def non_root(facts: Facts, checks: Checks, today: date) -> Result:
    """No image runs as root, or as a user whose number cannot be known."""
    bad = [i for i in facts.images if not (user := i.user.partition(":")[0]).isdigit() or int(user) == 0]
    if bad:
        rows = (Detail(id=f"{i.role}:user", text=f"{i.role}: runs as {i.user or 'root'}") for i in bad)
        return failed(
            "an image does not run as a numbered user other than root", *rows, hint="say USER 65532:65532"
        )
    return passed(", ".join(f"{i.role} runs as {i.user}" for i in facts.images))


def no_shell(facts: Facts, checks: Checks, today: date) -> Result:
    """No image has a shell."""
    return _no_files(facts, "shell", [(i.role, i.shells) for i in facts.images])


def no_setuid(facts: Facts, checks: Checks, today: date) -> Result:
    """No file runs with another user's rights."""
    return _no_files(facts, "setuid or setgid file", [(i.role, i.setuid) for i in facts.images])


def bases_pinned(facts: Facts, checks: Checks, today: date) -> Result:
    """Every base is fixed by digests."""
    bad = [base for base in facts.bases if not base.pinned]
    if bad:
        rows = (Detail(id=base.name, text=f"{base.role}: {base.name} is not pinned") for base in bad)
        return failed("a base is not pinned", *rows, hint="`kgshare lock` pins it")
    return passed(", ".join(dict.fromkeys(f"{base.name} by {base.pinned}" for base in facts.bases)))


def bases_approved(facts: Facts, checks: Checks, today: date) -> Result:
    """Every base is one that the policy names."""
    names = ", ".join(dict.fromkeys(base.name for base in facts.bases))
    approved = checks.bases_approved.bases
    if approved is None:
        return passed(f"{names}; the policy names none, so any may be used")
    bad = [base for base in facts.bases if not _matches(base.name, approved)]
    if bad:
        rows = (Detail(id=base.name, text=f"{base.role}: {base.name}") for base in bad)
        return failed("a base is not among those approved", *rows, hint=f"approved are {', '.join(approved)}")
    return passed(names)


def base_age(facts: Facts, checks: Checks, today: date) -> Result:
    """What the images stand on was taken recently."""
    oldest = min((base.taken for base in facts.bases), default=today)
    age, most = (today - oldest).days, checks.base_age.days
    if any(base.taken > today for base in facts.bases):
        return not_known(f"a base was locked after {today}, the day of this judgement: a clock is wrong")
    said = f"locked on {oldest}, {_days(age)} old; {_days(most)} may be"
    if age > most:
        return failed(said, _whole("base-age", said), hint="`kgshare lock --update` takes the newest")
    return passed(said)


def sbom(facts: Facts, checks: Checks, today: date) -> Result:
    """There is a bill of materials."""
    if facts.components is None:
        said = "there is no bill of materials"
        return failed(said, _whole("sbom", said), hint="build it with a kgshare that makes one")
    if not facts.components:
        said = "the bill of materials is empty"
        return failed(said, _whole("sbom", said), hint="every image has components: build it anew")
    return passed(f"{facts.components} components")


def provenance(facts: Facts, checks: Checks, today: date) -> Result:
    """There is a statement of how it was built."""
    if not facts.provenance:
        said = "there is no statement of how it was built"
        return failed(said, _whole("provenance", said), hint="build it with a kgshare that makes one")
    return passed(
        f"built from Git revision {facts.seed.revision[:12]}"
        if facts.seed.revision
        else "from no Git revision"
    )


def licences(facts: Facts, checks: Checks, today: date) -> Result:
    """No package has a licence that the policy denies."""
    if facts.components is None:
        return not_known("there is no bill of materials")
    denied, unknown = checks.licences.denied, [p for p, licence in facts.licences.items() if not licence]
    bad = [
        Detail(id=package, text=f"{package}: {licence}")
        for package, licence in facts.licences.items()
        if licence and not permitted(licence, denied)
    ]
    if checks.licences.unknown == "failed":
        bad += [Detail(id=package, text=f"{package}: no licence is known") for package in unknown]
    if bad:
        return failed(_many(len(bad), "package", "under a licence that is denied", "is", "are"), *bad, hint=f"denied are {', '.join(denied)}")  # fmt: skip
    said = f"; of {len(unknown)} no licence is known" if unknown else ""
    return passed(f"of {len(facts.licences)} packages none is under a denied licence{said}")


def secrets(facts: Facts, checks: Checks, today: date) -> Result:
    """Nothing in it looks like a secret."""
    if facts.secrets is None:
        return not_known("nobody has looked for secrets")
    if facts.secrets:
        rows = (Detail(id=s.id, text=f"{s.where}: {s.kind}", aliases=(s.where,)) for s in facts.secrets)
        return failed(_many(len(facts.secrets), "place", "like a secret", "looks", "look"), *rows)
    return passed("nothing looks like a secret")


def size(facts: Facts, checks: Checks, today: date) -> Result:
    """It can be handed on."""
    found, most = sum(image.size for image in facts.images) / 1e6, checks.size.megabytes
    said = f"{found:.0f} MB of layers; {most} MB may be"
    return failed(said, _whole("size", said)) if found > most else passed(said)


def seed_provenance(facts: Facts, checks: Checks, today: date) -> Result:
    """It is known what the graph was made from."""
    seed, bad = facts.seed, []
    if seed.provenance and not seed.derived:
        text = f"the manifest names {seed.provenance}, and no record has such a relationship"
        bad.append(Detail(id=seed.provenance, text=text))
    if facts.provenance and SEED_FILES not in seed.materials:
        bad.append(Detail(id="materials", text="the statement of how it was built names no file of the seed"))
    if checks.seed_provenance.clean_tree and seed.clean is not True:
        text = (
            "files differ from the Git revision"
            if seed.clean is False
            else "it is not known from which Git revision"
        )
        bad.append(Detail(id="clean-tree", text=text))
    if bad:
        return failed(
            "it is not known what the graph was made from",
            *bad,
            hint="commit what the seed reads, then build",
        )
    parts = [f"graph {seed.digest.removeprefix('sha256:')[:12]}"]
    parts += [f"{' and '.join(seed.materials)} by digest"] if seed.materials else []
    parts += [f"{seed.derived} {seed.provenance} relationships"] if seed.provenance else []
    return passed(", ".join(parts))


def permitted(expression: str, denied: Iterable[str]) -> bool:
    """Whether an SPDX expression leaves a way without a denied licence: of ``A OR B`` one is enough, of ``A AND B`` both count.

    What is no expression, as a licence's name may be, is compared as it is.
    """
    patterns = tuple(denied)
    try:
        return _permitted(_spdx().parse(expression), patterns)
    except ExpressionError:
        return not _matches(expression, patterns)


@cache
def _spdx() -> Licensing:
    """What reads SPDX expressions; it takes a third of a second to make."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def _permitted(node: Any, denied: tuple[str, ...]) -> bool:
    if isinstance(node, LicenseSymbol | LicenseWithExceptionSymbol):
        return not _matches(node.key if isinstance(node, LicenseSymbol) else node.license_symbol.key, denied)
    each = (_permitted(arg, denied) for arg in node.args)
    return any(each) if isinstance(node, _spdx().OR) else all(each)


def _no_files(facts: Facts, what: str, found: list[tuple[str, tuple[str, ...]]]) -> Result:
    rows = [
        Detail(id=path, text=f"{role}: {path}", aliases=(f"{role}:{path}",))
        for role, paths in found
        for path in paths
    ]
    if rows:
        return failed(_many(len(rows), what, "in an image", "is", "are"), *rows, hint="build in one stage, and copy what is needed into a last one")  # fmt: skip
    return passed(f"no {what} in {' or '.join(image.role for image in facts.images)}")


def _details(findings: Iterable[Finding]) -> list[Detail]:
    return [Detail(id=f.id, text=str(f), aliases=(*f.aliases, *f.packages)) for f in findings]


def _whole(check: str, text: str) -> Detail:
    return Detail(id=check, text=text)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _many(number: int, noun: str, rest: str, one: str = "", more: str = "") -> str:
    verb = one if number == 1 else more
    return " ".join(filter(None, (f"{number} {noun}{'' if number == 1 else 's'}", verb, rest)))


CHECKS = (
    Check(name="fixable-critical", asks="no critical finding for which there is a fixed version", judge=fixable_critical),
    Check(name="fixable-high", asks="no high finding for which there is a fixed version", judge=fixable_high),
    Check(name="known-exploited", asks="no finding that is known to be used in attacks", judge=known_exploited),
    Check(name="scanned", asks="a scanner looked at every package", judge=scanned),
    Check(name="scan-age", asks="the scanner's database was recent", judge=scan_age),
    Check(name="non-root", asks="every image runs as a numbered user other than root", judge=non_root),
    Check(name="no-shell", asks="no image has a shell", judge=no_shell),
    Check(name="no-setuid", asks="no image has a file that runs with another user's rights", judge=no_setuid),
    Check(name="bases-pinned", asks="every base is fixed by digests", judge=bases_pinned),
    Check(name="bases-approved", asks="every base is one that the policy names", judge=bases_approved),
    Check(name="base-age", asks="the bases were locked recently", judge=base_age),
    Check(name="sbom", asks="there is a bill of materials", judge=sbom),
    Check(name="provenance", asks="there is a statement of how it was built", judge=provenance),
    Check(name="licences", asks="no package is under a licence that the policy denies", judge=licences),
    Check(name="secrets", asks="nothing in it looks like a secret", judge=secrets),
    Check(name="size", asks="its layers are not larger than the policy allows", judge=size),
    Check(name="seed-provenance", asks="it is known what the graph was made from", judge=seed_provenance),
)  # fmt: skip
NAMES = tuple(check.name for check in CHECKS)
