"""The nearest profile of another platform, through a spatial index.

Places are points of the WGS 84 ellipsoid in space, so that neither the date line nor the poles are special; the shortest
chord has the shortest geodesic but for parts in a thousand, and the distance that is told is the geodesic's (Karney, 2013,
J. Geodesy 87, 43–55, doi:10.1007/s00190-012-0578-z).
"""

from __future__ import annotations

import numpy as np
from geographiclib.geodesic import Geodesic
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from oceangraph.derived.seawater import Floats

Indexes = NDArray[np.intp]

NONE = -1
_RADIUS, _FLATTENING = 6378.137, 1 / 298.257223563  # WGS 84, km
_FIRST, _GROWTH, _MOST = 8, 4, 512
_AT_ONCE = 1 << 21  # neighbours looked at together: bounds the memory
_NANO = 9  # decimals of a km: nearer than that is equally near


def in_space(longitude: Floats, latitude: Floats) -> Floats:
    """Points on the WGS 84 ellipsoid as x, y, z in km; one row a point."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    squared = _FLATTENING * (2 - _FLATTENING)
    normal = _RADIUS / np.sqrt(1 - squared * np.sin(lat) ** 2)
    xyz = (
        normal * np.cos(lat) * np.cos(lon),
        normal * np.cos(lat) * np.sin(lon),
        normal * (1 - squared) * np.sin(lat),
    )
    return np.column_stack(xyz)


def nearest_of_another(longitude: Floats, latitude: Floats, platform: NDArray[np.int64]) -> Indexes:
    """For each profile the index of the nearest one that another platform made; `NONE` where no other is there.

    Of equally near ones the first is taken.

    Args:
        longitude: degrees east, none missing.
        latitude: degrees north, none missing.
        platform: a number for each platform.
    """
    points = in_space(longitude, latitude)
    found = np.full(len(points), NONE, dtype=np.intp)
    if len(np.unique(platform)) < 2:
        return found
    tree, open_, count = cKDTree(points), np.arange(len(points)), _FIRST
    while len(open_) and count <= min(_MOST, len(points)):
        for block in np.array_split(open_, -(-len(open_) * count // _AT_ONCE)):
            found[block] = _among(tree, points, platform, block, count)
        open_, count = open_[found[open_] == NONE], count * _GROWTH
    # Whoever is among hundreds of its own platform's profiles asks an index without them.
    for own in np.unique(platform[open_]):
        others = np.flatnonzero(platform != own)
        mine = open_[platform[open_] == own]
        distance, neighbour = cKDTree(points[others]).query(points[mine], k=[1, 2])
        found[mine] = others[_first(np.round(distance, _NANO), neighbour)]
    return found


def _among(tree: cKDTree, points: Floats, platform: NDArray[np.int64], block: Indexes, count: int) -> Indexes:
    distance, neighbour = tree.query(points[block], k=count)
    distance = np.round(distance, _NANO)
    far = np.where(platform[neighbour] == platform[block][:, None], np.inf, distance)
    # Further profiles may be as near as the last one that was looked at, so that one is not decided on yet.
    certain = far.min(axis=1) < distance[:, -1]
    return np.where(certain, _first(far, neighbour), NONE)


def _first(distance: Floats, neighbour: Indexes) -> Indexes:
    nearest = distance == distance.min(axis=1)[:, None]
    first: Indexes = np.where(nearest, neighbour, np.iinfo(np.intp).max).min(axis=1)
    return first


def geodesic(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Length of the geodesic on WGS 84 between two points, in km, to 0.1 km."""
    line = Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE)
    return round(float(line["s12"]) / 1000.0, 1)
