from __future__ import annotations

import dataclasses

from tests.unit import lock_example as example

from kgshare.lock.diff import diff


def test_equal_locks_do_not_differ_whatever_clock_and_clients_made_them() -> None:
    later = dataclasses.replace(example.lock(), epoch=1, resolvers={"maven": "jgo 9"})
    assert diff(example.lock(), later).text() == "no input differs"


def test_another_version_a_new_input_a_lost_one_and_another_file_are_told_apart() -> None:
    old = example.lock()
    netty = old.jars["database"][1]
    jars = (
        example.jar("neo4j", "5.26.31"),
        dataclasses.replace(netty, sha256="f" * 64),
        example.jar("asm", "9.7"),
    )
    part = old.archs["amd64"]
    wheels = {**part.wheels, "seed": part.wheels["seed"][:1]}
    new = dataclasses.replace(
        old, jars={**old.jars, "database": jars}, archs={"amd64": dataclasses.replace(part, wheels=wheels)}
    )
    assert diff(old, new).text().splitlines() == [
        "4 inputs differ; none is a security update",
        "",
        "jars.database",
        "- org.example:asm 9.7 (new)",
        "- org.example:neo4j 5.26.30 → 5.26.31",
        f"- org.example:netty:linux-x86_64 4.1 ({netty.sha256[:12]}) → 4.1 (ffffffffffff)",
        "",
        "wheels.seed amd64",
        "- numpy 2.3 → (gone)",
    ]


def test_a_version_of_debians_security_suite_is_called_a_security_update_and_counted_once() -> None:
    old = example.lock()
    part = old.archs["amd64"]
    libc = example.deb("libc6", "2.41-12+deb13u1", "trixie-security")
    debian = {**part.debian, "database": (libc, part.debian["database"][1]), "application": (libc,)}
    found = diff(old, dataclasses.replace(old, archs={"amd64": dataclasses.replace(part, debian=debian)}))
    assert [(c.part, c.security) for c in found.changes] == [
        ("debian.application amd64", True),
        ("debian.database amd64", True),
    ]
    assert found.headline() == "1 input differs; security updates: libc6"
    assert "- libc6 2.41-12 → 2.41-12+deb13u1 (security)" in found.text()
