"""The one part of the page that writes: a reviewer's edits go into the sandbox's database at once, and into a journal.

The journal is the net of all edits, kept as a change set: what they come to against the graph as it was seeded. What a
change expects and whether it fits is decided by kgshare's own change sets, on the records that it touches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.changes import apply, compose, invert, parse_change_set, read_folder, render
from kgshare.changes.apply import Conflict
from kgshare.changes.load import touched_by
from kgshare.changes.make import Wanted, make_change_set
from kgshare.changes.model import Add, Change, ChangeSet, Property, Remove, in_order, place
from kgshare.changes.names import ends
from kgshare.errors import ChangeError, KgshareError, SeedError, StackError
from kgshare.page.graphdb import DatabaseAway, QueryRefused
from kgshare.page.settings import Settings
from kgshare.seeding.bolt import Database, QueryFailed, connect
from kgshare.seeding.touched import read_touched
from kgshare.seeding.write import write_changes

JOURNAL = "edits.toml"
SECONDS = 20.0
UNKNOWN = "sha256:" + "0" * 64
_JOURNAL = Wanted(title="Edits of the page", reason="not proposed yet", author="the page")


class EditConflict(Exception):
    """The graph is not as the edit expects it; the message says where and what was found."""


class Unproposable(Exception):
    """There is nothing to propose, or what was said of it makes no change set."""


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What a sandbox's edits come to.

    Attributes:
        changes: against the graph as it was seeded.
        dropped: so many are in the journal and no longer in the graph; they were forgotten.
    """

    changes: tuple[Change, ...]
    dropped: int = 0


