"""A small lock for the tests of the lock stage: every kind of input, versions that sort awkwardly."""

from __future__ import annotations

import hashlib

from kgshare.lock.model import ArchLock, DebianPackage, Jar, Lock, NpmPackage, Wheel


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def deb(name: str, version: str, suite: str = "trixie") -> DebianPackage:
    return DebianPackage(
        name=name,
        version=version,
        suite=suite,
        architecture="amd64",
        sha256=sha(name + version),
        size=10,
        source=name,
    )


def jar(artifact: str, version: str, classifier: str = "") -> Jar:
    name = f"{artifact}{version}{classifier}"
    return Jar(
        group="org.example",
        artifact=artifact,
        version=version,
        classifier=classifier,
        sha256=sha(name),
        size=20,
    )


def wheel(name: str, version: str) -> Wheel:
    filename = f"{name}-{version}-py3-none-any.whl"
    return Wheel(name=name, version=version, filename=filename, sha256=sha(filename), size=30)


def lock() -> Lock:
    return Lock(
        manifest=sha("manifest"), epoch=1_790_000_000, suite="trixie", python="3.13", java="21",
        resolvers={"maven": "jgo 3.2.0", "debian": "apt", "python": "pip 26.3"},
        jars={"database": (jar("neo4j", "5.26.30"), jar("netty", "4.1", "linux-x86_64")), "plugins": ()},
        npm=(NpmPackage(name="@scope/chart", version="1.0.0", integrity="sha512-AAAA", sha256=sha("chart"), size=40),),
        archs={
            "amd64": ArchLock(
                debian={
                    "toolbox": (deb("bash", "5.2"), deb("libc6", "2.41-12")),
                    "database": (deb("libc6", "2.41-12"), deb("zlib1g", "1:1.3", "trixie-security")),
                    "application": (deb("libc6", "2.41-12"),),
                },
                wheels={"seed": (wheel("neo4j", "6.0"), wheel("numpy", "2.3")), "application": (wheel("neo4j", "6.0"),)},
            )
        },
        needs={"debian": "d", "jars": "j", "npm": "n", "wheels.seed": "s", "wheels.application": "a"},
    )  # fmt: skip
