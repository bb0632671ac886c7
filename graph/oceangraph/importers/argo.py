"""A mirror of an Argo GDAC: metadata and multi-profile files of floats first, then the index files, which are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from oceangraph.importers import argo_index, argo_lists
from oceangraph.importers.argo_compared import ProfilesInFiles, profiles_of_files
from oceangraph.importers.argo_files import profile_blocks
from oceangraph.importers.argo_meta import read_float
from oceangraph.importers.nvs import Vocabulary
from oceangraph.importers.quality import File, Finding, Quality
from oceangraph.importers.sink import Sink

META, PROFILES = "ar_index_global_meta.txt", "ar_index_global_prof.txt"
BIO, GREYLIST = "argo_bio-profile_index.txt", "ar_greylist.txt"


@dataclass(kw_only=True)
class Met:
    """What was met in the mirror: floats, parameters, spellings of instrument types, investigators with institution."""

    floats: set[str] = field(default_factory=set)
    bare: dict[str, tuple[str, str]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    measured: dict[tuple[str, str], None] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    investigators: dict[str, tuple[str, str]] = field(default_factory=dict)


def read(folder: Path, vocabulary: Vocabulary, met: Met, sink: Sink, quality: Quality) -> list[File]:
    """Write the tables of Argo; what is missing or spoilt is told.

    Returns:
        The files that were looked for or read.
    """
    metas, multis = (
        [
            File(name=f"argo/{p.relative_to(folder)}", path=p)
            for p in sorted(folder.glob(f"dac/*/*/*_{kind}.nc"))
        ]
        for kind in ("meta", "prof")
    )
    for file in metas:
        with quality.reading(file):
            _float_file(file, vocabulary, met, sink, quality)
    in_files = ProfilesInFiles()
    for file in multis:
        with quality.reading(file):
            _profile_file(file, in_files, sink, quality)
    indexes = {
        name: File(name=f"argo/{name}", path=folder / name) for name in (META, PROFILES, BIO, GREYLIST)
    }
    with quality.reading(indexes[META]):
        for rows in argo_lists.floats(indexes[META], vocabulary, quality):
            met.floats.update(rows["wmo"])
            met.types.update(rows["profiler_type"])
            sink.write("floats.csv", rows)
    _profiles(indexes[PROFILES], in_files, vocabulary, met, sink, quality)
    with quality.reading(indexes[BIO]):
        bio = argo_lists.bio_parameters(indexes[BIO], vocabulary, quality)
        met.measured |= dict.fromkeys(zip(bio["wmo"], bio["parameter"], strict=True))
        for wmo in bio["wmo"]:
            met.bare.setdefault(str(wmo), ("argo-index", indexes[BIO].name))
    with quality.reading(indexes[GREYLIST]):
        for rows in argo_lists.greylist(indexes[GREYLIST], vocabulary, quality):
            met.parameters.update(rows["parameter"])
            for wmo in rows["wmo"]:
                met.bare.setdefault(str(wmo), ("argo-greylist", indexes[GREYLIST].name))
            sink.write("greylist.csv", rows)
    _join_floats(met, sink)
    return [*metas, *multis, *indexes.values()]


def _float_file(file: File, vocabulary: Vocabulary, met: Met, sink: Sink, quality: Quality) -> None:
    read_ = read_float(file, quality)
    wmo = read_.details["wmo"]
    if wmo in met.bare:
        quality.add(
            Finding(file=file.name, row=0, rule="two-files-for-one-float", value=wmo, action="file left out")
        )
        return
    met.bare[wmo] = ("argo-meta", file.name)
    sink.write("float_details.csv", pd.DataFrame([read_.details]))
    sink.write("deployments.csv", pd.DataFrame([read_.deployment]))
    sensors = [
        s
        for s in read_.sensors
        if _is_known(file, s["sensor"], "SENSOR", "R25", vocabulary, quality, "sensor left out")
    ]
    for sensor in sensors:
        model = sensor["model_written"]
        if model and _is_known(
            file, model, "SENSOR_MODEL", "R27", vocabulary, quality, "kept as written, not as a term"
        ):
            sensor["model"] = model
        parameters = [p for p in sensor["parameters"].split("|") if p in vocabulary.codes("R03")]
        sensor["parameters"] = "|".join(parameters)
    sink.write("sensors.csv", pd.DataFrame(sensors))
    for parameter in read_.parameters:
        if _is_known(file, parameter, "PARAMETER", "R03", vocabulary, quality, "relationship left out"):
            met.measured[(wmo, parameter)] = None
    if read_.investigator:
        met.investigators.setdefault(read_.investigator, ("", file.name))
        sink.write("float_persons.csv", pd.DataFrame([{"person": read_.investigator, "wmo": wmo}]))


def _is_known(
    file: File, code: str, field_: str, table: str, vocabulary: Vocabulary, quality: Quality, action: str
) -> bool:
    known = code in vocabulary.codes(table)
    if not known:
        quality.add(
            Finding(file=file.name, row=0, rule=f"not-in-{table}", field=field_, value=code, action=action)
        )
    return known


def _profile_file(file: File, in_files: ProfilesInFiles, sink: Sink, quality: Quality) -> None:
    for block in profile_blocks(file, quality):
        again = in_files.add(file, block.profiles)
        for id_, row in zip(block.profiles["id"][again], block.details["detail_row"][again], strict=True):
            quality.add(
                Finding(
                    file=file.name,
                    row=int(row),
                    rule="profile-twice",
                    value=str(id_),
                    action="profile left out",
                )
            )
        sink.write("profile_details.csv", block.details[~again])
        taken = block.levels["row"].isin(block.details["detail_row"][~again])
        sink.write("levels.csv", block.levels[taken].drop(columns="row"))


def _profiles(
    file: File, in_files: ProfilesInFiles, vocabulary: Vocabulary, met: Met, sink: Sink, quality: Quality
) -> None:
    listed = [np.empty(0, dtype=np.int64)]
    with quality.reading(file):
        for rows, keys in argo_index.profiles(file, in_files, vocabulary, quality):
            listed.append(keys)
            met.types.update(rows["profiler_type"])
            for wmo in rows["wmo"].unique():
                if wmo not in met.floats:
                    met.bare.setdefault(wmo, ("argo-index", file.name))
            sink.write("profiles.csv", rows)
    rest = in_files.table()[~in_files.table().index.isin(np.concatenate(listed))]
    if rest.empty:
        return
    rows = profiles_of_files(rest)
    for id_, name in zip(rows["id"], rows["source_file"], strict=True):
        quality.add(
            Finding(file=str(name), row=0, rule="profile-not-in-index", value=str(id_), action="loaded")
        )
    for wmo, name in zip(rows["wmo"], rows["source_file"], strict=True):
        met.bare.setdefault(str(wmo), ("argo-profiles", str(name)))
    sink.write("profiles.csv", rows)


def _join_floats(met: Met, sink: Sink) -> None:
    # Floats that no metadata index lists: of them the number is known, and which file names them.
    bare = [
        {
            "wmo": wmo,
            "name": f"Argo float {wmo}",
            "programme": "argo",
            "dataset": dataset,
            "source_file": file,
        }
        for wmo, (dataset, file) in sorted(met.bare.items())
        if wmo not in met.floats
    ]
    sink.write(
        "floats.csv",
        pd.DataFrame(bare, columns=pd.Index(["wmo", "name", "programme", "dataset", "source_file"])),
    )
    pairs = pd.DataFrame(sorted(met.measured), columns=pd.Index(["wmo", "parameter"]), dtype=object)
    met.parameters |= set(pairs["parameter"])
    sink.write("float_parameters.csv", pairs)