class Sandbox:
    """The database to write to, and the journal; its methods block, and may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._project = settings, settings.project
        self._lock = threading.Lock()
        self._edits: tuple[Change, ...] | None = None
        self.accepted = self._accepted()

    def edits(self) -> Edits:
        """What was edited, as far as it is still so: somebody may have reset the graph, or written over it."""
        with self._lock:
            known = self._journal()
            if not known:
                return Edits(changes=())
            with self._database() as db:
                still = self._still(db, known)
            if still != known:
                self._keep(still)
            return Edits(changes=still, dropped=len(known) - len(still))

    def known(self) -> tuple[Change, ...]:
        """What was edited here, without looking whether it is still so."""
        with self._lock:
            return self._journal()

    def edit(self, make: Callable[[Database], Sequence[Change]]) -> Edits:
        """Write changes and remember them: all or none.

        Args:
            make: the changes, given the database to look into.

        Raises:
            EditConflict: the graph is not as a change expects it.
            QueryRefused: Neo4j refuses one: a constraint.
            DatabaseAway: it does not answer.
        """
        with self._lock, self._database() as db:
            known = self._still(db, self._journal())
            changes = in_order(make(db))
            self._write(db, changes)
            self._keep(compose(known, changes))
            return Edits(changes=self._journal())

    def undo(self, wanted: Iterable[Change]) -> Edits:
        """Take edits back, and with a node what hangs on it; those that are not in the journal are passed over."""
        chosen = set(wanted)

        def make(_: Database) -> Sequence[Change]:
            known = self._journal()
            return invert(with_dependents(known, [change for change in known if change in chosen]))

        return self.edit(make)

    def records(self, db: Database, identities: Iterable[str]) -> dict[str, str]:
        """Records by identity, as canonical text; those that are not there are left out."""
        touched = touched_by(Property(identity, "", None, None) for identity in identities)
        return read_touched(db, touched, self._project.nodes, self._project.relationships)

    def records_with_links(self, db: Database, node: str) -> dict[str, str]:
        """A node and every relationship of it."""
        touched = touched_by([Remove(node)])
        return read_touched(db, touched, self._project.nodes, self._project.relationships)

    def reading(self, read: Callable[[Database], dict[str, str]]) -> dict[str, str]:
        """Look into the database."""
        with self._database() as db:
            return read(db)

    def propose(self, wanted: Wanted) -> ChangeSet:
        """The edits as a change set, checked as every change set is.

        Raises:
            Unproposable: nothing was edited, the graph's baseline is not known, or a title or reason will not do.
        """
        edits = self.edits()
        if not edits.changes:
            raise Unproposable("nothing was changed in this sandbox")
        if not self._project.baseline:
            raise Unproposable(
                "what the graph was seeded with is not known here; use `kgshare review propose`"
            )
        try:
            return make_change_set(
                edits.changes, wanted, project=self._project.name, baseline=self._project.baseline, accepted=self.accepted
            )  # fmt: skip
        except ChangeError as error:
            raise Unproposable("; ".join(p.message for p in error.problems)) from None

    def _accepted(self) -> tuple[ChangeSet, ...]:
        folder = self._project.changes
        return read_folder(folder, self._project.name) if folder is not None and folder.is_dir() else ()

    def _write(self, db: Database, changes: Sequence[Change]) -> None:
        touched = touched_by(changes)
        records = read_touched(db, touched, self._project.nodes, self._project.relationships)
        conflicts = apply(records, changes).conflicts
        if conflicts:
            raise EditConflict("\n".join(_said(conflict) for conflict in conflicts))
        with db.transaction(SECONDS) as within:
            write_changes(within, changes, "")

    def _still(self, db: Database, known: tuple[Change, ...]) -> tuple[Change, ...]:
        """The edits that the graph still holds."""
        if not known:
            return known
        back = invert(known)
        records = read_touched(db, touched_by(back), self._project.nodes, self._project.relationships)
        lost = {place(c.change) for c in apply(records, back).conflicts}
        return tuple(change for change in known if place(invert([change])[0]) not in lost)

    def _journal(self) -> tuple[Change, ...]:
        if self._edits is None:
            self._edits = self._read()
        return self._edits

    def _read(self) -> tuple[Change, ...]:
        file = self._file()
        if file is None or not file.is_file():
            return ()
        try:
            return parse_change_set(file.read_bytes(), JOURNAL).changes
        except (ChangeError, OSError):
            return ()  # half of a disk: what was edited is in the graph, and `kgshare review propose` finds it

    def _keep(self, changes: tuple[Change, ...]) -> None:
        self._edits = changes
        file = self._file()
        if file is None:
            return
        if not changes:
            file.unlink(missing_ok=True)
            return
        made = make_change_set(changes, _JOURNAL, project=self._project.name, baseline=UNKNOWN)
        write_aside(file, render(made))

    def _file(self) -> Path | None:
        folder = self._settings.state
        return folder / JOURNAL if folder is not None and folder.is_dir() else None

    @contextmanager
    def _database(self) -> Iterator[Database]:
        try:
            with connect(self._settings.uri, self._password()) as db:
                yield db
        except QueryFailed as error:
            if ".ClientError." in error.code and ".Security." not in error.code:
                raise QueryRefused(error.message) from error
            raise DatabaseAway("the database does not answer") from error
        except StackError as error:
            raise DatabaseAway("the database does not answer") from error
        except SeedError as error:
            raise QueryRefused(_one_line(error)) from error

    def _password(self) -> str | None:
        file = self._settings.password_file
        if file is None:
            return None
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise DatabaseAway("there is no password yet") from error


def with_dependents(known: Iterable[Change], chosen: Sequence[Change]) -> tuple[Change, ...]:
    """Edits, and those that cannot be without them: relationships of nodes that were added or removed."""
    nodes = {c.record for c in chosen if isinstance(c, Add | Remove) and ends(c.record) is None}

    def hangs(change: Change) -> bool:
        parts = ends(change.record)
        return parts is not None and isinstance(change, Add | Remove) and bool(nodes & {parts[0], parts[2]})

    return in_order({*chosen, *(change for change in known if hangs(change))})


def _said(conflict: Conflict) -> str:
    found = conflict.theirs if conflict.theirs is not None else "nothing"
    if conflict.kind == "dangling":
        return f"{conflict.record}: a relationship would have no end: {found}"
    what = f" {conflict.what}" if conflict.what else ""
    return f"{conflict.record}{what}: somebody was quicker, it is {found} by now"


def _one_line(error: KgshareError) -> str:
    return "; ".join(problem.message for problem in error.problems)
