"""Mixed-layer depth by a threshold on the difference from 10 m.

de Boyer Montégut, C., G. Madec, A. S. Fischer, A. Lazar, D. Iudicone (2004): Mixed layer depth over the global ocean: An
examination of profile data and a profile-based climatology. J. Geophys. Res. 109, C12003. doi:10.1029/2004JC002378
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from oceangraph.derived.seawater import Floats

REFERENCE_DEPTH = 10.0  # m


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """How far from the value at 10 m a value must be to lie below the mixed layer.

    Attributes:
        name: of the criterion.
        threshold: the difference, in ``unit``.
        direction: ``more`` where only a larger value counts, ``either`` where a smaller one does too.
    """

    name: Literal["density", "temperature"]
    threshold: float
    unit: str
    direction: Literal["more", "either"]


DENSITY = Criterion(name="density", threshold=0.03, unit="kg/m3", direction="more")
TEMPERATURE = Criterion(name="temperature", threshold=0.2, unit="degC", direction="either")
CRITERIA = (DENSITY, TEMPERATURE)


@dataclass(frozen=True, kw_only=True)
class MixedLayer:
    """Depth of a mixed layer in m, and the places in the profile of the values that it follows from.

    Attributes:
        depth: m, to the decimetre.
        used: indexes of the values around 10 m and of those around the depth found.
    """

    depth: float
    used: tuple[int, ...]


def mixed_layer(depths: Floats, values: Floats, criterion: Criterion) -> MixedLayer | None:
    """The mixed layer of one profile.

    Args:
        depths: m, ascending.
        values: potential density anomaly in kg/m3 or temperature in degC, none missing.
        criterion: which.

    Returns:
        None where there is no value at or above 10 m, or the threshold is not reached.
    """
    below = int(np.searchsorted(depths, REFERENCE_DEPTH, side="left"))
    if below == len(depths) or (below == 0 and depths[0] > REFERENCE_DEPTH):
        return None
    around = (below,) if depths[below] == REFERENCE_DEPTH else (below - 1, below)
    difference = values - np.interp(REFERENCE_DEPTH, depths[list(around)], values[list(around)])
    reached = difference if criterion.direction == "more" else np.abs(difference)
    over = np.flatnonzero(reached[below:] >= criterion.threshold)
    if not len(over):
        return None
    last = below + int(over[0])
    target = float(np.copysign(criterion.threshold, difference[last]))
    upper = (float(depths[last - 1]), float(difference[last - 1])) if last > below else (REFERENCE_DEPTH, 0.0)
    share = (target - upper[1]) / (float(difference[last]) - upper[1])
    found = upper[0] + share * (float(depths[last]) - upper[0])
    used = {*around, last, *((last - 1,) if last > below else ())}
    return MixedLayer(depth=round(found, 1), used=tuple(sorted(used)))
