"""Lines of equal potential density for T–S diagrams, computed once by GSW so that no browser needs an equation of state."""

from __future__ import annotations

import json
from typing import Any

import gsw
import numpy as np
from scipy.optimize import brentq

TEMPERATURES = np.arange(-2.0, 34.01, 0.5)  # conservative, °C
DENSITIES = np.arange(18.0, 30.01, 0.5)  # sigma-0, kg/m3
FRESHEST, SALTIEST = 20.0, 42.0  # absolute salinity, g/kg


def isopycnals() -> dict[str, Any]:
    """For each sigma-0 (kg/m3) the absolute salinity (g/kg, to 0.001) at each conservative temperature (°C); null outside."""
    lines = [
        {"sigma0": float(sigma), "salinity": [_salinity(float(sigma), float(t)) for t in TEMPERATURES]}
        for sigma in DENSITIES
    ]
    return {"temperature": [float(t) for t in TEMPERATURES], "lines": lines}


def text() -> str:
    """The lines as ``static/isopycnals.json`` holds them, one line a line."""
    found = isopycnals()
    rows = ",\n".join(json.dumps(line) for line in found["lines"])
    return f'{{"temperature": {json.dumps(found["temperature"])},\n"lines": [\n{rows}\n]}}\n'


def _salinity(sigma: float, temperature: float) -> float | None:
    def off(salinity: float) -> float:
        return float(gsw.sigma0(salinity, temperature)) - sigma

    if off(FRESHEST) > 0 or off(SALTIEST) < 0:
        return None
    return round(float(brentq(off, FRESHEST, SALTIEST, xtol=1e-6)), 3)


if __name__ == "__main__":
    print(text(), end="")
