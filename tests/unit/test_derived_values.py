"""Seawater properties, mixed layers and water masses: against published check values and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oceangraph.derived.mixed_layer import DENSITY, TEMPERATURE, mixed_layer
from oceangraph.derived.profiles import derive
from oceangraph.derived.seawater import depth, potential_vorticity, seawater
from oceangraph.derived.water_masses import ProfileValues, WaterMass, layer

NAN = float("nan")
OPEN = (NAN, NAN)
INTERMEDIATE = WaterMass(
    id="MIN", sea_areas=("pacific",), latitude=(0.0, 60.0), temperature=OPEN, salinity=OPEN, sigma0=(26.7, 26.9), depth=OPEN,
    potential_vorticity=NAN, core="salinity minimum",
)  # fmt: skip
BOX = WaterMass(
    id="BOX", sea_areas=("pacific",), latitude=OPEN, temperature=(5.0, 10.0), salinity=(34.0, 35.0), sigma0=OPEN, depth=OPEN,
    potential_vorticity=NAN, core="",
)  # fmt: skip


def a(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def profile(
    salinity: np.ndarray, sigma0: np.ndarray, *, sea_area: str = "pacific", latitude: float = 30.0
) -> ProfileValues:
    steps = np.arange(len(sigma0), dtype=float)
    return ProfileValues(
        sea_area=sea_area,
        latitude=latitude,
        depth=100 * steps,
        temperature=12 - 2 * steps,
        salinity=salinity,
        sigma0=sigma0,
    )


def test_teos_10_gives_the_check_values_of_its_manual() -> None:
    # The example of gsw_SA_from_SP, gsw_CT_from_t and gsw_sigma0 in the TEOS-10 documentation (188°E 4°N).
    found = seawater(
        pressure=a(10, 50, 125, 250, 600, 1000),
        temperature=a(28.7856, 28.4329, 22.8103, 10.2600, 6.8863, 4.4036),
        salinity=a(34.5487, 34.7275, 34.8605, 34.6810, 34.5680, 34.5600),
        longitude=np.full(6, 188.0),
        latitude=np.full(6, 4.0),
    )
    # To 2e-4: the last digit differs between the editions of GSW.
    assert found.absolute_salinity == pytest.approx(
        [34.7118, 34.8915, 35.0255, 34.8472, 34.7366, 34.7324], abs=2e-4
    )
    assert found.conservative_temperature == pytest.approx(
        [28.8099, 28.4392, 22.7862, 10.2262, 6.8272, 4.3236], abs=2e-4
    )
    assert found.sigma0 == pytest.approx([21.7979, 22.0522, 23.8930, 26.6676, 27.1074, 27.4097], abs=2e-4)


def test_a_missing_input_is_a_missing_result() -> None:
    found = seawater(
        pressure=a(10, 10),
        temperature=a(20, NAN),
        salinity=a(NAN, 35),
        longitude=a(188, 188),
        latitude=a(4, 4),
    )
    assert np.isnan(found.sigma0).all()


def test_depth_is_positive_and_a_little_less_than_pressure() -> None:
    assert depth(a(10.0, 1000.0), 30.0).tolist() == [9.93, 990.81]


@pytest.mark.parametrize(
    ("depths", "values", "expected"),
    [
        (a(5, 10, 50, 100), a(25.00, 25.00, 25.01, 25.05), 75.0),  # half way between 50 and 100 m
        (a(5, 15, 25), a(25.00, 25.00, 25.06), 20.0),  # 10 m lies between two values
        (a(5, 10, 20), a(25.0, 25.0, 25.3), 11.0),  # from 10 m itself
        (a(2, 12, 22), a(25.00, 25.10, 25.20), 13.0),  # the gradient reaches up past 10 m: 25.08 there
    ],
)
def test_the_mixed_layer_ends_where_the_threshold_is_reached(
    depths: np.ndarray, values: np.ndarray, expected: float
) -> None:
    found = mixed_layer(depths, values, DENSITY)
    assert found is not None
    assert found.depth == pytest.approx(expected, abs=0.05)


def test_a_mixed_layer_names_the_values_that_it_follows_from() -> None:
    found = mixed_layer(a(5, 15, 25, 35, 45), a(25.00, 25.00, 25.01, 25.02, 25.06), DENSITY)
    assert found is not None
    assert found.used == (0, 1, 3, 4)  # around 10 m, and around the depth found: 25 m plays no part


def test_temperature_counts_in_both_directions_and_density_in_one() -> None:
    assert mixed_layer(a(5, 10, 20, 30), a(10.0, 10.0, 10.1, 10.3), TEMPERATURE) is not None
    assert mixed_layer(a(5, 10, 20, 30), a(10.0, 10.0, 9.9, 9.7), TEMPERATURE) is not None
    assert mixed_layer(a(5, 10, 20, 30), a(25.0, 25.0, 24.9, 24.8), DENSITY) is None


@pytest.mark.parametrize("depths", [a(11, 20, 30), a(1, 5, 9), a()])
def test_without_a_value_above_and_one_below_10_m_there_is_no_mixed_layer(depths: np.ndarray) -> None:
    assert mixed_layer(depths, 25 + 0.1 * np.arange(len(depths)), DENSITY) is None


def test_potential_vorticity_follows_from_the_density_gradient() -> None:
    found = potential_vorticity(a(25.0, 25.1, 25.2), a(100.0, 200.0, 300.0), 30.0)
    assert np.isnan(found[[0, 2]]).all()
    assert found[1] == pytest.approx(
        7.2921e-5 * 0.001 / 1025.1, rel=1e-4
    )  # f at 30°N is Earth's rotation rate


def test_a_salinity_minimum_in_the_density_range_is_the_core() -> None:
    found = layer(INTERMEDIATE, profile(a(34.5, 34.1, 34.0, 34.2), a(26.0, 26.72, 26.85, 27.1)))
    assert found is not None
    assert (found.members, found.core, found.neighbours) == ((1, 2), 2, (3,))


def test_without_a_salinity_minimum_the_density_range_alone_is_no_layer() -> None:
    assert layer(INTERMEDIATE, profile(a(34.5, 34.4, 34.3, 34.2), a(26.0, 26.72, 26.85, 27.1))) is None


@pytest.mark.parametrize(("sea_area", "latitude"), [("atlantic", 30.0), ("pacific", -30.0)])
def test_a_water_mass_is_only_looked_for_where_it_is_defined(sea_area: str, latitude: float) -> None:
    values = profile(
        a(34.5, 34.1, 34.0, 34.2), a(26.0, 26.72, 26.85, 27.1), sea_area=sea_area, latitude=latitude
    )
    assert layer(INTERMEDIATE, values) is None


def test_a_box_of_temperature_and_salinity_includes_its_ends() -> None:
    found = layer(BOX, profile(a(34.0, 34.0, 35.0, 35.1), a(25.0, 25.1, 25.2, 25.3)))
    assert found is not None
    assert found.members == (1, 2)
    assert found.core is None


def sample(pressure: float, salinity: float, temperature: float = 10.0) -> dict[str, object]:
    return {
        "id": f"p/{pressure:g}",
        "profile": "p",
        "sea_area": "pacific",
        "longitude": -160.0,
        "latitude": 30.0,
        "pressure": pressure,
        "temperature": temperature,
        "salinity": salinity,
    }


def test_every_derived_fact_names_the_values_that_it_was_computed_from() -> None:
    samples = pd.DataFrame(
        [sample(5, 34.5), sample(15, 34.5), sample(40, 34.5), sample(60, 34.5, 9.0), sample(90, 34.5, 8.0)]
    )
    found = derive(samples, [BOX])
    used = found.used.groupby("start")["end"].apply(list).to_dict()
    assert sorted(used) == ["p/BOX", "p/density", "p/temperature"]
    assert used["p/temperature"] == ["p/5", "p/15", "p/40", "p/60"]
    assert used["p/BOX"] == ["p/5", "p/15", "p/40", "p/60", "p/90"]


def test_a_value_that_is_not_good_enters_nothing() -> None:
    samples = pd.DataFrame([sample(5, 34.5), sample(15, 34.5), sample(30, NAN, 30.0), sample(60, 34.5, 9.0)])
    found = derive(samples, [BOX])
    assert "p/30" not in set(found.values["id"])
    assert "p/30" not in set(found.used[found.used["start"] == "p/density"]["end"])
    assert set(found.mixed_layers["criterion"]) == {"density", "temperature"}
