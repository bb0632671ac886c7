"""Reading variables of Argo's NetCDF files as they are: no masks, no scales, characters as text."""

from __future__ import annotations

from typing import Any

import netCDF4
import numpy as np
import scipy.io
from numpy.typing import NDArray

from oceangraph.importers.quality import File, UnreadableFile

FORMATS = ("3.0", "3.1")


def open_argo(file: File, kind: str) -> netCDF4.Dataset:
    """Open a file of that kind (``profile`` or ``meta-data``).

    Raises:
        UnreadableFile: it is no NetCDF, cut off, of another kind, or of a format other than 3.0 and 3.1.
    """
    whole(file)
    try:
        dataset = netCDF4.Dataset(file.path)
    except (OSError, RuntimeError) as error:
        raise UnreadableFile(f"this is no NetCDF, or cut off: {error}") from error
    dataset.set_auto_maskandscale(False)
    try:
        kinds, version = text(dataset, "DATA_TYPE"), text(dataset, "FORMAT_VERSION")
    except UnreadableFile:
        dataset.close()
        raise
    if kind not in kinds or version not in FORMATS:
        dataset.close()
        raise UnreadableFile(f"this is {kinds!r} in format {version!r}, not {kind} in {' or '.join(FORMATS)}")
    return dataset


def whole(file: File) -> None:
    """UnreadableFile where a classic NetCDF file ends before its last variable does.

    The NetCDF library reads zeros there and says nothing; scipy maps every variable and so needs the whole file. HDF5 files
    (NetCDF-4) are refused by their own library.
    """
    with file.path.open("rb") as content:
        classic = content.read(4) in (b"CDF\x01", b"CDF\x02")
    if not classic:
        return
    try:
        # Nothing is kept but what the header says, so the map can be closed at once.
        scipy.io.netcdf_file(file.path, mmap=True).close()
    except (TypeError, ValueError, OSError, IndexError) as error:
        raise UnreadableFile(f"the file is cut off: {error}") from error


def variable(dataset: netCDF4.Dataset, name: str) -> netCDF4.Variable[Any]:
    """The variable; UnreadableFile where there is none."""
    try:
        return dataset.variables[name]
    except KeyError:
        raise UnreadableFile(f"there is no variable {name}") from None


def text(dataset: netCDF4.Dataset, name: str) -> str:
    """All characters of a variable as one text."""
    return decode(np.asarray(variable(dataset, name)[:]))


def decode(characters: NDArray[Any]) -> str:
    """Characters as text, without the blanks that fill it up."""
    return b"".join(characters.ravel().tolist()).decode("utf-8", "replace").strip(" \x00")


def strings(dataset: netCDF4.Dataset, name: str, at: slice) -> list[str]:
    """A text for each row of a block."""
    return [decode(row) for row in np.asarray(variable(dataset, name)[at])]


def characters(dataset: netCDF4.Dataset, name: str, at: slice) -> list[str]:
    """One character for each row of a block, empty where it is blank or there is no such variable."""
    if name not in dataset.variables:
        return [""] * (at.stop - at.start)
    return [decode(np.asarray(c)) for c in np.asarray(dataset[name][at])]


def doubles(dataset: netCDF4.Dataset, name: str, at: slice) -> NDArray[np.float64]:
    """Numbers of a block; NaN where there is none."""
    held = variable(dataset, name)
    values = np.asarray(held[at], dtype=np.float64)
    fill = getattr(held, "_FillValue", None)
    return np.where(values == fill, np.nan, values) if fill is not None else values
