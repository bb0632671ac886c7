"""The derivations as records: method, publication, program, and which values enter."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

import pandas as pd

# Which flags are good: the only values that enter. What has no flag is taken as it is.
GOOD_WOCE = 2  # acceptable measurement (WHP: CTD and bottle data quality codes)
GOOD_ARGO = 1  # good data (NVS RR2); 2, probably good, does not enter

_CRUISE = (("CTDPRS", ""), ("CTDTMP", ""), ("CTDSAL", str(GOOD_WOCE)))
_ARGO = (("PRES", str(GOOD_ARGO)), ("TEMP", str(GOOD_ARGO)), ("PSAL", str(GOOD_ARGO)))
_ALL = (*_CRUISE, *_ARGO)
_NO_SALT = tuple(use for use in _ALL if use[0] not in ("CTDSAL", "PSAL"))


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """How facts are computed.

    Attributes:
        id: short name.
        name: what a person calls it.
        description: the method.
        program: distribution that computes it; its version is told.
        publication: where the method is published; ids of publications, separated by ``|``.
        uses: parameter codes, each with the flag that a value must have; empty where the parameter has none.
        property: of a bottle or level that it makes; empty where it makes records.
    """

    id: str
    name: str
    description: str
    program: str
    publication: str
    uses: tuple[tuple[str, str], ...] = ()
    property: str = ""


DERIVATIONS = (
    Derivation(
        id="absolute-salinity", name="Absolute salinity", program="gsw", publication="teos-10", uses=_ALL,
        property="absolute_salinity", description="From practical salinity, pressure and position (gsw.SA_from_SP)",
    ),
    Derivation(
        id="conservative-temperature", name="Conservative temperature", program="gsw", publication="teos-10", uses=_ALL,
        property="conservative_temperature",
        description="From absolute salinity, temperature in situ and pressure (gsw.CT_from_t)",
    ),
    Derivation(
        id="sigma0", name="Potential density anomaly", program="gsw", publication="teos-10", uses=_ALL, property="sigma0",
        description="From absolute salinity and conservative temperature, reference pressure 0 dbar (gsw.sigma0)",
    ),
    Derivation(
        id="mixed-layer-density", name="Mixed-layer depth by density", program="gsw",
        publication="de-boyer-montegut-2004|teos-10", uses=_ALL,
        description="Depth at which sigma0 is 0.03 kg/m3 more than at 10 m, linear between values; no depth where there is "
        "no good value at or above 10 m",
    ),
    Derivation(
        id="mixed-layer-temperature", name="Mixed-layer depth by temperature", program="gsw",
        publication="de-boyer-montegut-2004", uses=_NO_SALT,
        description="Depth at which the temperature differs by 0.2 °C from that at 10 m, linear between values; no depth "
        "where there is no good value at or above 10 m",
    ),
    Derivation(
        id="water-mass", name="Layer of a water mass", program="gsw", publication="teos-10", uses=_ALL,
        description="Values within the published ranges of the water mass; where its core is defined, only with a core",
    ),
    Derivation(
        id="nearest", name="Nearest profile of another platform", program="geographiclib", publication="karney-2013",
        description="By a spatial index on the WGS 84 ellipsoid; distance along the geodesic, days between the dates. "
        "Positions and dates that are flagged other than good do not enter",
    ),
)  # fmt: skip


def table() -> pd.DataFrame:
    """The records of label Derivation, with the column ``publication`` beside its properties."""
    rows = [
        {
            "id": d.id,
            "name": d.name,
            "description": d.description,
            "version": f"{d.program} {metadata.version(d.program)}",
            "property": d.property or None,
            "publication": d.publication,
        }
        for d in DERIVATIONS
    ]
    return pd.DataFrame(rows, dtype=object)


def uses() -> pd.DataFrame:
    """Relationships USES: ``start``, ``end``, ``good``."""
    rows = [(d.id, code, good or None) for d in DERIVATIONS for code, good in d.uses]
    return pd.DataFrame(rows, columns=pd.Index(("start", "end", "good")), dtype=object)
