"""What the steps around a build do: check, compare, sign, place, publish, comment."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kgshare.aside import aside
from kgshare.build import Prepared, place
from kgshare.bundle.read import read_bundle
from kgshare.ci import comment, markdown
from kgshare.ci.pipeline import (
    CHECK,
    CHECK_RESULT,
    COMMENT,
    COMMENT_TEXT,
    DIFF,
    DIFF_PAGE,
    DIFF_RESULT,
    DIFF_TEXT,
    PLACE,
    PLACED,
    PUBLISH,
    PUBLISHED,
    REGISTRY,
    SIGN,
    SIGNATURE,
    Against,
    Wishes,
    target_in,
)
from kgshare.errors import KgshareError
from kgshare.local.built import remember
from kgshare.plan import BUNDLE, BUNDLE_DIGEST, BUNDLE_TAR
from kgshare.progress import Progress
from kgshare.report import envelope
from kgshare.steps import Done, Work
from kgshare.trust.author import Author
from kgshare.trust.keyless import KEYLESS
from kgshare.trust.sign import append, note_placed

NOT_COMPARED = "not compared"


@dataclass(frozen=True, kw_only=True)
class Around:
    """The work of the steps around one build.

    Attributes:
        build: which.
        wishes: what is asked of the run.
        author: who signs; None where nobody does.
        local: whether checks and comparisons do without a container engine.
        progress: says what takes time.
    """

    build: Prepared
    wishes: Wishes
    author: Author | None
    local: bool
    progress: Progress

    def by_step(self) -> dict[str, Work]:
        """The work of each step, by its name in the pipeline."""
        published = {
            PUBLISH if number == 1 else f"{PUBLISH}.{number}": self._publish(destination)
            for number, destination in enumerate(self.wishes.destinations, 1)
        }
        return {
            CHECK: self._check, DIFF: self._diff, SIGN: self._sign, PLACE: self._place, **published, COMMENT: self._comment,
        }  # fmt: skip

    def _check(self, _: Mapping[str, Done], out: Path) -> None:
        """See that the change sets fit.

        Raises:
            ConflictError, CheckError: they do not; with every finding.
        """
        from kgshare.review.check import check, raised

        root, local = self.build.project.root, True if self.local else None
        report = check(root, local=local, seeded=True, progress=self.progress)
        if not report.ok:
            raise raised(report.findings)
        said = {"change_sets": report.change_sets, "changes": report.changes, "checked": report.checked}
        (out / CHECK_RESULT).write_text(json.dumps({**said, "digest": report.digest}), encoding="utf-8")

    def _diff(self, _: Mapping[str, Done], out: Path) -> None:
        """Compare the graph; what hinders is the result where nobody asked for it."""
        from kgshare.compare import compare
        from kgshare.diffpage import page

        against = self.wishes.against
        assert against is not None
        scratch = Path(tempfile.mkdtemp(prefix="kgshare-against-"))
        try:
            before = self._taken_out(against, scratch)
            report = compare(before, self.build.project.root, build=against.build, progress=self.progress)
        except KgshareError as error:
            if against.must:
                raise
            reason = error.problems[0].message.replace(str(scratch / "revision"), against.name)
            text = f"Not compared with {markdown.inline(against.name)}: {markdown.inline(reason)}\n"
            (out / DIFF_RESULT).write_text(json.dumps({NOT_COMPARED: reason}), encoding="utf-8")
            (out / DIFF_TEXT).write_text(text, encoding="utf-8")
            (out / DIFF_PAGE).write_text("", encoding="utf-8")
            return
        finally:
            shutil.rmtree(scratch)
        (out / DIFF_RESULT).write_text(envelope(report.schema, report), encoding="utf-8")
        (out / DIFF_TEXT).write_text(markdown.difference(report, against.name), encoding="utf-8")
        (out / DIFF_PAGE).write_text(page(report), encoding="utf-8")

    def _taken_out(self, against: Against, scratch: Path) -> Path:
        """A graph as `compare` takes it: of a commit, the project as it was then."""
        from kgshare.snapshot.revision import checked_out

        if against.where != against.digest:
            return Path(against.where)
        return checked_out(against.where, scratch / "revision", at=self.build.project.root).root

    def _sign(self, done: Mapping[str, Done], out: Path) -> None:
        assert self.author is not None
        bundle = read_bundle(done[BUNDLE].path(BUNDLE_TAR), deep=False)
        (out / SIGNATURE).write_bytes(self.author.sign(bundle))

    def _place(self, done: Mapping[str, Done], out: Path) -> None:
        """The bundle with its signature, where it is wanted: whole, or as it was before."""
        made, target = done[BUNDLE].path(BUNDLE_TAR), target_in(self.wishes.output, self.build)
        digest = done[BUNDLE].path(BUNDLE_DIGEST).read_text()
        signed = "not signed"
        if SIGN in done and self.author:
            unsigned = read_bundle(made, deep=False).unsigned
            append(made, unsigned, done[SIGN].path(SIGNATURE).read_bytes(), target)
            note_placed(target, digest, self.author.mark or KEYLESS)
            signed = f"signed by {self.author.name}{self.author.mark and ', '}{self.author.mark}"
        else:
            place(made, target)
        remember(digest)
        said = {"file": target.name, "digest": digest, "size": target.stat().st_size, "signed": signed}
        (out / PLACED).write_text(json.dumps(said), encoding="utf-8")

    def _publish(self, destination: str) -> Work:
        def work(_: Mapping[str, Done], out: Path) -> None:
            file = target_in(self.wishes.output, self.build)
            if destination.startswith(REGISTRY):
                from kgshare.registry.push import push

                sent = push(file, destination, replace=self.wishes.replace, progress=self.progress)
                said = {"destination": sent.reference, "digest": sent.digest}
                self.progress.say(f"  {sent.reference}: {sent.bytes_sent} bytes of blobs sent")
            else:
                target = target_in(Path(destination), self.build)
                target.parent.mkdir(parents=True, exist_ok=True)
                with aside(target) as path:
                    shutil.copyfile(file, path)
                said = {"destination": destination}
            (out / PUBLISHED).write_text(json.dumps(said), encoding="utf-8")

        return work

    def _comment(self, done: Mapping[str, Done], out: Path) -> None:
        (out / COMMENT_TEXT).write_text(comment.body(done), encoding="utf-8")
