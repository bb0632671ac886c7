"""Which values of a profile lie in the published range of a water mass.

The ranges stand in ``data/water_masses.csv``, each with what it is cited from. They are applied as published: temperature in
situ, salinity practical, density the potential density anomaly (by TEOS-10 here, by EOS-80 in the older papers: they differ
by about 0.01 kg/m3). Lying in a range says nothing about where the water comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oceangraph.derived.seawater import Floats, potential_vorticity

Core = Literal["", "salinity minimum", "potential vorticity minimum"]
Range = tuple[float, float]  # both ends belong to it; NaN where the definition does not say


@dataclass(frozen=True, kw_only=True)
class WaterMass:
    """A definition.

    Attributes:
        id: short name.
        sea_areas: ids of the sea areas in which it is looked for.
        latitude: degrees north; temperature: degC; salinity: PSS-78; sigma0: kg/m3; depth: m.
        potential_vorticity: below this, 1/(m s); NaN where the definition does not say.
        core: what marks its core; without it there is no layer.
    """

    id: str
    sea_areas: tuple[str, ...]
    latitude: Range
    temperature: Range
    salinity: Range
    sigma0: Range
    depth: Range
    potential_vorticity: float
    core: Core


@dataclass(frozen=True, kw_only=True)
class ProfileValues:
    """Good values of one profile from the surface down: arrays of one length, none missing.

    Attributes:
        sea_area: where it was made; latitude: degrees north.
        depth: m; temperature: degC; salinity: PSS-78; sigma0: kg/m3.
    """

    sea_area: str
    latitude: float
    depth: Floats
    temperature: Floats
    salinity: Floats
    sigma0: Floats


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A water mass in a profile, as indexes of values.

    Attributes:
        members: values in the range.
        core: the one that marks the core; None where the definition has no core.
        neighbours: values outside the range that were needed to tell.
    """

    members: tuple[int, ...]
    core: int | None
    neighbours: tuple[int, ...]


def layer(mass: WaterMass, profile: ProfileValues) -> Layer | None:
    """The layer of a water mass in a profile; None where it is not there."""
    if profile.sea_area not in mass.sea_areas or not _within(np.array([profile.latitude]), mass.latitude)[0]:
        return None
    inside = _within(profile.temperature, mass.temperature) & _within(profile.salinity, mass.salinity)
    inside &= _within(profile.sigma0, mass.sigma0) & _within(profile.depth, mass.depth)
    vorticity = np.empty(0)
    if not np.isnan(mass.potential_vorticity):
        vorticity = np.abs(potential_vorticity(profile.sigma0, profile.depth, profile.latitude))
        inside &= vorticity < mass.potential_vorticity  # NaN is not
    members = np.flatnonzero(inside)
    if not len(members):
        return None
    core, beside = _core(mass.core, members, profile, vorticity)
    if mass.core and core is None:
        return None
    if len(vorticity):
        beside |= {int(i) + step for i in members for step in (-1, 1)}
    neighbours = sorted(beside - {int(i) for i in members})
    return Layer(members=tuple(int(i) for i in members), core=core, neighbours=tuple(neighbours))


def _core(
    kind: Core, members: NDArray[np.intp], profile: ProfileValues, vorticity: Floats
) -> tuple[int | None, set[int]]:
    if not kind:
        return None, set()
    if kind == "potential vorticity minimum":
        return int(members[np.argmin(vorticity[members])]), set()
    salinity = profile.salinity
    core = int(members[np.argmin(salinity[members])])
    if core in (0, len(salinity) - 1):
        return None, set()
    saltier = salinity[core - 1] > salinity[core] < salinity[core + 1]
    return (core if saltier else None), {core - 1, core + 1}


def _within(values: Floats, limits: Range) -> NDArray[np.bool_]:
    low, high = limits
    return ~((values < low) | (values > high))
