"""Three-way laws: a proposal on an older graph meets what others changed meanwhile; nothing is overwritten silently."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.change_examples import a_set, bottle, graph_of, graphs

from kgshare.changes import Add, Change, Element, Label, Property, Remove, Rename, after, apply, diff, invert
from kgshare.changes.model import place
from kgshare.changes.rebase import rebase
from kgshare.changes.resolve import CannotResolve, Choice, settle
from kgshare.changes.together import together

Graph = dict[str, str]
QUICK = settings(max_examples=60, deadline=None)


def applied(graph: Graph, changes: tuple[Change, ...]) -> Graph:
    result = apply(graph, changes)
    assert result.conflicts == ()
    return after(graph, result.delta)


@QUICK
@given(graphs(), graphs())
def test_a_merge_of_one_side_is_that_side(base: Graph, other: Graph) -> None:
    changes = diff(base, other)
    alone = rebase(base, changes)
    assert (set(alone.changes), alone.conflicts, alone.done) == (set(changes), (), ())
    nothing = rebase(other, (), [changes])
    assert (nothing.changes, nothing.conflicts) == ((), ())


@QUICK
@given(graphs(), graphs())
def test_what_both_sides_did_is_done_once(base: Graph, other: Graph) -> None:
    changes = diff(base, other)
    again = rebase(other, changes, [changes])
    assert (again.changes, again.conflicts) == ((), ())
    assert len(again.done) == len(changes)


@QUICK
@example({"(:A {k: 2})": "(:A {k: 2})\n  p: 0"}, {}, {"(:A {k: 1})": "(:A {k: 1})\n  p: 0"})
@given(graphs(), graphs(), graphs())
def test_a_merge_without_conflict_is_the_same_whoever_comes_first(
    base: Graph, one: Graph, two: Graph
) -> None:
    ours, theirs = diff(base, one), diff(base, two)
    left, right = rebase(one, theirs, [ours]), rebase(two, ours, [theirs])
    assert bool(left.conflicts) == bool(right.conflicts)
    if not left.conflicts:
        merged = applied(one, left.changes)
        assert merged == applied(two, right.changes)
        # Nothing is overwritten: without the one's part it is the other's graph, to the last value.
        assert applied(merged, invert(left.changes)) == one
        assert applied(merged, invert(right.changes)) == two


@QUICK
@given(graphs(), graphs(), graphs())
def test_a_value_that_both_sides_changed_differently_is_never_chosen_silently(
    base: Graph, one: Graph, two: Graph
) -> None:
    ours, theirs = (
        {place(c): c for c in diff(base, base | {i: g[i] for i in g if i in base})} for g in (one, two)
    )
    now = applied(base, tuple(ours.values()))
    merged = rebase(now, tuple(theirs.values()), [tuple(ours.values())])
    disputed = {place(c.change) for c in merged.conflicts}
    for where, change in theirs.items():
        if where in ours and ours[where] != change:
            assert where in disputed


@QUICK
@given(graphs(), graphs(), graphs(), st.sampled_from(["ours", "theirs"]))
def test_a_conflict_that_is_resolved_is_resolved_the_way_it_was_chosen(
    base: Graph, one: Graph, two: Graph, side: str
) -> None:
    changes = [c for c in diff(base, two) if isinstance(c, Property | Element)]
    theirs = [c for c in diff(base, one) if isinstance(c, Property | Element)]
    now = applied(base, tuple(theirs))
    found = rebase(now, changes, [theirs])
    choices = {(c.record, c.what): Choice(side=side) for c in found.conflicts}  # type: ignore[arg-type]
    try:
        settled = settle(now, changes, [theirs], choices)
    except CannotResolve:
        assert any(c.kind == "replaced" for c in found.conflicts)
        return
    assert settled.conflicts == ()
    end = applied(now, settled.changes)
    for conflict in found.conflicts:
        wanted = conflict.ours if side == "ours" else conflict.theirs
        assert rebase(end, [conflict.change]).done or side == "theirs", wanted


B15, B16 = bottle(15, qc=3, depth=10.0), bottle(16, qc=2)
ID15, ID16 = "(:Bottle {id: 15})", "(:Bottle {id: 16})"
QC4 = Property(ID15, "qc", "3", "4")
LINK = f"{ID15}-[:NEXT]->{ID16}"


def test_independent_changes_of_one_node_combine() -> None:
    base = graph_of(B15)
    ours = (Property(ID15, "depth", "10.0", "11.0"),)
    merged = rebase(applied(base, ours), [QC4], [ours])
    assert merged.changes == (QC4,)
    assert applied(applied(base, ours), merged.changes) == graph_of(bottle(15, qc=4, depth=11.0))


def test_a_value_that_both_sides_set_is_a_conflict_with_base_theirs_and_ours() -> None:
    ours = (Property(ID15, "qc", "3", "2"),)
    (conflict,) = rebase(applied(graph_of(B15), ours), [QC4], [ours]).conflicts
    assert (conflict.kind, conflict.what) == ("modified", "qc")
    assert (conflict.base, conflict.theirs, conflict.ours) == ("3", "2", "4")


@pytest.mark.parametrize(
    ("choice", "value"),
    [(Choice(side="ours"), 4), (Choice(side="theirs"), 2), (Choice(side="value", value="9"), 9)],
)
def test_a_conflict_is_resolved_by_either_side_or_a_third_value(choice: Choice, value: int) -> None:
    ours = (Property(ID15, "qc", "3", "2"),)
    now = applied(graph_of(B15), ours)
    settled = settle(now, [QC4], [ours], {(ID15, "qc"): choice})
    assert applied(now, settled.changes) == graph_of(bottle(15, qc=value, depth=10.0))


def test_a_change_follows_a_record_to_its_new_name() -> None:
    base = graph_of(B15, B16, LINK)
    since = (Rename(ID15, "(:Bottle {id: 99})"),)
    now = applied(base, since)
    merged = rebase(now, [QC4, Add(f"{ID16}-[:NEXT]->{ID15}"), Remove(LINK)], [since])
    assert merged.conflicts == ()
    end = applied(now, merged.changes)
    assert end == graph_of(bottle(99, qc=4, depth=10.0), B16, f"{ID16}-[:NEXT]->(:Bottle {{id: 99}})")


def test_a_name_that_was_given_to_another_record_does_not_mislead() -> None:
    base = graph_of(bottle(15, qc=3), bottle(16, qc=3))
    since = (Rename(ID15, "(:Bottle {id: 99})"), Rename(ID16, ID15))
    merged = rebase(applied(base, since), [Property(ID15, "qc", "3", "4")], [since])
    assert merged.changes == (Property("(:Bottle {id: 99})", "qc", "3", "4"),)


def test_modified_against_removed_can_bring_the_record_back() -> None:
    since = (Remove(B15),)
    (conflict,) = rebase({}, [QC4], [since]).conflicts
    assert conflict.kind == "gone"
    settled = settle({}, [QC4, Label(ID15, "Doubted", True)], [since], {
        (ID15, "qc"): Choice(side="ours"), (ID15, ":Doubted"): Choice(side="ours"),
    })  # fmt: skip
    (made,) = settled.changes
    assert made == Add(f"{ID15}\n  :Doubted\n  depth: 10.0\n  qc: 4")


def test_removed_against_modified_is_a_conflict() -> None:
    since = (QC4,)
    now = applied(graph_of(B15), since)
    (conflict,) = rebase(now, [Remove(B15)], [since]).conflicts
    assert (conflict.kind, conflict.theirs) == ("modified", bottle(15, qc=4, depth=10.0))
    settled = settle(now, [Remove(B15)], [since], {(ID15, ""): Choice(side="ours")})
    assert applied(now, settled.changes) == {}


def test_a_node_removed_here_and_renamed_there_is_a_conflict_that_either_side_may_win() -> None:
    new, since = "(:Bottle {id: 99})", (Rename(ID15, "(:Bottle {id: 99})"),)
    now = applied(graph_of(B15, B16), since)
    (conflict,) = rebase(now, [Remove(B15)], [since]).conflicts
    assert (conflict.kind, conflict.what, conflict.theirs) == ("modified", "key", new)
    for side, left in (("ours", graph_of(B16)), ("theirs", now)):
        choice = Choice(side=side)  # type: ignore[arg-type]
        settled = settle(now, [Remove(B15)], [since], {(new, "key"): choice})
        assert applied(now, settled.changes) == left


def test_a_node_removed_here_and_linked_there_is_a_dangling_relationship() -> None:
    since = (Add(LINK),)
    now = applied(graph_of(B15, B16), since)
    (conflict,) = rebase(now, [Remove(B15)], [since]).conflicts
    assert conflict.kind == "dangling"
    settled = settle(now, [Remove(B15)], [since], {(conflict.record, conflict.what): Choice(side="ours")})
    assert applied(now, settled.changes) == graph_of(B16)
    (other_way,) = rebase(
        applied(graph_of(B15, B16), (Remove(B15),)), [Add(LINK)], [(Remove(B15),)]
    ).conflicts
    assert (other_way.kind, other_way.base) == ("dangling", ID15)


def test_a_list_that_was_replaced_as_a_whole_does_not_take_a_change_of_one_element() -> None:
    base, now = graph_of(bottle(15, qc=[1, 1, 2])), graph_of(bottle(15, qc=[9, 1, 1, 2]))
    change, since = Element(ID15, "qc", 1, "1", "4"), diff(base, now)
    (conflict,) = rebase(now, [change], [since]).conflicts
    assert conflict.kind == "replaced"
    settled = settle(now, [change], [since], {(ID15, "qc[1]"): Choice(side="ours")})
    assert applied(now, settled.changes) == graph_of(bottle(15, qc=[9, 4, 1, 2]))


def test_an_element_of_a_value_that_is_no_list_is_a_conflict_and_not_silently_nothing() -> None:
    result = apply(graph_of(bottle(15, qc=1)), [Element(ID15, "qc", 0, "1", "4")])
    assert [c.kind for c in result.conflicts] == ["modified"]


def test_two_records_of_one_key_are_a_conflict_and_can_become_one() -> None:
    since = (Add(bottle(15, qc=1)),)
    now = applied({}, since)
    (conflict,) = rebase(now, [Add(B15)], [since]).conflicts
    assert conflict.kind == "duplicate"
    settled = settle(now, [Add(B15)], [since], {(ID15, ""): Choice(side="ours")})
    assert applied(now, settled.changes) == graph_of(B15)


@pytest.mark.parametrize("change", [QC4, Rename(ID15, "(:Bottle {id: 7})"), Add(f"{ID15}-[:NEXT]->{ID15}")])
def test_together_a_name_that_means_another_record_by_now_is_a_conflict(change: Change) -> None:
    swap = a_set(Rename(ID15, ID16), Rename(ID16, ID15), name="swap")
    base = graph_of(bottle(15, qc=3), bottle(16, qc=3))
    unaware = a_set(change, name="unaware")
    ((_, conflict),) = together(base, [swap, unaware]).conflicts
    assert (conflict.kind, conflict.what) == ("reused", f"{ID15} by swap")
    assert together(base, [swap, a_set(change, name="aware", follows=("swap",))]).conflicts == ()


def test_together_an_element_of_a_list_that_was_replaced_is_a_conflict() -> None:
    base = graph_of(bottle(15, qc=[1, 1]))
    insert = a_set(Property(ID15, "qc", "[1, 1]", "[9, 1, 1]"), Rename(ID15, ID16), name="insert")
    unaware = a_set(Element(ID16, "qc", 1, "1", "4"), name="unaware")
    ((_, conflict),) = together(base, [insert, unaware]).conflicts
    assert (conflict.kind, conflict.theirs) == ("replaced", "[9, 1, 1]")
