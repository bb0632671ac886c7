"""Make a base: mmdebstrap unpacks the locked packages, `kgshare.base.tree` decides what stays, one tar comes out."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from debian.debfile import DebFile

from kgshare.aside import aside
from kgshare.base.spec import BaseSpec
from kgshare.base.tree import Entry, Kind, base_tree, record_name, refuse
from kgshare.doors.process import CommandFailed, CommandMissing, run, which
from kgshare.errors import BuildError
from kgshare.lock.model import Arch, DebianPackage

CONTAINER = "debian:trixie-slim"
REPOSITORY, UNPACKED = "repository", "unpacked.tar"
_LONGEST_CONTROL = 1 << 20


def make_base(
    packages: Sequence[DebianPackage],
    debs: Callable[[DebianPackage], Path],
    *,
    spec: BaseSpec,
    epoch: int,
    arch: Arch,
    out: Path,
) -> None:
    """Make a base from locked packages; same packages, spec and epoch: same bytes. No network.

    Args:
        packages: all of them, dependencies included: nothing is resolved here.
        debs: where the verified file of each stands.
        spec: which base it is.
        epoch: no file in it is younger (seconds since 1970).
        arch: what its packages are for; nothing of theirs is run, so any machine makes any.
        out: the tar to write.

    Raises:
        BuildError: mmdebstrap failed, or the packages hold what the base must not.
    """
    with tempfile.TemporaryDirectory(prefix="kgshare-base-") as folder:
        work = Path(folder)
        work.chmod(0o755)  # mmdebstrap may run as another user of a namespace of its own
        _lay_out(packages, debs, work / REPOSITORY)
        _unpack(packages, spec, epoch, arch, work)
        records = {record_name(package.name): control_of(debs(package)) for package in packages}
        with aside(out) as path:
            write_base(work / UNPACKED, path, spec, records, epoch)


def _lay_out(
    packages: Sequence[DebianPackage], debs: Callable[[DebianPackage], Path], repository: Path
) -> None:
    repository.mkdir(mode=0o755)
    for package in packages:
        target = repository / deb_name(package)
        shutil.copyfile(debs(package), target)
        target.chmod(0o644)
    index = repository / "Packages"
    index.write_text(packages_index(packages))
    index.chmod(0o644)


def deb_name(package: DebianPackage) -> str:
    """A file name without the colon of an epoch, which apt would write as %3a."""
    return f"{package.name}_{package.version.replace(':', '.')}_{package.architecture}.deb"


def packages_index(packages: Sequence[DebianPackage]) -> str:
    """The index of a flat repository (Debian repository format) of exactly these files.

    Dependencies are left out of it on purpose: the lock has resolved them, and what it left out (dpkg, perl, …) must
    not be asked for again.
    """
    return "\n".join(
        f"Package: {p.name}\nVersion: {p.version}\nArchitecture: {p.architecture}\nMaintainer: unknown\n"
        f"Filename: ./{deb_name(p)}\nSize: {p.size}\nSHA256: {p.sha256}\nDescription: {p.name}\n"
        for p in sorted(packages)
    )


def mmdebstrap_argv(packages: Sequence[DebianPackage], suite: str, arch: Arch, work: str) -> list[str]:
    """The one command that unpacks: from the folder ``work``/repository into ``work``/unpacked.tar, nothing is run.

    The repository is trusted because every file in it was compared with the lock.
    """
    names = ",".join(f"{p.name}={p.version}" for p in sorted(packages))
    return [
        "mmdebstrap", "--quiet", "--variant=extract", f"--architectures={arch}", f"--include={names}",
        "--skip=check/empty,check/qemu", "--format=tar", suite, f"{work}/{UNPACKED}",
        f"deb [trusted=yes] copy:{work}/{REPOSITORY} ./",
    ]  # fmt: skip


def in_container(argv: Sequence[str], work: Path, epoch: int) -> list[str]:
    """The same command in a Debian container, for a machine that is not Debian; the folder is mounted as /base."""
    script = 'apt-get -qq update && apt-get -qq install --yes --no-install-recommends mmdebstrap >/dev/null && exec "$@"'
    return [
        "docker", "run", "--rm", "--env", f"SOURCE_DATE_EPOCH={epoch}", "--cap-add=SYS_ADMIN",
        "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
        "--mount", f"type=bind,source={work},target=/base", CONTAINER, "sh", "-c", script, "sh", *argv,
    ]  # fmt: skip


def without_root(argv: Sequence[str]) -> list[str]:
    """The same command for a user who is not root, and need not have other users' numbers to lend (newuidmap)."""
    program, *words = argv
    return ["fakeroot", program, "--mode=chrootless", *words]


