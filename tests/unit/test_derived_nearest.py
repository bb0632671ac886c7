"""The nearest profile of another platform: against looking at all pairs, and at a size at which nobody could."""

from __future__ import annotations

import numpy as np
import pytest

from oceangraph.derived.nearest import NONE, geodesic, in_space, nearest_of_another

RNG = np.random.default_rng(20130321)


def all_pairs(longitude: np.ndarray, latitude: np.ndarray, platform: np.ndarray) -> np.ndarray:
    points = in_space(longitude, latitude)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    distance[platform[:, None] == platform[None]] = np.inf
    return distance.argmin(axis=1)


@pytest.mark.parametrize(("count", "platforms"), [(2, 2), (9, 2), (300, 5), (700, 30)])
def test_it_finds_what_looking_at_all_pairs_finds(count: int, platforms: int) -> None:
    longitude, latitude = RNG.uniform(-180, 180, count), RNG.uniform(-90, 90, count)
    platform = np.arange(count) % platforms
    found = nearest_of_another(longitude, latitude, platform)
    assert (found == all_pairs(longitude, latitude, platform)).all()


def test_a_profile_among_hundreds_of_its_own_platform_finds_the_one_of_another() -> None:
    longitude, latitude = RNG.normal(0, 1, 900), RNG.normal(0, 1, 900)
    platform = np.zeros(900, dtype=np.int64)
    longitude[:2], platform[:2] = (60, 61), 1
    found = nearest_of_another(longitude, latitude, platform)
    assert (found == all_pairs(longitude, latitude, platform)).all()


def test_the_date_line_separates_nobody() -> None:
    found = nearest_of_another(np.array([179.9, -179.9, 170.0]), np.zeros(3), np.array([1, 2, 3]))
    assert found.tolist() == [1, 0, 0]


def test_of_equally_near_ones_the_first_is_taken() -> None:
    assert nearest_of_another(np.zeros(4), np.zeros(4), np.array([1, 1, 2, 3])).tolist() == [2, 2, 0, 0]


def test_where_there_is_only_one_platform_there_is_none() -> None:
    assert nearest_of_another(np.zeros(3), np.zeros(3), np.ones(3, dtype=np.int64)).tolist() == [NONE] * 3


def test_the_distance_is_the_geodesic_s() -> None:
    # One degree along the equator and one along a meridian at the equator on WGS 84.
    assert geodesic(0, 0, 1, 0) == pytest.approx(111.3195, abs=0.06)
    assert geodesic(0, 0, 0, 1) == pytest.approx(110.5744, abs=0.06)


def test_200_000_profiles_are_no_matter_of_all_pairs() -> None:
    # All pairs would be 4e10 distances, 300 GB; this test has a time limit and the machine a limit of memory.
    floats, each = 1000, 200
    start = np.column_stack([RNG.uniform(-180, 180, floats), RNG.uniform(-60, 60, floats)])
    track = (start[:, None] + RNG.normal(0, 0.5, (floats, each, 2)).cumsum(axis=1)).reshape(-1, 2)
    platform = np.repeat(np.arange(floats), each)
    found = nearest_of_another(track[:, 0], track[:, 1], platform)
    assert (platform[found] != platform).all()
    points = in_space(track[:, 0], track[:, 1])
    for i in RNG.choice(len(track), 20, replace=False):
        distance = np.linalg.norm(points - points[i], axis=1)
        distance[platform == platform[i]] = np.inf
        assert found[i] == distance.argmin()
