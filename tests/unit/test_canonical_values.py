"""Values and their canonical text: one text a value, one value a text, and nothing is lost on the way."""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from typing import Any

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

from kgshare.canonical import NotCanonical, Temporal, decode, encode
from kgshare.canonical.packed import civil

SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.builds(lambda x, y: WGS84Point((x, y)), st.floats(-180, 180), st.floats(-90, 90))
    | st.builds(lambda *xyz: CartesianPoint(xyz), *[st.floats(allow_nan=False)] * 3)
)
ZONES = st.sampled_from(["Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "UTC"]).map(
    zoneinfo.ZoneInfo
)
OFFSETS = st.integers(-64_800, 64_800).map(lambda s: dt.timezone(dt.timedelta(seconds=s)))
TEMPORALS = (
    st.dates()
    | st.datetimes(min_value=dt.datetime(1900, 1, 1), timezones=st.none() | OFFSETS | ZONES)
    | st.times(timezones=st.none() | OFFSETS)
    | st.timedeltas()
    | st.builds(
        Duration,
        months=st.integers(-(10**6), 10**6),
        days=st.integers(-(10**6), 10**6),
        seconds=st.integers(-(10**9), 10**9),
        nanoseconds=st.integers(-(10**9) + 1, 10**9 - 1),
    )
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.copysign(1, a) == math.copysign(1, b) and (a == b or (a != a and b != b))) or (
            a != a and b != b
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, WGS84Point | CartesianPoint):
        return type(a) is type(b) and a.srid == b.srid and same(list(a), list(b))
    return type(a) is type(b) and bool(a == b)


@given(SCALARS | st.lists(st.integers(-9, 9)) | st.lists(st.floats()) | st.lists(st.text()))
def test_a_value_comes_back_as_itself_with_its_type(value: Any) -> None:
    assert same(decode(encode(value)), value)


@given(TEMPORALS)
def test_a_temporal_value_comes_back_as_the_same_text(value: Any) -> None:
    found = decode(encode(value))
    assert isinstance(found, Temporal)
    assert encode(found) == encode(value)


@given(SCALARS | TEMPORALS)
def test_a_text_is_one_line_without_hidden_characters(value: Any) -> None:
    text = encode(value)
    assert len(text.splitlines()) == 1
    assert not any(char in text for char in "\x00\x1f\x7f\u200b\u2028\u202e\ufeff")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e16, "1e+16"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (True, "true"),
        ('a\n"b" \u202eé', '"a\\n\\"b\\" \\u202eé"'),
        (b"\x00\xff", 'bytes("AP8=")'),
        ([1.0, 2.5], "[1.0, 2.5]"),
        ([], "[]"),
        (Date(2013, 4, 1), 'date("2013-04-01")'),
        (DateTime(2013, 4, 1, 12, 0, 0, 1), 'localdatetime("2013-04-01T12:00:00.000000001")'),
        (DateTime(2013, 4, 1, 12, tzinfo=pytz.FixedOffset(-90)), 'datetime("2013-04-01T12:00:00-01:30")'),
        (DateTime(2013, 4, 1, 12, tzinfo=dt.UTC), 'datetime("2013-04-01T12:00:00Z")'),
        (
            dt.datetime(2013, 4, 1, 12, tzinfo=zoneinfo.ZoneInfo("UTC")),
            'datetime("2013-04-01T12:00:00Z[UTC]")',
        ),
        (
            dt.datetime(2013, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            'datetime("2013-07-01T10:00:00Z[Europe/Berlin]")',
        ),
        (Time(1, 2, 3), 'localtime("01:02:03")'),
        (Duration(months=14, days=-3, seconds=5, nanoseconds=4), 'duration("P14M-3DT5.000000004S")'),
        (Duration(), 'duration("PT0S")'),
        (dt.timedelta(seconds=-1), 'duration("P-1DT86399S")'),
        (WGS84Point((-150.2, 30.0)), "point(4326, -150.2, 30.0)"),
    ],
)
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert encode(value) == text


def test_the_two_instants_of_a_repeated_hour_stay_apart() -> None:
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    first, second = (encode(dt.datetime(2013, 10, 27, 2, 30, tzinfo=berlin, fold=fold)) for fold in (0, 1))
    assert (first, second) == (
        'datetime("2013-10-27T00:30:00Z[Europe/Berlin]")',
        'datetime("2013-10-27T01:30:00Z[Europe/Berlin]")',
    )


def test_a_zone_of_the_driver_with_nanoseconds_is_kept_to_the_nanosecond() -> None:
    value = DateTime(2013, 7, 1, 12, 0, 0, 999_999_999, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    assert encode(value) == 'datetime("2013-07-01T10:00:00.999999999Z[Europe/Berlin]")'


@pytest.mark.parametrize(
    "text",
    [
        "", "01", "+1", "1.50", "1e5", "nan", "True", "'a'", '"\\u0041"', '"a', '"a"b', "[1,2]", "[1, 2", "[1, ]",
        'date("2013-4-1")', 'date("x")', 'time("01:02")', 'localtime("01:02:03.500")', 'bytes("A")', 'bytes("AP9=")',
        "point(1, 2.0, 3.0)", "point(4326, 1.0)", "point(4326, 1, 2)", 'duration("P")', 'duration("P0D")',
        '"\u202e"', "9223372036854775808", "1" * 5000, "date(2013-01-01)", "null",
    ],
)  # fmt: skip
def test_what_no_value_is_written_as_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        decode(text)


@pytest.mark.parametrize("value", [None, {"a": 1}, object(), 2**63, [None]])
def test_what_no_property_can_hold_has_no_text(value: Any) -> None:
    with pytest.raises(NotCanonical):
        encode(value)


@given(st.datetimes(min_value=dt.datetime(1, 1, 1)))
def test_seconds_since_1970_become_the_date_that_python_knows(value: dt.datetime) -> None:
    seconds = (value.replace(microsecond=0) - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1)
    assert civil(seconds, 0) == value.replace(microsecond=0).isoformat()


def test_years_beyond_pythons_are_written_as_iso_8601_does() -> None:
    assert civil(253_402_300_800, 0) == "+10000-01-01T00:00:00"
    assert civil(-62_167_219_200, 0) == "0000-01-01T00:00:00"
    assert civil(-62_167_219_201, 0) == "-0001-12-31T23:59:59"
