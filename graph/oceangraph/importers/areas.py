"""Sea areas: a few vertices each, simplified by hand after IHO S-23 "Limits of Oceans and Seas", 3rd edition, 1953.

Lines over land are arbitrary. What S-23 names but this table does not counts to its ocean. A ring's longitudes run on
past 180 where it crosses the date line. Seas stand before the oceans: a point belongs to the first ring it is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Area:
    """A sea area: its number in S-23, Argo's ocean code, the ocean it is counted to, and its ring (lon, lat)."""

    id: str
    name: str
    s23: str
    argo_ocean: str
    ocean: str
    ring: Ring


# fmt: off
AREAS: tuple[Area, ...] = (
    Area(id="norwegian-sea", name="Norwegian Sea", s23="6", argo_ocean="A", ocean="atlantic-ocean", ring=(
        (-13.5, 65.08), (-6.25, 62.33), (-0.88, 60.85), (-0.88, 61.0), (5.0, 61.0), (8.0, 63.2), (14.0, 67.0),
        (20.0, 70.0), (25.78, 71.17), (19.0, 74.4), (16.6, 76.57), (-9.0, 70.9))),
    Area(id="north-sea", name="North Sea", s23="4", argo_ocean="A", ocean="atlantic-ocean", ring=(
        (1.9, 50.98), (1.4, 51.18), (0.0, 52.8), (-2.0, 55.8), (-4.0, 57.8), (-3.37, 58.67), (-2.9, 59.2),
        (-1.63, 59.53), (-1.3, 60.2), (-0.88, 60.85), (-0.88, 61.0), (5.0, 61.0), (5.6, 59.0), (7.05, 57.98),
        (8.6, 57.12), (8.7, 54.5), (5.0, 53.0), (3.0, 51.3))),
    Area(id="ionian-sea", name="Ionian Sea", s23="28f", argo_ocean="A", ocean="atlantic-ocean", ring=(
        (15.15, 36.68), (22.48, 36.38), (22.3, 37.0), (21.5, 37.8), (21.2, 38.3), (20.5, 39.2), (20.0, 39.73),
        (18.37, 39.8), (17.0, 40.4), (16.5, 39.7), (17.0, 39.0), (16.1, 38.0), (15.6, 38.2), (15.1, 37.4))),
    Area(id="aegean-sea", name="Aegean Sea", s23="28h", argo_ocean="A", ocean="atlantic-ocean", ring=(
        (28.27, 36.7), (28.1, 36.45), (27.75, 35.88), (27.2, 35.5), (26.95, 35.4), (26.3, 35.3), (25.0, 35.2),
        (23.58, 35.63), (23.3, 35.87), (22.97, 36.15), (23.2, 36.43), (22.7, 37.4), (23.0, 38.0), (24.0, 38.0),
        (23.0, 39.2), (22.7, 40.5), (24.0, 40.8), (26.0, 40.9), (26.2, 40.05), (27.0, 39.0), (27.3, 37.5))),
    Area(id="mediterranean-sea-eastern-basin", name="Mediterranean Sea, Eastern Basin", s23="28B", argo_ocean="A",
         ocean="atlantic-ocean", ring=(
        (12.43, 37.8), (11.05, 37.08), (10.0, 36.5), (10.0, 34.2), (11.0, 33.0), (15.0, 31.5), (20.0, 30.3),
        (25.0, 31.2), (32.0, 30.9), (34.8, 31.5), (36.3, 36.0), (36.0, 37.0), (30.0, 37.2), (28.27, 36.9),
        (27.3, 38.0), (26.2, 40.3), (22.5, 41.0), (19.5, 42.5), (13.5, 45.9), (12.0, 44.5), (16.0, 41.5),
        (18.0, 40.3), (16.0, 39.8), (16.0, 38.3), (15.2, 38.2))),
    Area(id="arabian-sea", name="Arabian Sea", s23="38", argo_ocean="I", ocean="indian-ocean", ring=(
        (51.4, 10.43), (51.27, 11.83), (51.27, 15.3), (55.0, 17.5), (57.5, 19.5), (59.8, 22.53), (61.72, 25.03),
        (65.0, 25.6), (67.5, 24.5), (69.0, 22.3), (72.8, 21.0), (73.2, 17.0), (74.12, 14.8), (72.17, 13.7),
        (72.8, 8.0), (72.8, 4.0), (73.2, -0.7))),
    Area(id="bay-of-bengal", name="Bay of Bengal", s23="43", argo_ocean="I", ocean="indian-ocean", ring=(
        (80.58, 5.92), (95.07, 5.73), (93.8, 7.2), (92.8, 10.5), (92.7, 13.5), (94.2, 16.0), (92.0, 21.0),
        (90.0, 22.5), (87.0, 21.8), (82.0, 16.8), (80.1, 13.5), (79.9, 10.3), (79.5, 9.2), (81.2, 8.6), (81.8, 7.0))),
    Area(id="south-china-sea", name="South China Sea", s23="49", argo_ocean="P", ocean="pacific-ocean", ring=(
        (121.6, 25.2), (119.5, 25.4), (114.0, 22.8), (108.0, 21.8), (106.5, 19.5), (108.5, 15.8), (109.3, 12.0),
        (106.5, 10.3), (104.7, 8.6), (103.4, 4.0), (103.5, 1.5), (104.5, -1.0), (106.0, -3.0), (110.2, -3.0),
        (109.0, 1.5), (111.3, 2.5), (113.5, 3.8), (116.8, 7.0), (117.3, 8.4), (119.5, 11.4), (120.3, 13.5),
        (120.3, 16.0), (120.8, 18.6), (121.9, 21.1), (120.9, 21.9), (120.2, 23.0))),
    Area(id="japan-sea", name="Japan Sea", s23="52", argo_ocean="P", ocean="pacific-ocean", ring=(
        (129.2, 35.1), (129.3, 34.6), (130.9, 33.9), (132.6, 35.2), (136.0, 35.5), (138.5, 37.0), (140.2, 39.0),
        (140.5, 41.2), (140.0, 41.5), (140.2, 43.0), (141.7, 45.4), (142.1, 46.0), (142.0, 49.0), (141.5, 51.75),
        (140.5, 51.0), (137.0, 46.0), (135.0, 43.5), (132.0, 43.3), (130.5, 42.5), (129.5, 41.0), (127.3, 39.5),
        (128.5, 38.0), (129.2, 36.0))),
    Area(id="philippine-sea", name="Philippine Sea", s23="56", argo_ocean="P", ocean="pacific-ocean", ring=(
        (130.66, 30.99), (131.9, 33.2), (133.2, 34.0), (134.5, 34.5), (137.0, 35.0), (139.0, 35.4), (139.4, 34.7),
        (139.8, 33.1), (140.3, 30.48), (140.34, 29.79), (142.2, 27.1), (141.3, 24.8), (145.0, 20.5), (145.75, 15.2),
        (144.8, 13.3), (138.1, 9.5), (134.6, 7.3), (128.5, 2.6), (125.4, 5.6), (126.4, 8.5), (125.0, 12.5),
        (124.0, 14.0), (122.2, 18.5), (121.9, 21.1), (120.9, 21.9), (121.6, 25.1), (123.0, 24.4), (124.2, 24.4),
        (127.7, 26.2), (129.5, 28.4))),
    Area(id="north-atlantic-ocean", name="North Atlantic Ocean", s23="23", argo_ocean="A", ocean="atlantic-ocean", ring=(
        (12.0, 0.0), (12.0, 15.0), (-5.0, 30.0), (-5.6, 36.0), (0.0, 43.0), (5.0, 51.0), (10.0, 60.0), (-0.88, 61.0),
        (-6.25, 62.33), (-13.5, 65.08), (-22.0, 66.4), (-31.0, 68.2), (-40.0, 65.0), (-50.0, 67.0), (-60.0, 67.0),
        (-70.0, 62.0), (-80.0, 45.0), (-98.0, 32.0), (-98.0, 18.0), (-83.0, 9.2), (-77.3, 8.0), (-72.0, 5.0),
        (-60.0, 0.0))),
    Area(id="south-atlantic-ocean", name="South Atlantic Ocean", s23="32", argo_ocean="A", ocean="atlantic-ocean", ring=(
        (12.0, 0.0), (20.0, -15.0), (20.0, -80.0), (-67.27, -80.0), (-67.27, -55.98), (-69.0, -50.0), (-65.0, -25.0),
        (-60.0, 0.0))),
    Area(id="indian-ocean-proper", name="Indian Ocean, outside its seas", s23="45", argo_ocean="I", ocean="indian-ocean",
         ring=(
        (20.0, -80.0), (20.0, -34.0), (30.0, -15.0), (35.0, 5.0), (32.0, 30.0), (50.0, 31.0), (70.0, 26.0),
        (90.0, 23.0), (98.0, 15.0), (100.0, 7.0), (103.0, 1.0), (105.2, -6.0), (108.0, -7.5), (114.5, -8.3),
        (119.0, -8.7), (124.0, -9.8), (127.0, -9.0), (130.0, -13.0), (130.0, -25.0), (146.82, -38.0),
        (146.82, -80.0))),
    Area(id="north-pacific-ocean", name="North Pacific Ocean", s23="57", argo_ocean="P", ocean="pacific-ocean", ring=(
        (117.0, 0.0), (117.0, 7.0), (120.5, 15.0), (121.0, 25.0), (122.0, 31.0), (121.0, 40.0), (127.0, 39.0),
        (127.3, 45.0), (135.0, 55.0), (140.0, 60.0), (160.0, 62.0), (180.0, 66.5), (191.0, 66.1), (200.0, 62.0),
        (222.0, 60.0), (236.0, 50.0), (238.0, 40.0), (243.5, 33.0), (247.0, 31.5), (255.0, 20.0), (268.0, 16.0),
        (276.5, 9.3), (282.7, 8.0), (281.0, 0.0))),
    Area(id="south-pacific-ocean", name="South Pacific Ocean", s23="61", argo_ocean="P", ocean="pacific-ocean", ring=(
        (146.82, -80.0), (146.82, -38.0), (150.0, -34.0), (145.5, -15.0), (142.0, -10.5), (150.0, -6.0), (141.0, -2.5),
        (131.0, 0.0), (281.0, 0.0), (282.0, -8.0), (289.0, -20.0), (288.0, -45.0), (292.73, -55.98), (292.73, -80.0))),
)
# fmt: on

