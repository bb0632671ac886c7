"""Laws of changes, on generated graphs with values of every type."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.change_examples import a_set, graphs, renamed

from kgshare.canonical import digest as digest_of_folder
from kgshare.canonical import parse_record, write_text
from kgshare.changes import (
    Change,
    NotComposable,
    Rename,
    after,
    apply,
    compose,
    diff,
    diff_texts,
    invert,
    parse_change_set,
    render,
)
from kgshare.changes.checks import wrong_changes
from kgshare.changes.load import digest_after, load_touched, write_after
from kgshare.changes.model import Add, Remove
from kgshare.seeding.changes import back

Graph = dict[str, str]
QUICK = settings(max_examples=60, deadline=None)


def applied(graph: Graph, changes: tuple[Change, ...]) -> Graph:
    result = apply(graph, changes)
    assert result.conflicts == ()
    return after(graph, result.delta)


def digest(graph: Graph) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return write_text(map(parse_record, graph.values()), Path(folder) / "text").sha256


@st.composite
def renamings(draw: st.DrawFn) -> tuple[Graph, tuple[Change, ...]]:
    """A graph, and changes of its values together with new names for some of its nodes."""
    graph, other = draw(graphs()), draw(graphs())
    nodes = [i for i in graph if i.startswith("(:A {k: ") and "]->" not in i]
    chosen = draw(st.lists(st.sampled_from(nodes), unique=True, max_size=2)) if nodes else []
    changes = list(diff(graph, graph | {i: t for i, t in other.items() if i in graph}))
    changes += [Rename(old, f"(:A {{k: {100 + n}}})") for n, old in enumerate(chosen)]
    return graph, tuple(changes)


@QUICK
@given(graphs())
def test_nothing_applied_changes_nothing(graph: Graph) -> None:
    assert applied(graph, ()) == graph
    assert diff(graph, graph) == ()


@QUICK
@given(graphs(), graphs())
def test_the_difference_applied_gives_the_other_graph(one: Graph, other: Graph) -> None:
    changes = diff(one, other)
    assert not list(wrong_changes(changes))
    assert digest(applied(one, changes)) == digest(other)


@QUICK
@given(graphs(), graphs())
def test_applied_then_inverted_gives_the_same_digest(one: Graph, other: Graph) -> None:
    changes = diff(one, other)
    assert digest(applied(applied(one, changes), invert(changes))) == digest(one)
    assert set(invert(invert(changes))) == set(changes)


@QUICK
@given(renamings())
def test_renames_with_changed_values_apply_and_invert(given_: tuple[Graph, tuple[Change, ...]]) -> None:
    graph, changes = given_
    made = applied(graph, changes)
    names = {c.record: c.to for c in changes if isinstance(c, Rename)}
    assert set(made) == set(renamed(graph, names))
    assert applied(made, invert(changes)) == graph


@QUICK
@given(graphs(), graphs(), graphs())
def test_two_sets_composed_are_one_that_does_both(one: Graph, two: Graph, three: Graph) -> None:
    both = compose(diff(one, two), diff(two, three))
    assert not list(wrong_changes(both))
    assert applied(one, both) == three


@QUICK
@given(renamings(), graphs())
def test_sets_with_renames_compose(given_: tuple[Graph, tuple[Change, ...]], last: Graph) -> None:
    graph, first = given_
    middle = applied(graph, first)
    second = diff(middle, last)
    assert applied(graph, compose(first, second)) == last
    assert compose(first, invert(first)) == ()


@QUICK
@given(graphs(), graphs(), st.data())
def test_independent_sets_commute(one: Graph, other: Graph, data: st.DataObject) -> None:
    changes = [c for c in diff(one, other) if not isinstance(c, Add | Remove | Rename)]
    sides = data.draw(st.lists(st.booleans(), min_size=len(changes), max_size=len(changes)))
    left = tuple(c for c, side in zip(changes, sides, strict=True) if side)
    right = tuple(c for c, side in zip(changes, sides, strict=True) if not side)
    assert applied(applied(one, left), right) == applied(applied(one, right), left)
    assert set(compose(left, right)) == set(changes)


@QUICK
@given(graphs(), graphs(), graphs())
def test_what_does_not_fit_is_a_conflict_and_nothing_is_overwritten(
    one: Graph, two: Graph, found: Graph
) -> None:
    changes = diff(one, two)
    result = apply(found, changes)
    if result.conflicts:
        assert after(found, result.delta) == found
        assert all(c.base != c.theirs or c.kind in ("gone", "dangling") for c in result.conflicts)
    else:  # every value that is different now was the expected one: taking it back gives what was found
        assert applied(after(found, result.delta), invert(changes)) == found


@QUICK
@given(graphs(), graphs())
def test_a_change_set_comes_back_from_its_file(one: Graph, other: Graph) -> None:
    changes = diff(one, other)
    assume(changes)
    made = a_set(*changes, reason="first\n\n[[change]]\nit's", references=("doi:1",), follows=("a", "b"))
    text = render(made)
    assert parse_change_set(text.encode(), "x.toml") == made
    assert render(parse_change_set(text.encode(), "x.toml")) == text


@QUICK
@given(graphs(), graphs())
def test_the_difference_of_two_folders_is_that_of_their_graphs(one: Graph, other: Graph) -> None:
    with tempfile.TemporaryDirectory() as folder:
        a, b = Path(folder) / "a", Path(folder) / "b"
        for graph, to in ((one, a), (other, b)):
            write_text(map(parse_record, graph.values()), to, schema=[f"{len(graph)};"])
        found = diff_texts(a, b)
    assert applied(one, found.changes) == other
    assert bool(found.schema_gone) == (len(one) != len(other))


@QUICK
@given(renamings(), graphs())
def test_what_changes_touch_is_all_that_deciding_them_needs(
    given_: tuple[Graph, tuple[Change, ...]], last: Graph
) -> None:
    graph, first = given_
    middle = applied(graph, first)
    with tempfile.TemporaryDirectory() as folder:
        for whole, changes in ((graph, first), (middle, diff(middle, last))):
            text = Path(folder) / f"{len(whole)} {len(changes)}"
            write_text(map(parse_record, whole.values()), text)
            touched = load_touched(text, changes)
            assert apply(touched, changes) == apply(whole, changes)
            delta = apply(touched, changes).delta
            wanted = digest(applied(whole, changes))
            assert digest_after(text, delta) == wanted
            assert write_after(text, delta) == wanted == digest_of_folder(text).sha256
            assert write_after(text, back(touched, delta)) == digest(whole)


def test_sets_that_do_not_follow_each_other_do_not_compose() -> None:
    one, two = {"(:A {k: 1})": "(:A {k: 1})\n  p: 1"}, {"(:A {k: 1})": "(:A {k: 1})\n  p: 2"}
    with pytest.raises(NotComposable, match=r"p: the first makes 2 of it, the second expects 1"):
        compose(diff(one, two), diff(one, two))
