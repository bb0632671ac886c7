"""jgo, pip and npm themselves, on repositories of the test's own on loopback: nothing outside is asked."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.lock_servers import maven_artifact, maven_versions, npm_package, serve
from tests.unit import lock_example
from tests.unit.evidence_example import EXAMPLE

from kgshare.cache import Cache, fetch, sha256_of
from kgshare.errors import FetchError, LockError
from kgshare.lock.maven import Coordinate, fetch_jars, maven, resolve_jars
from kgshare.lock.model import ArchLock, Jar, Lock, NpmPackage, Wheel
from kgshare.lock.needs import Needs
from kgshare.lock.npm import pack
from kgshare.lock.outdated import answer, maven_behind, npm_behind, python_behind
from kgshare.lock.wheels import fetch_wheels, resolve_wheels
from kgshare.progress import Progress
from kgshare.project.model import Application

QUIET = Progress(quiet=True)


def lock(
    jars: tuple[Jar, ...] = (), npm: tuple[NpmPackage, ...] = (), wheels: tuple[Wheel, ...] = ()
) -> Lock:
    part = ArchLock(debian={}, wheels={"seed": wheels})
    return Lock(
        manifest="", epoch=0, suite="trixie", python="3.13", java="21", resolvers={}, jars={"database": jars}, npm=npm,
        archs={"amd64": part},
    )  # fmt: skip


# --- Maven ---

REPOSITORY = {
    **maven_artifact(
        "org.example", "server", "2.0", "org.example:core:1.0:compile", "org.example:tests:1.0:test"
    ),
    **maven_artifact(
        "org.example", "core", "1.0", "org.example:log:1.2:runtime", "org.example:api:1.0:provided"
    ),
    **maven_artifact("org.example", "log", "1.2"),
    **maven_versions("org.example", "server", "1.9.0", "2.0", "2.1"),
}
JARS = [
    Coordinate(group="org.example", artifact=a, version=v)
    for a, v in (("core", "1.0"), ("log", "1.2"), ("server", "2.0"))
]


def test_jars_are_what_runs_and_not_what_tests_or_others_provide(tmp_path: Path) -> None:
    with serve(REPOSITORY) as (address, asked):
        assert resolve_jars(maven(tmp_path, {"test": address}), ["org.example:server:2.0"]) == JARS
    assert not [path for path in asked if path.endswith(".jar")]


def test_an_unknown_version_is_told_with_those_there_are(tmp_path: Path) -> None:
    with serve(REPOSITORY) as (address, _), pytest.raises(LockError) as caught:
        resolve_jars(maven(tmp_path, {"test": address}), ["org.example:server:2.7"])
    (problem,) = caught.value.problems
    assert problem.message == "there is no version 2.7 of org.example:server"
    assert problem.hint == "there are 2.0, 2.1; set it in kgshare.yaml"


def test_a_repository_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="no Maven repository answers"):
        resolve_jars(maven(tmp_path, {"test": "http://127.0.0.1:9"}), ["org.example:server:2.0"])


def test_a_jar_that_is_not_what_its_repository_says_is_not_taken(tmp_path: Path) -> None:
    files = {**REPOSITORY, "org/example/log/1.2/log-1.2.jar.sha1": b"0" * 40}
    took: list[Path] = []
    with serve(files) as (address, _):
        problems = fetch_jars(maven(tmp_path, {"test": address}), JARS, lambda _, file: took.append(file))
    assert [str(p) for p in problems] == [
        "org.example:log:1.2: org.example:log:jar:1.2: what came is not what its repository's checksum says"
    ]
    assert len(took) == 2
    assert not list(tmp_path.rglob("*.jar"))


@pytest.fixture
def jgo_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """jgo's own configuration names the test's repository in place of its usual one."""
    files = dict(REPOSITORY)
    with serve(files) as (address, _):
        (tmp_path / "jgo.conf").write_text(f"[repositories]\ncentral = {address}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
        yield files


def test_locked_jars_are_fetched_by_the_users_own_mirror_and_those_that_differ_are_all_named(
    tmp_path: Path, jgo_configuration: dict[str, bytes]
) -> None:
    def jar(coordinate: Coordinate, sha256: str = "") -> Jar:
        body = REPOSITORY[
            f"org/example/{coordinate.artifact}/{coordinate.version}/{coordinate.artifact}-{coordinate.version}.jar"
        ]
        sha256 = sha256 or hashlib.sha256(body).hexdigest()
        return Jar(group="org.example", artifact=coordinate.artifact, version=coordinate.version, classifier="",
                   sha256=sha256, size=len(body))  # fmt: skip

    cache = Cache(tmp_path / "cache")
    good = lock(jars=tuple(jar(c) for c in JARS))
    inputs = fetch(good, "amd64", cache, progress=QUIET, locked=True)
    assert [sha256_of(inputs.path(item)) for item in good.jars["database"]] == [
        i.sha256 for i in good.jars["database"]
    ]
    bad = lock(jars=(jar(JARS[0], "1" * 64), jar(JARS[1], "2" * 64), lock_example.jar("absent", "1.0")))
    with pytest.raises(FetchError) as caught:
        fetch(bad, "amd64", cache, progress=QUIET, locked=True)
    told = [problem.message for problem in caught.value.problems]
    assert len(told) == 3
    assert told[0].startswith("org.example:absent:1.0: no Maven repository has")
    assert told[1].startswith("org.example:core:1.0: core-1.0.jar has SHA-256")


def test_an_artifact_behind_is_told_with_the_newest_of_its_line_and_of_all(tmp_path: Path) -> None:
    def behind(version: str) -> list[tuple[str, str]]:
        coordinates = {("org.example", "server"): (version, "neo4j.version")}
        return [(row.newest, row.beyond) for row in maven_behind(coordinates, tmp_path)]

    listed = maven_versions(
        "org.example", "server", "1.9.0", "2.0", "2.1.7", "2.1.10", "2.2.0-beta1", "3.0.1"
    )
    with serve(listed) as (address, _):
        (tmp_path / "jgo.conf").write_text(f"[repositories]\ncentral = {address}\n")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
            found = {version: behind(version) for version in ("2.1.7", "2.1.10", "2.0", "3.0.1")}
    assert found == {
        "2.1.7": [("2.1.10", "3.0.1")],
        "2.1.10": [("", "3.0.1")],
        "2.0": [("", "3.0.1")],
        "3.0.1": [],
    }


# --- pip ---


def build_wheel(folder: Path, name: str, version: str, *requires: str, tag: str = "py3-none-any") -> Path:
    file = folder / f"{name}-{version}-{tag}.whl"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {r}\n" for r in requires
    )
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{info}/METADATA", meta)
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip as a user without an index has it: one folder of wheels."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for version, arch in (("1.0", "x86_64"), ("1.0", "aarch64"), ("1.1", "aarch64")):
        build_wheel(folder, "fast", version, tag=f"cp313-cp313-manylinux_2_28_{arch}")
    markers = ("newer; python_version >= '3.13'", "older; python_version < '3.13'", "win; sys_platform == 'win32'",
               "fast; platform_machine == 'aarch64'")  # fmt: skip
    build_wheel(folder, "asks", "2.0", *markers)
    for name in ("newer", "older", "win"):
        build_wheel(folder, name, "1.0")
    build_wheel(folder, "elsewhere", "1.0", tag="cp312-cp312-win_amd64")
    return folder


@pytest.mark.parametrize(
    ("arch", "expected"),
    [("amd64", ["asks 2.0", "newer 1.0"]), ("arm64", ["asks 2.0", "fast 1.1", "newer 1.0"])],
)
def test_wheels_and_markers_are_those_of_the_target_and_not_of_this_python(
    wheelhouse: Path, arch: str, expected: list[str]
) -> None:
    found = resolve_wheels(["asks"], "3.13", arch)  # type: ignore[arg-type]
    assert [f"{wheel.name} {wheel.version}" for wheel in found] == expected


def test_a_package_without_a_wheel_for_the_target_is_named(wheelhouse: Path) -> None:
    with pytest.raises(LockError, match=r"there is no wheel of elsewhere for CPython 3\.13 on Linux x86_64"):
        resolve_wheels(["asks", "elsewhere"], "3.13", "amd64")


def test_locked_wheels_are_fetched_and_one_that_was_replaced_is_refused(
    wheelhouse: Path, tmp_path: Path
) -> None:
    found = resolve_wheels(["asks"], "3.13", "amd64")
    (tmp_path / "got").mkdir()
    fetch_wheels(found, "3.13", "amd64", tmp_path / "got")
    assert {sha256_of(f) for f in (tmp_path / "got").glob("*.whl")} == {wheel.sha256 for wheel in found}
    build_wheel(wheelhouse, "newer", "1.0", "something-else")
    wheels = tuple(
        Wheel(name=w.name, version=w.version, filename=w.filename, sha256=w.sha256, size=1) for w in found
    )
    with pytest.raises(FetchError, match=r"newer-1\.0-py3-none-any\.whl could not be fetched"):
        fetch(lock(wheels=wheels), "amd64", Cache(tmp_path / "cache"), progress=QUIET, locked=True)


def test_a_wheel_behind_is_told_for_each_set_and_an_index_out_of_reach_is_said(
    wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Wheel(name="fast", version="1.0", filename="f", sha256="0" * 64, size=1)
    part = ArchLock(debian={}, wheels={"seed": (old,), "application": (old,)})
    locked = dataclasses.replace(lock(), archs={"arm64": part})
    needs = Needs(
        debian={}, wheels={"seed": ("fast",), "application": ("fast",)}, jars={}, npm={}, neo4j="5.26.30"
    )
    [row] = python_behind(locked, needs)
    assert (row.name, row.locked, row.newest) == ("fast", "1.0", "1.1")
    assert row.parts == ("wheels.application arm64", "wheels.seed arm64")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheelhouse / "gone"))
    said = answer(("Python", 1, lambda: python_behind(locked, needs)), QUIET)
    assert said.text().startswith(
        "Python: not known: there is no wheel of fast for CPython 3.13 on Linux aarch64"
    )


# --- npm ---


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """npm as a user of a private registry has it."""
    files: dict[str, bytes] = {}
    with serve(files) as (address, _):
        files |= npm_package("chart", "1.0.0", address) | npm_package("@scope/map", "2.0.0", address)
        for key, value in (("registry", address), ("cache", str(tmp_path / "npm")), ("fetch_retries", "0")):
            monkeypatch.setenv(f"npm_config_{key}", value)
        yield files


def test_npm_packages_come_with_the_integrity_that_the_registry_names(
    registry: dict[str, bytes], tmp_path: Path
) -> None:
    got = pack([("chart", "1.0.0"), ("@scope/map", "2.0.0")], tmp_path)
    expected = {
        name: json.loads(registry[name])["versions"][version]["dist"]["integrity"]
        for name, version in (("chart", "1.0.0"), ("@scope/map", "2.0.0"))
    }
    assert {name: integrity for name, _, integrity, _ in got} == expected
    digest = hashlib.sha512(got[0][3].read_bytes()).digest()
    assert got[0][2] == "sha512-" + base64.b64encode(digest).decode()


def test_a_tarball_that_was_altered_is_refused(registry: dict[str, bytes], tmp_path: Path) -> None:
    registry["chart/-/chart-1.0.0.tgz"] += b"more"
    with pytest.raises(LockError, match=r"npm could not fetch chart@1\.0\.0"):
        pack([("chart", "1.0.0")], tmp_path)


def test_a_package_that_was_published_again_with_other_content_is_not_what_was_locked(
    registry: dict[str, bytes], tmp_path: Path
) -> None:
    item = NpmPackage(name="chart", version="1.0.0", integrity="sha512-AAAA", sha256="0" * 64, size=1)
    with pytest.raises(FetchError, match="locked is sha512-AAAA"):
        fetch(lock(npm=(item,)), "amd64", Cache(tmp_path / "cache"), progress=QUIET, locked=True)


def test_an_unknown_npm_version_is_named(registry: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"npm could not fetch chart@9\.0\.0: .*chart@9\.0\.0"):
        pack([("chart", "9.0.0")], tmp_path)


def test_an_npm_package_behind_is_told_with_who_names_it_and_one_that_is_unknown_is_said(
    registry: dict[str, bytes],
) -> None:
    def package(name: str, version: str) -> NpmPackage:
        return NpmPackage(name=name, version=version, integrity="sha512-AAAA", sha256="0" * 64, size=1)

    manifest = EXAMPLE.model_copy(update={"application": Application(assets={"chart": "0.9.0"})})
    locked = lock(npm=(package("@scope/map", "1.0.0"), package("chart", "0.9.0")))
    assert [(row.name, row.newest, row.by) for row in npm_behind(manifest, locked)] == [
        ("@scope/map", "2.0.0", "a newer kgshare"),
        ("chart", "1.0.0", "kgshare.yaml"),
    ]
    assert list(npm_behind(manifest, lock(npm=(package("chart", "1.0.0"),)))) == []
    said = answer(("npm", 1, lambda: npm_behind(manifest, lock(npm=(package("absent", "1.0.0"),)))), QUIET)
    assert said.problem.startswith("npm tells no version of absent: ")
