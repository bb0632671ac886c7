"""Sea areas: which one a position is in."""

from __future__ import annotations

import pandas as pd
import pytest

from oceangraph.importers.areas import AREAS, area_of, table, wkt


@pytest.mark.parametrize(
    ("latitude", "longitude", "area"),
    [
        (29.9999, -167.4530, "north-pacific-ocean"),  # P02 station 88
        (30.0, 179.99, "north-pacific-ocean"),
        (30.0, -179.99, "north-pacific-ocean"),
        (30.0, 136.0, "philippine-sea"),
        (39.0, 134.0, "japan-sea"),
        (15.0, 63.0, "arabian-sea"),
        (12.0, 88.0, "bay-of-bengal"),
        (-40.0, 60.0, "indian-ocean-proper"),
        (-8.0, 3.0, "south-atlantic-ocean"),
        (40.0, -45.0, "north-atlantic-ocean"),
        (64.0, -3.0, "norwegian-sea"),
        (34.0, 25.0, "mediterranean-sea-eastern-basin"),
        (-40.0, -160.0, "south-pacific-ocean"),
        (0.0, -25.0, "north-atlantic-ocean"),  # on the line between two areas: the first one's
        (float("nan"), float("nan"), ""),
        (50.0, 90.0, ""),  # Siberia
    ],
)
def test_a_position_is_in_the_first_area_that_holds_it(latitude: float, longitude: float, area: str) -> None:
    assert list(area_of(pd.Series([latitude]), pd.Series([longitude]))) == [area]


def test_every_area_belongs_to_an_ocean_of_the_same_argo_code() -> None:
    rows = table().set_index("id")
    parts = rows[rows["part_of"] != ""]
    assert len(parts) == len(AREAS)
    assert (rows.loc[parts["part_of"], "argo_ocean"].to_numpy() == parts["argo_ocean"].to_numpy()).all()


def test_limits_are_closed_polygons() -> None:
    assert wkt(((0.0, 0.0), (1.5, 0.0), (1.0, 2.0))) == "POLYGON ((0 0, 1.5 0, 1 2, 0 0))"
