"""Python wheels: resolved and fetched by pip for the bases' Python, whatever Python and system this machine has.

pip is called as its user has configured it (indexes, proxies, certificates).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from kgshare.doors.process import CommandFailed, run
from kgshare.errors import LockError, Problem
from kgshare.lock import pip_target
from kgshare.lock.model import Arch, Wheel

MACHINE: dict[Arch, str] = {"amd64": "x86_64", "arm64": "aarch64"}
# trixie has glibc 2.41; pip wants each tag named, older ones too (PEP 600).
GLIBC = ("2_41", "2_40", "2_39", "2_38", "2_37", "2_36", "2_35", "2_34", "2_33", "2_32", "2_31", "2_30", "2_29", "2_28",
         "2_27", "2_26", "2_25", "2_24", "2_17")  # fmt: skip
_NO_VERSION = re.compile(r"No matching distribution found for (?P<what>.+)")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One wheel that pip chose: its name, version, file and SHA-256."""

    name: str
    version: str
    filename: str
    sha256: str


def pip_version() -> str:
    """What the lock says of its resolver."""
    return f"pip {metadata.version('pip')}"


def environment(python: str, arch: Arch) -> dict[str, str]:
    """The marker environment (PEP 508) of CPython ``python`` on Debian ``arch``."""
    full = f"{python}.0"
    return {
        "implementation_name": "cpython", "implementation_version": full, "os_name": "posix",
        "platform_machine": MACHINE[arch], "platform_release": "", "platform_system": "Linux", "platform_version": "",
        "python_full_version": full, "platform_python_implementation": "CPython", "python_version": python,
        "sys_platform": "linux",
    }  # fmt: skip


def pip_argv(python: str, arch: Arch, *words: str) -> list[str]:
    """The command line of pip for the target; ``words`` are its command and what belongs to it."""
    machine = MACHINE[arch]
    abi = f"cp{python.replace('.', '')}"
    platforms = [f"manylinux_{glibc}_{machine}" for glibc in GLIBC] + [
        f"manylinux2014_{machine}",
        f"linux_{machine}",
    ]
    target = [f"--platform={platform}" for platform in platforms]
    target += [
        f"--python-version={python}",
        "--implementation=cp",
        f"--abi={abi}",
        "--abi=abi3",
        "--abi=none",
    ]
    command, *rest = words
    return [sys.executable, str(Path(pip_target.__file__)), json.dumps(environment(python, arch)), command,
            "--only-binary=:all:", "--disable-pip-version-check", "--no-input", *target, *rest]  # fmt: skip


def parse_report(text: str) -> list[Found]:
    """The wheels of pip's installation report, version 1 (pip.pypa.io, reference/installation-report), by name.

    Raises:
        LockError: a file without a SHA-256, or not a wheel.
    """
    found: list[Found] = []
    for item in json.loads(text)["install"]:
        name = canonicalize_name(item["metadata"]["name"])
        filename = item["download_info"]["url"].partition("#")[0].rpartition("/")[2].replace("%2B", "+")
        sha256 = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256", "")
        if not sha256 or not filename.endswith(".whl"):
            raise LockError(f"the index gives no wheel with a SHA-256 for {name}")
        found.append(Found(name=name, version=item["metadata"]["version"], filename=filename, sha256=sha256))
    return sorted(found, key=lambda wheel: wheel.name)


def resolve_wheels(
    requirements: Sequence[str], python: str, arch: Arch, like: Iterable[Wheel] = ()
) -> list[Found]:
    """The newest wheels for these requirements and all they need on the target.

    Args:
        requirements: what is wanted (PEP 508).
        python: as ``3.13``.
        arch: the target's.
        like: wheels of another architecture, whose versions are taken where the target has wheels of all of them.

    Raises:
        LockError: no wheel for that Python and platform, versions that contradict each other, or no index in reach.
    """
    if not requirements:
        return []
    if same := [f"{wheel.name}=={wheel.version}" for wheel in like]:
        try:
            return _resolved(requirements, python, arch, same)
        except LockError:
            pass  # one of them has no wheel for the target: then its own newest
    return _resolved(requirements, python, arch, [])


def _resolved(
    requirements: Sequence[str], python: str, arch: Arch, constraints: Sequence[str]
) -> list[Found]:
    with tempfile.TemporaryDirectory(prefix="kgshare-") as folder:
        report, limits = Path(folder) / "report.json", Path(folder) / "constraints.txt"
        limits.write_text("\n".join(constraints) + "\n", encoding="utf-8")
        argv = pip_argv(
            python, arch, "install", "--dry-run", "--ignore-installed", "--quiet", "--target", folder
        )
        try:
            said = ["--constraint", str(limits)] if constraints else []
            run([*argv, *said, "--report", report, *requirements], cwd=Path(folder))
        except CommandFailed as error:
            raise LockError(Problem(**explain(error.output, python, arch))) from None
        return parse_report(report.read_text(encoding="utf-8"))


def explain(output: str, python: str, arch: Arch) -> dict[str, str]:
    """What pip's output means, as the parts of a `Problem`."""
    target = f"CPython {python} on Linux {MACHINE[arch]}"
    if "NewConnectionError" in output or "ConnectTimeout" in output or "ProxyError" in output:
        return {
            "message": "pip's package index is out of reach",
            "hint": "is the network up? does `pip download` work?",
        }
    if match := _NO_VERSION.search(output):
        asked = match["what"]
        versions = re.search(r"\(from versions: (?P<list>[^)]*)\)", output)
        known = versions["list"] if versions else "none"
        told = "none" if known == "none" else ", ".join(known.split(", ")[-5:])
        return {
            "message": f"there is no wheel of {asked} for {target} (versions that have one: {told})",
            "hint": "only wheels are used: nothing is compiled in a build; choose a version that has one, "
            f"or leave linux/{arch} out where others are built for (`--platform`)",
        }
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = " ".join(
        line.removeprefix("ERROR: ") for line in lines if line.startswith(("ERROR", "The conflict"))
    ) or (lines[-1] if lines else "no reason given")
    return {"message": f"pip finds no set of wheels for {target}: {told}"}


def fetch_wheels(wheels: Iterable[Found | Wheel], python: str, arch: Arch, folder: Path) -> None:
    """Fetch exactly these wheels into ``folder``; pip compares each with its hash.

    Raises:
        CommandFailed: pip could not get one, or got another file.
    """
    lines = sorted({f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}" for wheel in wheels})
    asked = folder / "requirements.txt"
    asked.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = [
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--dest",
        str(folder),
        "--requirement",
        str(asked),
    ]
    run(pip_argv(python, arch, *words), cwd=folder)