OCEANS = (
    ("atlantic-ocean", "Atlantic Ocean", "A"),
    ("indian-ocean", "Indian Ocean", "I"),
    ("pacific-ocean", "Pacific Ocean", "P"),
)


def table() -> pd.DataFrame:
    """The table ``sea_areas.csv``: the three oceans of Argo's codes, then the areas with their limits."""
    oceans = [
        {
            "id": i,
            "name": n,
            "s23": "",
            "argo_ocean": c,
            "limits": "",
            "part_of": "",
            "dataset": "argo-manual",
        }
        for i, n, c in OCEANS
    ]
    areas = [
        {
            "id": a.id,
            "name": a.name,
            "s23": a.s23,
            "argo_ocean": a.argo_ocean,
            "limits": wkt(a.ring),
            "part_of": a.ocean,
            "dataset": "iho-s23",
        }
        for a in AREAS
    ]
    return pd.DataFrame([*oceans, *areas])


def wkt(ring: Ring) -> str:
    """A closed WKT polygon of the ring."""
    points = ", ".join(f"{lon:g} {lat:g}" for lon, lat in (*ring, ring[0]))
    return f"POLYGON (({points}))"


def area_of(latitude: pd.Series[float], longitude: pd.Series[float]) -> pd.Series[str]:
    """The id of the first area whose ring holds each point (degrees); empty where there is none or no position."""
    lat = latitude.to_numpy(dtype=float)
    lon = longitude.to_numpy(dtype=float)
    found = np.full(len(lat), "", dtype=object)
    for area in AREAS:
        limits = shapely.Polygon(area.ring)
        shapely.prepare(limits)
        # A point on the line between two areas is in both, and so counts to the first; no position is nowhere.
        inside = shapely.intersects_xy(limits, lon, lat) | shapely.intersects_xy(limits, lon + 360.0, lat)
        found[inside & (found == "")] = area.id
    return pd.Series(found, index=latitude.index, dtype=object)
