"""What a conflict says: what was expected, what was found, what was to become of it."""

from __future__ import annotations

import pytest
from tests.unit.change_examples import bottle, graph_of

from kgshare.changes import Add, Change, Element, Label, Property, Remove, Rename, after, apply, diff

B1, B2 = "(:Bottle {id: 1})", "(:Bottle {id: 2})"
LINK = f"{B1}-[:NEXT]->{B2}"
GRAPH = graph_of(bottle(1, qc=3, flags=[1, 2, 3]), bottle(2), LINK)


@pytest.mark.parametrize(
    ("change", "kind", "base", "theirs", "ours"),
    [
        (Property(B1, "qc", "2", "4"), "modified", "2", "3", "4"),
        (Property(B1, "qc", "2", "3"), "already", "2", "3", "3"),
        (Property(B1, "qc", "3.0", "4"), "modified", "3.0", "3", "4"),
        (Property(B1, "qc", None, "4"), "modified", None, "3", "4"),
        (Property(B1, "no", "1", None), "already", "1", None, None),
        (Property("(:Bottle {id: 7})", "qc", "3", "4"), "gone", "3", None, "4"),
        (Element(B1, "flags", 1, "1", "4"), "modified", "1", "2", "4"),
        (Element(B1, "flags", 3, "1", "4"), "modified", "1", "[1, 2, 3]", "4"),
        (Element(B1, "qc", 0, "1", "4"), "modified", "1", "3", "4"),
        (Label(B1, "L", False), "already", ":L", None, None),
        (Remove(bottle(1, qc=2)), "modified", bottle(1, qc=2), GRAPH[B1], None),
        (Remove(bottle(7)), "gone", bottle(7), None, None),
        (Remove(bottle(2)), "dangling", None, LINK, None),
        (Rename(B1, B2), "duplicate", None, B2, None),
        (Rename("(:Bottle {id: 7})", "(:Bottle {id: 8})"), "gone", "(:Bottle {id: 7})", None, "(:Bottle {id: 8})"),
        (Add(bottle(1)), "duplicate", None, GRAPH[B1], bottle(1)),
        (Add(bottle(2)), "already", None, bottle(2), bottle(2)),
        (Add(f"{B1}-[:NEXT]->(:Bottle {{id: 7}})"), "dangling", "(:Bottle {id: 7})", None, f"{B1}-[:NEXT]->(:Bottle {{id: 7}})"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_shown_as_base_theirs_and_ours(
    change: Change, kind: str, base: str | None, theirs: str | None, ours: str | None
) -> None:
    result = apply(GRAPH, [change, Property(B1, "other", None, "1")] if kind != "none" else [change])
    found = [c for c in result.conflicts if c.change is change]
    assert found, result
    assert (found[0].kind, found[0].base, found[0].theirs) == (kind, base, theirs)
    if not isinstance(change, Rename) or kind == "gone":
        assert found[0].ours == ours
    assert after(GRAPH, result.delta) == GRAPH  # nothing of the set was applied, not even what fits


def test_a_renamed_node_keeps_its_relationships() -> None:
    changed = after(
        GRAPH, apply(GRAPH, [Rename(B1, "(:Bottle {id: 9})"), Property(B1, "qc", "3", "4")]).delta
    )
    assert changed["(:Bottle {id: 9})"] == bottle(9, qc=4, flags=[1, 2, 3])
    assert "(:Bottle {id: 9})-[:NEXT]->(:Bottle {id: 2})" in changed
    assert len(changed) == len(GRAPH)


def test_two_nodes_may_swap_their_names() -> None:
    changed = after(GRAPH, apply(GRAPH, [Rename(B1, B2), Rename(B2, B1)]).delta)
    assert changed == graph_of(bottle(2, qc=3, flags=[1, 2, 3]), bottle(1), f"{B2}-[:NEXT]->{B1}")


def test_a_node_that_only_got_another_key_is_found_as_renamed() -> None:
    other = graph_of(
        bottle(9, qc=3, flags=[1, 2, 3]), bottle(2), "(:Bottle {id: 9})-[:NEXT]->(:Bottle {id: 2})"
    )
    assert diff(GRAPH, other) == (Rename(B1, "(:Bottle {id: 9})"),)


def test_one_element_of_a_list_is_a_change_of_that_element_only() -> None:
    other = graph_of(bottle(1, qc=3, flags=[1, 9, 3]), bottle(2), LINK)
    assert diff(GRAPH, other) == (Element(B1, "flags", 1, "2", "9"),)
    other = graph_of(bottle(1, qc=3, flags=[1, 2]), bottle(2), LINK)
    assert diff(GRAPH, other) == (Property(B1, "flags", "[1, 2, 3]", "[1, 2]"),)