def _unpack(packages: Sequence[DebianPackage], spec: BaseSpec, epoch: int, arch: Arch, work: Path) -> None:
    suite = packages[0].suite.partition("-")[0] if packages else "trixie"
    here = sys.platform == "linux" and which("mmdebstrap") and which("apt-get")
    argv = mmdebstrap_argv(packages, suite, arch, str(work) if here else "/base")
    if not here:
        argv = in_container(argv, work, epoch)
    elif os.geteuid() != 0 and which("fakeroot"):
        argv = without_root(argv)
    try:
        run(argv, env={"SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C"})
    except CommandMissing as error:
        raise BuildError(
            f"the {spec.name} base is made with mmdebstrap, and {error.program} is not here",
            hint="install mmdebstrap (Debian, Ubuntu), or Docker: it then runs in a Debian container",
        ) from None
    except CommandFailed as error:
        raise BuildError(
            f"mmdebstrap could not unpack the {spec.name} base: {error.output.strip()[-1500:]}"
        ) from None


def control_of(deb: Path) -> str:
    """A package's control stanza as it stands in the .deb, with the status line that scanners ask for."""
    content = DebFile(str(deb)).control.get_content("control")
    text = content.decode() if isinstance(content, bytes) else str(content)
    if len(text) > _LONGEST_CONTROL:
        raise BuildError(f"{deb.name}: its control file is longer than any package's")
    first, _, rest = text.strip().partition("\n")
    return f"{first}\nStatus: install ok installed\n{rest}\n"


def write_base(unpacked: Path, out: Path, spec: BaseSpec, records: dict[str, str], epoch: int) -> None:
    """Write the base's tar from the tar of what was unpacked.

    Raises:
        BuildError: it holds what a base of that kind must not; every such path is named.
    """
    with tarfile.open(unpacked) as source:
        members = {path: member for member in source if (path := _path(member))}
        entries = [_entry(member, path) for path, member in members.items() if not member.isdev()]
        tree = base_tree(entries, spec, records)
        if problems := refuse(tree, spec):
            raise BuildError(*problems)
        with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as target:
            for entry in tree:
                before = members.get(entry.path)
                _add(source, target, entry, before, min(epoch, int(before.mtime)) if before else epoch)
    os.utime(out, (epoch, epoch))


def _path(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix(".").strip("/")


def _entry(member: tarfile.TarInfo, path: str) -> Entry:
    kind: Kind = "file"
    if member.isdir():
        kind = "folder"
    elif member.issym():
        kind = "link"
    elif member.islnk():
        kind = "hardlink"
    target = member.linkname.removeprefix("./") if kind == "hardlink" else member.linkname
    return Entry(path=path, kind=kind, mode=member.mode, target=target)


def _add(
    source: tarfile.TarFile, target: tarfile.TarFile, entry: Entry, before: tarfile.TarInfo | None, mtime: int
) -> None:
    types = {
        "file": tarfile.REGTYPE,
        "folder": tarfile.DIRTYPE,
        "link": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
    }
    info = tarfile.TarInfo(entry.path)
    info.type, info.mode, info.uid, info.gid, info.mtime = (
        types[entry.kind],
        entry.mode,
        entry.uid,
        entry.gid,
        mtime,
    )
    info.linkname = entry.target
    if entry.kind != "file":
        return target.addfile(info)
    if entry.content is not None:
        info.size = len(entry.content)
        return target.addfile(info, io.BytesIO(entry.content))
    assert before is not None
    info.size = before.size
    return target.addfile(info, source.extractfile(before))
