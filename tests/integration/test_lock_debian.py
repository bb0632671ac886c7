"""Apt itself, on a small Debian repository of the test's own: the mirror is a folder, so it can be changed."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path

import pytest

from kgshare.cache import Cache, fetch
from kgshare.doors.process import run, which
from kgshare.errors import FetchError, LockError
from kgshare.lock.apt import Apt, Here
from kgshare.lock.debian import resolve_debian
from kgshare.lock.model import ArchLock, DebianSet, Lock
from kgshare.lock.needs import Needs
from kgshare.lock.outdated import debian_behind
from kgshare.progress import Progress

pytestmark = pytest.mark.skipif(not (which("apt-get") and which("dpkg-deb")), reason="no apt here")
QUIET = Progress(quiet=True)


@dataclasses.dataclass
class Mirror:
    """A Debian repository in a folder; ``put`` adds a package, ``drop`` removes it, as a point release does."""

    root: Path
    suite: str = "trixie"
    records: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    def put(self, name: str, version: str, depends: str = "", arch: str = "amd64", more: str = "") -> None:
        tree = self.root / "trees" / f"{name}_{version}_{arch}"
        (tree / "DEBIAN").mkdir(parents=True)
        control = (
            f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: T <t@localhost>\n{more}"
        )
        control += (f"Depends: {depends}\n" if depends else "") + "Description: test\n"
        (tree / "DEBIAN" / "control").write_text(control)
        file = self.root / "pool" / f"{tree.name}.deb"
        file.parent.mkdir(exist_ok=True)
        run(["dpkg-deb", "--build", "--root-owner-group", tree, file])
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self.records[name, arch] = (
            control + f"Filename: pool/{file.name}\nSize: {file.stat().st_size}\nSHA256: {sha256}\n"
        )
        self.publish()

    def drop(self, name: str) -> None:
        self.records = {key: record for key, record in self.records.items() if key[0] != name}
        self.publish()

    def publish(self) -> None:
        sums = ""
        for arch in ("amd64", "arm64"):
            rows = [record for (_, its), record in self.records.items() if its in {arch, "all"}]
            file = self.root / "dists" / self.suite / "main" / f"binary-{arch}" / "Packages"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(rows))
            sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            sums += f" {sha256} {file.stat().st_size} main/binary-{arch}/Packages\n"
        release = f"Origin: Debian\nSuite: {self.suite}\nCodename: {self.suite}\nArchitectures: amd64 arm64\nComponents: main\n"
        (self.root / "dists" / self.suite / "Release").write_text(release + "SHA256:\n" + sums)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    found = Mirror(tmp_path / "mirror")
    found.put("libc", "1.0")
    found.put("runtime", "1:2.0-1", "libc (>= 1.0), dpkg")
    found.put("page", "3.0", "runtime", more="Source: pages (9.9)\n")
    found.put("shelly", "1.0", "wrapper")
    found.put("wrapper", "1.0", "bash")
    found.put("bash", "5.2", "libc")
    found.put("runtime", "1:2.0-1", "libc (>= 1.0)", arch="arm64")
    found.put("libc", "1.0", arch="arm64")
    return found


@pytest.fixture
def here(mirror: Mirror, tmp_path: Path) -> Here:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "sources.list").write_text(f"deb [trusted=yes] file:{mirror.root} bookworm main\n")
    return Here(etc=etc)


def needs(**names: str) -> dict[DebianSet, tuple[str, ...]]:
    sets: tuple[DebianSet, ...] = ("toolbox", "database", "application")
    return {which: tuple(names.get(which, "libc").split()) for which in sets}


def locked(apt: Apt, **names: str) -> Lock:
    return Lock(
        manifest="", epoch=0, suite="trixie", python="3.13", java="21", resolvers={}, jars={}, npm=(),
        archs={apt.arch: ArchLock(debian=resolve_debian(apt, needs(**names)), wheels={})},
    )  # fmt: skip


@pytest.fixture
def apt(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apt:
    monkeypatch.setattr("kgshare.lock.debian.runner_of_this_machine", lambda: here)
    return Apt(tmp_path / "cache" / "apt" / "trixie-amd64", "trixie", "amd64", here)


def test_a_base_is_what_it_names_and_all_that_depends_but_not_what_is_left_out(apt: Apt) -> None:
    packages = resolve_debian(apt, needs(database="page"))["database"]
    assert [(p.name, p.version, p.source) for p in packages] == [
        ("libc", "1.0", "libc"), ("page", "3.0", "pages"), ("runtime", "1:2.0-1", "runtime"),
    ]  # fmt: skip


def test_another_architecture_is_resolved_without_running_anything_of_it(here: Here, tmp_path: Path) -> None:
    other = Apt(tmp_path / "arm", "trixie", "arm64", here)
    packages = resolve_debian(other, needs(database="runtime"))["database"]
    assert {package.architecture for package in packages} == {"arm64"}


def test_a_shell_that_comes_along_is_refused_with_its_chain_and_let_into_the_toolbox(apt: Apt) -> None:
    with pytest.raises(LockError, match="the database base would contain bash: shelly → wrapper → bash"):
        resolve_debian(apt, needs(database="shelly"))
    assert "bash" in {p.name for p in resolve_debian(apt, needs(toolbox="shelly"))["toolbox"]}


def test_an_unknown_package_is_named(apt: Apt) -> None:
    with pytest.raises(LockError, match="Unable to locate package no-such-thing"):
        resolve_debian(apt, needs(database="no-such-thing"))


def test_a_mirror_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    etc = tmp_path / "nowhere"
    etc.mkdir()
    (etc / "sources.list").write_text("deb [trusted=yes] http://127.0.0.1:9/debian trixie main\n")
    with pytest.raises(LockError, match="the package lists of Debian trixie could not be fetched"):
        resolve_debian(Apt(tmp_path / "apt", "trixie", "amd64", Here(etc=etc)), needs())


def test_what_is_locked_is_fetched_once_and_then_no_network_is_asked(
    apt: Apt, mirror: Mirror, tmp_path: Path
) -> None:
    lock, cache = locked(apt, database="page"), Cache(tmp_path / "cache")
    first = fetch(lock, "amd64", cache, progress=QUIET, locked=True)
    mirror.drop("page")
    again = fetch(lock, "amd64", cache, progress=QUIET, locked=True, offline=True)
    assert (first.fetched, again.fetched) == (3, 0)
    package = lock.archs["amd64"].debian["database"][1]
    assert again.path(package).stat().st_size == package.size


def test_a_version_that_has_gone_is_locked_anew_alone_and_loudly(
    apt: Apt, mirror: Mirror, tmp_path: Path
) -> None:
    lock, cache, said = (
        locked(apt, database="page", toolbox="runtime"),
        Cache(tmp_path / "cache"),
        io.StringIO(),
    )
    mirror.put("extra", "0.1")
    mirror.put("runtime", "1:2.0-2", "libc, extra")
    got = fetch(lock, "amd64", cache, progress=Progress(said), locked=False)
    assert got.anew == (
        "toolbox: extra (none) → 0.1", "toolbox: runtime 1:2.0-1 → 1:2.0-2",
        "database: extra (none) → 0.1", "database: runtime 1:2.0-1 → 1:2.0-2",
    )  # fmt: skip
    assert all(f"locked anew: {line}" in said.getvalue() for line in got.anew)
    assert fetch(got.lock, "amd64", cache, progress=QUIET, locked=True, offline=True).fetched == 0


def test_with_locked_a_version_that_has_gone_stops_the_build_and_is_named(
    apt: Apt, mirror: Mirror, tmp_path: Path
) -> None:
    lock = locked(apt, database="page")
    mirror.put("libc", "1.1")
    with pytest.raises(FetchError) as caught:
        fetch(lock, "amd64", Cache(tmp_path / "cache"), progress=QUIET, locked=True)
    assert [p.message for p in caught.value.problems] == ["the Debian mirror no longer has libc 1.0 (trixie)"]
    assert "cache import" in caught.value.problems[0].hint


def test_the_same_version_with_other_content_is_refused(apt: Apt, mirror: Mirror, tmp_path: Path) -> None:
    lock = locked(apt)
    package = dataclasses.replace(lock.archs["amd64"].debian["database"][0], sha256="0" * 64)
    part = dataclasses.replace(lock.archs["amd64"], debian=dict.fromkeys(needs(), (package,)))
    with pytest.raises(FetchError, match=r"libc 1\.0 .* has another SHA-256 than is locked"):
        fetch(
            dataclasses.replace(lock, archs={"amd64": part}),
            "amd64",
            Cache(tmp_path / "c"),
            progress=QUIET,
            locked=False,
        )


def test_what_is_behind_is_told_with_the_sets_it_is_in_and_whether_it_is_a_security_update(
    apt: Apt, mirror: Mirror, here: Here, tmp_path: Path
) -> None:
    old = locked(apt, database="page", application="page")
    wanted = needs(database="page", application="page")
    asked = Needs(debian=wanted, wheels={}, jars={}, npm={}, neo4j="5.26.30")
    assert debian_behind(old, asked, tmp_path / "cache") == []
    security = Mirror(mirror.root, suite="trixie-security")
    security.put("libc", "1.0+deb13u1")
    mirror.put("page", "3.1", "runtime")
    sources = here.etc / "sources.list"
    sources.write_text(sources.read_text() + sources.read_text().replace("bookworm", "bookworm-security"))
    found = debian_behind(old, asked, tmp_path / "cache")
    assert [(row.name, row.locked, row.newest, row.security) for row in found] == [
        ("libc", "1.0", "1.0+deb13u1", True),
        ("page", "3.0", "3.1", False),
    ]
    assert found[0].parts == ("debian.application amd64", "debian.database amd64", "debian.toolbox amd64")
    assert found[1].text() == "page 3.0 → 3.1  debian.application amd64, debian.database amd64"
