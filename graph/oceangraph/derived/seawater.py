"""Properties of seawater by TEOS-10 (IOC, SCOR and IAPSO, 2010), computed with GSW.

Rounded to four decimals, which is finer than any of the instruments and coarser than what differs between machines.
"""

from __future__ import annotations

from dataclasses import dataclass

import gsw
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Seawater:
    """Arrays of one shape; NaN where an input is missing.

    Attributes:
        absolute_salinity: g/kg.
        conservative_temperature: degC.
        sigma0: potential density anomaly with reference to the surface, kg/m3.
    """

    absolute_salinity: Floats
    conservative_temperature: Floats
    sigma0: Floats


def seawater(
    *, pressure: Floats, temperature: Floats, salinity: Floats, longitude: Floats, latitude: Floats
) -> Seawater:
    """Absolute salinity, conservative temperature and potential density of seawater.

    Args:
        pressure: sea pressure, dbar.
        temperature: in situ, ITS-90, degC.
        salinity: practical, PSS-78.
        longitude: degrees east.
        latitude: degrees north.
    """
    # GSW has no salinity anomaly for what is no place or no pressure, and answers NaN for NaN.
    salinity_a = gsw.SA_from_SP(salinity, pressure, longitude, latitude)
    temperature_c = gsw.CT_from_t(salinity_a, temperature, pressure)
    return Seawater(
        absolute_salinity=_rounded(salinity_a),
        conservative_temperature=_rounded(temperature_c),
        sigma0=_rounded(gsw.sigma0(salinity_a, temperature_c)),
    )


def depth(pressure: Floats, latitude: Floats | float) -> Floats:
    """Depth below the surface in m, positive downwards, to the centimetre."""
    return np.round(-np.asarray(gsw.z_from_p(pressure, latitude), dtype=np.float64), 2)


def potential_vorticity(sigma0: Floats, depths: Floats, latitude: float) -> Floats:
    """Potential vorticity of a profile, ``f/ρ ∂σ/∂z``, by central differences: NaN at both ends.

    Args:
        sigma0: potential density anomaly, kg/m3, from the surface down.
        depths: m, positive downwards.
        latitude: degrees north.

    Returns:
        The planetary part in 1/(m s), positive where density grows with depth in the northern hemisphere.
    """
    found = np.full(sigma0.shape, np.nan)
    if len(sigma0) > 2:
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (sigma0[2:] - sigma0[:-2]) / (depths[2:] - depths[:-2])
        found[1:-1] = float(gsw.f(latitude)) * slope / (1000.0 + sigma0[1:-1])
    return found


def _rounded(values: Floats) -> Floats:
    # A small negative value would be rounded to -0.0.
    rounded: Floats = np.asarray(np.round(values, DECIMALS), dtype=np.float64)
    rounded[rounded == 0] = 0.0
    return rounded
