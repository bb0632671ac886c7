"""Identity is proposed from constraints first, then from data; what is ambiguous is said, what is unknown refused."""

from __future__ import annotations

import pytest

from kgshare.errors import ManifestError
from kgshare.init.identity import SURROGATE, propose
from kgshare.init.model import Key, LabelSet, LinkKind, Look


def look(
    sets: dict[str, int],
    keys: dict[str, list[Key]],
    discriminators: dict[str, tuple[tuple[str, ...], ...]] | None = None,
) -> Look:
    return Look(
        sets=tuple(
            LabelSet(labels=tuple(name.split(":")) if name else (), count=n) for name, n in sets.items()
        ),
        keys={label: tuple(rows) for label, rows in keys.items()},
        links=(LinkKind(type="R", start=("A",), end=("A",), count=1),),
        discriminators=discriminators or {},
    )


def constraint(*names: str) -> Key:
    return Key(properties=names, constraint="c_" + "_".join(names))


def data(*names: str) -> Key:
    return Key(properties=names)


def test_a_constraint_is_taken_without_a_word() -> None:
    found = propose(look({"Tea": 3}, {"Tea": [constraint("name")]}))
    assert found.nodes == {"Tea": ("name",)}
    assert found.notes == ()


def test_a_key_that_only_the_data_shows_is_taken_with_a_note_that_names_the_others() -> None:
    found = propose(look({"Tea": 3}, {"Tea": [data("colour"), data("teaId"), data("name")]}))
    assert found.nodes == {"Tea": ("teaId",)}
    assert "no constraint" in found.notes[0]
    assert "colour" in found.notes[0]
    assert "name" in found.notes[0]


def test_of_several_constraints_the_shorter_is_taken_and_the_choice_is_said() -> None:
    found = propose(look({"Tea": 3}, {"Tea": [constraint("kind", "year"), constraint("name")]}))
    assert found.nodes == {"Tea": ("name",)}
    assert found.notes == ("Tea: of several constraints name is taken as the key, not kind, year",)


def test_every_node_gets_exactly_one_label_with_a_key() -> None:
    keys = {"Person": [constraint("id")], "Author": [constraint("number")], "Book": [constraint("isbn")]}
    found = propose(look({"Author:Person": 2, "Person": 5, "Book": 4}, keys))
    assert found.nodes == {"Book": ("isbn",), "Person": ("id",)}
    assert any("Author has a key too" in note for note in found.notes)


def test_labels_that_cannot_be_chosen_without_doubling_are_refused() -> None:
    keys = {"A": [constraint("id")], "B": [constraint("id")]}
    with pytest.raises(ManifestError, match="no choice of labels"):
        propose(look({"A": 1, "B": 1, "A:B": 1}, keys))


def test_every_label_without_a_key_is_named_with_what_to_declare() -> None:
    with pytest.raises(ManifestError) as caught:
        propose(look({"Leaf": 7, "Cup:Vessel": 2, "Tea": 1, "": 3}, {"Tea": [constraint("name")]}))
    text = str(caught.value)
    assert "7 nodes of Leaf" in text
    assert "2 nodes of Cup:Vessel" in text
    assert "3 nodes have no label" in text
    assert "CREATE CONSTRAINT FOR (n:Leaf)" in text
    assert "--surrogate-key Leaf" in text


def test_a_surrogate_key_is_made_only_where_it_was_asked_for() -> None:
    found = propose(look({"Leaf": 7}, {}), ["Leaf"])
    assert found.nodes == {"Leaf": (SURROGATE,)}
    assert found.surrogates == {"Leaf"}


def test_parallel_relationships_need_what_tells_them_apart() -> None:
    tea = {"Tea": [constraint("name")]}
    found = propose(look({"Tea": 2}, tea, {"RATED": (("by",), ("when",))}))
    assert found.relationships == {"RATED": ("by",)}
    assert "when" in found.notes[0]
    with pytest.raises(ManifestError, match="RATED that no property tells apart"):
        propose(look({"Tea": 2}, tea, {"RATED": ()}))
    assert propose(look({"Tea": 2}, tea, {"RATED": ()}), ["RATED"]).relationships == {"RATED": (SURROGATE,)}
