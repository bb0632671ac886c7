"""Recorded revisions as rows: flags put back to what they were before, and the revisions themselves."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from oceangraph.importers.cruises import Cruises, dataset_of
from oceangraph.importers.quality import File, Finding, Quality
from oceangraph.importers.revisions import Revision
from oceangraph.importers.sink import Sink


class Undo:
    """Puts flags back to what they were before recorded revisions, newest first, and says so."""

    columns = ("revision", "bottle", "property", "before", "after")

    def __init__(self, file: File, revisions: Sequence[Revision], quality: Quality) -> None:
        """The revisions that the file's comments record."""
        self._file, self._quality = file, quality
        newest = sorted(revisions, key=lambda r: r.stamp, reverse=True)
        self._changes = [(revision, change) for revision in newest for change in revision.changes]
        self._matched: set[int] = set()

    def apply(self, raw: pd.DataFrame) -> pd.DataFrame:
        """Change ``raw`` in place; the rows of ``revision_changes.csv``."""
        rows = []
        for number, (revision, change) in enumerate(self._changes):
            if change.column not in raw:
                continue
            same = (raw["STNNBR"] == change.station) & (raw["SAMPNO"] == change.sample)
            lines, bottles, cruises = raw["line"], raw["id"], raw["EXPOCODE"]
            for index in raw.index[same]:
                found = str(raw.at[index, change.column])
                undone = found == change.after
                self._quality.add(
                    Finding(
                        file=self._file.name,
                        row=int(lines[index]),
                        rule="recorded-revision" if undone else "recorded-revision-not-in-file",
                        field=change.column,
                        value=f"{found}; {revision.stamp} says {change.before} to {change.after}",
                        action=f"written as before: {change.before}" if undone else "kept",
                    )
                )
                if undone:
                    self._matched.add(number)
                    raw.at[index, change.column] = change.before
                    id_ = f"{cruises[index]}/{revision.stamp}"
                    rows.append((id_, bottles[index], change.property, change.before, change.after))
        return pd.DataFrame(rows, columns=pd.Index(self.columns), dtype=object)

    def unmatched(self) -> None:
        """Tell the recorded changes whose sample is not in the file."""
        for number, (revision, change) in enumerate(self._changes):
            if number not in self._matched:
                self._quality.add(
                    Finding(
                        file=self._file.name,
                        row=0,
                        rule="recorded-revision-without-sample",
                        field=change.column,
                        value=f"{revision.stamp}: station {change.station} sample {change.sample}",
                    )
                )


def write_revisions(
    revisions: Sequence[Revision], expocode: str, kind: str, file: File, cruises: Cruises, sink: Sink
) -> None:
    """Write the revisions of a file of that cruise; ``kind`` tells those of CTD files from those of the bottle file."""
    rows = []
    for revision in revisions:
        id_ = "/".join(part for part in (expocode, kind, revision.stamp) if part)
        if id_ in cruises.revisions:
            continue
        cruises.revisions.add(id_)
        if revision.advised_by:
            cruises.advisers.setdefault(revision.advised_by, expocode)
        day = revision.day.isoformat()
        name = f"Revision {revision.stamp[:8]} by {revision.by}"
        rows.append(
            (id_, name, day, revision.by, revision.text, revision.advised_by, dataset_of(expocode), file.name)
        )
    columns = ("id", "name", "date", "by", "description", "advised_by", "dataset", "source_file")
    sink.write("revisions.csv", pd.DataFrame(rows, columns=pd.Index(columns), dtype=object))
