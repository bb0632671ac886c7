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
        "jars.database: org.example:asm 9.7 (new)",
        "jars.database: org.example:neo4j 5.26.30 → 5.26.31",
        f"jars.database: org.example:netty:linux-x86_64 4.1 ({netty.sha256[:12]}) → 4.1 (ffffffffffff)",
        "wheels.seed amd64: numpy 2.3 → (gone)",
    ]
