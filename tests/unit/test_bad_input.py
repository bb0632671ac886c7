"""What people start from and cannot be used: what it is, where, and what to do. What Neo4j says is quoted from 5.26.30."""

from __future__ import annotations

import pytest

from kgshare.errors import SeedError, StackError
from kgshare.project import Manifest
from kgshare.seeding.bolt import QueryFailed
from kgshare.seeding.dump import refused, unopened
from kgshare.seeding.scripts import hint_for
from kgshare.stack.kin import kin_of, require_kin

CREATION = "Neo.DatabaseError.Schema.ConstraintCreationFailed"
ADMINISTRATION = "Neo.ClientError.Statement.UnsupportedAdministrationCommand"


def manifest(*authors: str, labels: tuple[str, ...] = ("Bread",)) -> Manifest:
    return Manifest.model_validate(
        {
            "kgshare": 1, "name": "bakery", "version": "1.0", "description": "d", "licence": "CC0-1.0",
            "authors": [{"name": name} for name in authors], "identity": {"nodes": {label: ["name"] for label in labels}},
            "seed": [{"cypher": {"scripts": ["a.cypher"]}}],
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "code", "message", "hint"),
    [
        (
            "CREATE CONSTRAINT FOR (n:A) REQUIRE n.x IS NODE KEY", CREATION,
            "Unable to create Constraint( type='NODE KEY', schema=(:A {x}) ): Node Key constraint requires Neo4j Enterprise Edition.",
            "Community has uniqueness: write REQUIRE … IS UNIQUE",
        ),
        (
            "CREATE CONSTRAINT FOR (n:A) REQUIRE n.x IS NOT NULL", CREATION,
            "Unable to create Constraint( type='NODE PROPERTY EXISTENCE', schema=(:A {x}) ): Property existence constraint requires "
            "Neo4j Enterprise Edition.",
            "take the constraint out: a check in kgshare.yaml",
        ),
        ("CREATE DATABASE x", ADMINISTRATION, "Unsupported administration command: CREATE DATABASE x", "a project is one database"),
        ("CREATE CONSTRAINT ON (n:A) ASSERT n.x IS UNIQUE", "", "Invalid constraint syntax", "ON … ASSERT went with Neo4j 4"),
        (
            "CALL gds.graph.list()", "Neo.ClientError.Procedure.ProcedureNotFound", "There is no procedure with the name",
            "need its jar in neo4j.plugins",
        ),
        ("RETURN 1 / 0", "Neo.ClientError.Statement.ArithmeticError", "/ by zero", ""),
    ],
)  # fmt: skip
def test_a_statement_that_community_or_neo4j_5_refuses_is_answered_with_what_to_write(
    statement: str, code: str, message: str, hint: str
) -> None:
    found = hint_for(statement, QueryFailed(message, code))
    assert hint in found
    assert bool(found) == bool(hint)


def test_a_dump_whose_schema_is_of_the_enterprise_edition_is_told_from_one_that_does_not_open() -> None:
    log = (
        "2026-01-01 ERROR [neo4j] Failed to start DatabaseId{0[neo4j]}\n"
        "java.lang.IllegalStateException: Property existence constraint requires Neo4j Enterprise Edition\n\tat org.neo4j\n"
    )
    problem = unopened(log, "Database 'neo4j' is unavailable.", "data/x.dump")
    assert problem.where == "data/x.dump"
    assert problem.message == (
        "its schema is of the Enterprise Edition: Property existence constraint requires Neo4j Enterprise Edition"
    )
    assert "drop that constraint where the database runs" in problem.hint
    other = unopened("nothing", "Database 'neo4j' is unavailable.", "data/x.dump")
    assert other.message == "was loaded, and does not open: Database 'neo4j' is unavailable."


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("neo4j-admin:\nNot a valid Neo4j archive: x", "is not a Neo4j dump"),
        ("neo4j-admin:\nTruncated ZIP", "is damaged or cut short"),
        ("neo4j-admin:\nThe store format block-block-1.1 is not recognized", "is of a store format of the Enterprise Edition"),
        ("neo4j-admin:\nUnknown store version 'record-aligned-9.9'", "is of a Neo4j that 5.26.30 does not know"),
        ("neo4j-admin:\nsomething else", "cannot be loaded"),
    ],
)  # fmt: skip
def test_what_neo4j_admin_says_of_a_dump_becomes_what_it_means(said: str, message: str) -> None:
    [problem] = refused(said, "x.dump", "5.26.30").problems
    assert problem.message.startswith(message)
    assert problem.where == "x.dump"
    assert isinstance(refused(said, "x.dump", "5.26.30"), SeedError)


def test_two_versions_of_a_project_are_kin_by_an_author_or_a_label() -> None:
    noted = kin_of(manifest("Ann", labels=("Bread",)))
    assert noted == (":Bread", "by Ann")
    require_kin("bakery", noted, manifest("Ann", labels=("Loaf",)))
    require_kin("bakery", noted, manifest("Bo", labels=("Bread", "Loaf")))
    require_kin("bakery", (), manifest("Bo", labels=("Loaf",)))  # a stack of an older kgshare


def test_two_projects_of_one_name_are_told_apart_and_what_to_do_is_said() -> None:
    labels = ("A", "B", "C", "D", "E")
    with pytest.raises(StackError) as caught:
        require_kin("bakery", kin_of(manifest("Ann")), manifest("Bo", "Cy", labels=labels))
    [problem] = caught.value.problems
    assert problem.message == (
        "two projects are named bakery: the stack bakery runs one by Ann (:Bread), "
        "and this one is by Bo and by Cy (:A, :B, :C, :D, …)"
    )
    for next_step in (
        "kgshare up --name ANOTHER",
        "kgshare down --name bakery",
        "another `name` in kgshare.yaml",
    ):
        assert next_step in problem.hint
