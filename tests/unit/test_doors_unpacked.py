"""Records are the values that the driver makes of them, and dates and times those that it cannot hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j._codec.packstream.v1 import PackableBuffer, Packer, Structure

from kgshare.canonical.values import NotCanonical, Temporal
from kgshare.doors.unpacked import values

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary()
floats = st.floats(allow_nan=False)
rows = st.lists(scalars | floats | st.lists(scalars | floats, max_size=20), max_size=40)


def packed(value: Any) -> bytes:
    buffer = PackableBuffer()
    Packer(buffer).pack(value)
    return bytes(buffer.data)


@given(rows)
def test_a_record_is_what_was_packed(row: list[Any]) -> None:
    found = values(packed(row))
    assert found == row
    assert [type(value) for value in found] == [type(value) for value in row]


@pytest.mark.parametrize(
    ("structure", "value"),
    [
        (Structure(b"D", 0), Temporal("date", "1970-01-01")),
        (Structure(b"D", 3_700_000), Temporal("date", "+12100-04-04")),
        (Structure(b"i", 0, 5, "Europe/Berlin"), Temporal("datetime", "1970-01-01T00:00:00.000000005Z[Europe/Berlin]")),
        (Structure(b"E", 0, 1, -6, 500_000_000), Temporal("duration", "P1DT-5.5S")),
    ],
)  # fmt: skip
def test_dates_and_times_are_exact(structure: Structure, value: Temporal) -> None:
    assert values(packed([1, structure, [structure]])) == [1, value, [value]]


def test_a_point_has_its_system_and_its_coordinates() -> None:
    (flat, high) = values(packed([Structure(b"X", 7203, 1.0, 2.0), Structure(b"Y", 9157, 1.0, 2.0, -0.5)]))
    assert (flat.srid, tuple(flat)) == (7203, (1.0, 2.0))
    assert (high.srid, tuple(high)) == (9157, (1.0, 2.0, -0.5))


@pytest.mark.parametrize("value", [{"a": 1}, Structure(b"N", 1)])
def test_what_is_no_property_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        values(packed([value]))
