"""Values as the server packs them become the canonical text that the values have; against the driver's own packing."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j._codec.hydration.bolt.v2 import HydrationHandler
from neo4j._codec.packstream.v1 import PackableBuffer, Packer
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Duration
from tests.unit.change_examples import VALUES

from kgshare.canonical.packed import end_of_texts, properties, text, texts, value
from kgshare.canonical.values import NotCanonical, encode
from kgshare.doors.packstream import Reader

# The driver cannot pack an instant in a zone, or a time with an offset: those are tested as bytes, below.
PACKABLE = [
    v
    for v in VALUES
    if not isinstance(getattr(v, "tzinfo", None), ZoneInfo) and not (isinstance(v, dt.time) and v.tzinfo)
]
INT64 = st.integers(-(2**63), 2**63 - 1)
SCALARS = (
    st.booleans() | INT64 | st.floats() | st.text() | st.binary() | st.dates() | st.datetimes()
    | st.times() | st.sampled_from(PACKABLE)
    | st.builds(lambda x, y: WGS84Point((x, y)), st.floats(-180, 180), st.floats(-90, 90))
    | st.builds(lambda x, y, z: CartesianPoint((x, y, z)), *[st.floats()] * 3)
    | st.builds(lambda m, d, s, n: Duration(months=m, days=d, seconds=s, nanoseconds=n), *[st.integers(-99, 99)] * 4)
    | st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=-3, minutes=-30))]))
)  # fmt: skip
STORABLE = (
    SCALARS.filter(lambda v: not isinstance(v, list)) | st.lists(INT64) | st.lists(st.text(), max_size=20)
)


def packed(given_: Any) -> bytes:
    buffer = PackableBuffer()
    Packer(buffer).pack(given_, HydrationHandler().new_hydration_scope().dehydration_hooks)
    return bytes(buffer.data)


@given(STORABLE)
def test_a_value_has_the_text_that_encode_gives_it(given_: Any) -> None:
    data = packed(given_)
    assert value(data, 0) == (encode(given_), len(data))


@given(st.dictionaries(st.text(max_size=40), st.none() | STORABLE, max_size=20))
def test_a_map_is_read_without_its_nulls(given_: dict[str, Any]) -> None:
    wanted = {name: encode(v) for name, v in given_.items() if v is not None}
    assert properties(b"x" + packed(given_), 1, {}) == wanted


@given(st.lists(st.text(max_size=300), max_size=20))
def test_a_list_of_texts_ends_where_the_next_value_begins(given_: list[str]) -> None:
    data = packed(given_)
    assert texts(data, 0) == (given_, len(data))
    assert end_of_texts(data, 0) == len(data)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("b349" "00" "00" "c907ac", 'datetime("1970-01-01T00:32:44+00:32:44")'),  # an offset with seconds
        ("b369" "00" "00" "83555443", 'datetime("1970-01-01T00:00:00Z[UTC]")'),
        ("b254" "cb0000068c61714005" "c93840", 'time("02:00:00.000000005+04:00")'),
        ("b349" "00" "00" "00", 'datetime("1970-01-01T00:00:00Z")'),
        ("b144" "ca002e0000", 'date("+10223-11-07")'),
        ("b144" "caffe00000", 'date("-3772-03-12")'),
        ("b445" "0e" "fd" "05" "04", 'duration("P14M-3DT5.000000004S")'),
    ],
)  # fmt: skip
def test_what_pythons_classes_cannot_hold_is_kept(data: str, wanted: str) -> None:
    assert value(bytes.fromhex(data), 0)[0] == wanted


@pytest.mark.parametrize("data", ["a0", "b0ff", "b14e00", "c0", "b258c910e6c1"])
def test_what_no_property_can_be_is_refused(data: str) -> None:
    with pytest.raises(NotCanonical):
        value(bytes.fromhex(data), 0)


@given(
    st.recursive(
        st.none() | st.booleans() | INT64 | st.text() | st.floats(allow_nan=False),
        lambda v: st.lists(v) | st.dictionaries(st.text(), v),
        max_leaves=8,
    )
)
def test_plain_values_are_read_as_python_has_them(given_: Any) -> None:
    assert Reader(packed(given_)).plain() == given_


def test_only_a_text_is_read_as_one() -> None:
    with pytest.raises(NotCanonical, match="not a text"):
        text(b"\x01", 0)
