"""The scanners that kgshare knows: which one is here, what it is known by without starting it, and one scan with it."""

from __future__ import annotations

import dataclasses
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from kgshare.doors.process import CommandFailed, CommandMissing, last_lines, which
from kgshare.errors import UsageError
from kgshare.scan import osv, others
from kgshare.scan.model import ScanResult, ScanStatus, not_scanned
from kgshare.scan.packages import Asked
from kgshare.shown import printable

Scan = Callable[[str, Asked], ScanResult]
SCANNERS: Mapping[str, Scan] = {osv.PROGRAM: osv.scan, others.GRYPE: others.grype, others.TRIVY: others.trivy}
STALE = 30  # days after which a database is called stale where it is asked
NONE_HERE = f"no scanner is installed ({', '.join(SCANNERS)})"
CHOICE, NONE = "KGSHARE_SCANNER", "none"  # which one is asked where none is named; `none`: nobody is


def to_stderr(text: str) -> None:
    """Show what a scanner printed to whoever started it."""
    print(printable(text), file=sys.stderr, flush=True)


def chosen(name: str = "") -> tuple[str, str] | None:
    """Name and program of the scanner that is asked for, or of the first that is here; None where there is none.

    Without a name, ``KGSHARE_SCANNER`` says which one.

    Raises:
        UsageError: kgshare does not know that one.
    """
    name = name or os.environ.get(CHOICE, "")
    if name == NONE:
        return None
    if name and name not in SCANNERS:
        raise UsageError(f"kgshare knows no scanner {name}", hint=f"it knows {', '.join(SCANNERS)}")
    for known in (name,) if name else SCANNERS:
        if program := which(known):
            return known, program
    return None


def identity() -> str:
    """What another scan would depend on beside what is scanned: the program, and its local database, by their file's sizes and times.

    Where the database is not on this machine, or not at a known place, a scan is made anew every week.
    """
    found = chosen()
    if found is None:
        return ""
    name, program = found
    local = sorted(osv.databases().values()) if name == osv.PROGRAM else []
    stamps = [f"{file} {(s := file.stat()).st_size} {s.st_mtime_ns}" for file in (Path(program), *local)]
    year, week, _ = datetime.now(UTC).isocalendar()
    return "; ".join([name, *stamps, *([] if local else [f"{year}-W{week:02}"])])


def scan(asked: Asked, name: str = "", say: Callable[[str], None] = to_stderr) -> ScanResult:
    """Scan; whatever keeps a scanner from its work is a status with its reason, never a result without findings.

    The result travels in bundles, so what a scanner printed, which may name folders, proxies and their passwords, is only
    handed to ``say``.

    Raises:
        UsageError: kgshare does not know that scanner.
    """
    found = chosen(name)
    if found is None:
        name = name or os.environ.get(CHOICE, "")
        off = f"{CHOICE} is {NONE}" if name == NONE else f"{name} is not installed" if name else NONE_HERE
        return not_scanned(off)
    if not asked.packages:
        reason = "; ".join(("nothing in it is of a kind that a scanner is asked about", *asked.unasked))
        return not_scanned(reason, ScanStatus.NO_PACKAGE)
    scanner, program = found
    try:
        result = SCANNERS[scanner](program, asked)
    except CommandFailed as error:
        say(f"{scanner}: {last_lines(error.output, 3) or 'it printed nothing'}")
        return not_scanned(f"{scanner} ended with exit code {error.code}", ScanStatus.FAILED)
    except (CommandMissing, OSError, zipfile.BadZipFile) as error:
        say(f"{scanner}: {error}")
        return not_scanned(f"{scanner} could not be asked: {type(error).__name__}", ScanStatus.FAILED)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        say(f"{scanner}: {error}")
        reason = f"what {scanner} printed is not what it is documented to print: {type(error).__name__}"
        return not_scanned(reason, ScanStatus.FAILED)
    return _stale(_with_unasked(result, asked))


def _with_unasked(result: ScanResult, asked: Asked) -> ScanResult:
    """The result with what the scanner was not even asked about."""
    if not result.looked or not asked.unasked:
        return result
    left_out = (*result.left_out, *asked.unasked)
    return dataclasses.replace(result, status=ScanStatus.PARTLY, left_out=left_out)


def _stale(result: ScanResult) -> ScanResult:
    """The result, called stale where its database was old when it was asked."""
    if not result.looked or result.scanned is None:
        return result
    age = result.age(result.scanned.date())
    if age <= STALE:
        return result
    reason = f"its database of {result.database} is {age} days old"
    return dataclasses.replace(result, status=ScanStatus.STALE, reason=reason)
