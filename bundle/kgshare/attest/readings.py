"""What stands in the locked inputs: each is read once on a machine, and kept by its SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kgshare.aside import aside, write_aside
from kgshare.attest.parts import Reading, Text
from kgshare.lock.model import DebianPackage, Input, Jar, NpmPackage, Wheel

FORM = 2  # raised where a reader reads otherwise than before
_READING = TypeAdapter(Reading)


@dataclass(frozen=True)
class Readings:
    """Readings of locked inputs.

    Attributes:
        folder: where they are kept; deleting it costs nothing but time.
        inputs: from a locked input to its file, verified.
    """

    folder: Path
    inputs: Callable[[Input], Path]
    _known: dict[str, Reading] = field(default_factory=dict, repr=False, compare=False)

    def read(self, item: Input) -> Reading:
        """What stands in an input.

        Raises:
            BuildError: it is not what its kind must be.
            FetchError: it is not in the cache, or was altered.
        """
        if item.sha256 not in self._known:
            self._known[item.sha256] = self._kept(item) or self._made(item)
        return self._known[item.sha256]

    def text(self, sha256: str) -> bytes:
        """A text that was found in one of them, which `read` gave."""
        return self._text(sha256).read_bytes()

    def _kept(self, item: Input) -> Reading | None:
        try:
            found = _READING.validate_json(self._note(item).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if all(self._whole(text) for text in found.texts) else None

    def _made(self, item: Input) -> Reading:
        found = _reader(item)(item, self.inputs(item), self._keep)
        write_aside(
            self._note(item), json.dumps(_READING.dump_python(found, mode="json"), ensure_ascii=False)
        )
        return found

    def _keep(self, path: str, data: bytes) -> Text:
        sha256 = hashlib.sha256(data).hexdigest()
        target = self._text(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self._whole(Text(path=path, sha256=sha256)):
            with aside(target) as out:
                out.write_bytes(data)
        return Text(path=path, sha256=sha256)

    def _whole(self, text: Text) -> bool:
        try:
            return hashlib.sha256(self._text(text.sha256).read_bytes()).hexdigest() == text.sha256
        except OSError:
            return False

    def _note(self, item: Input) -> Path:
        return self.folder / str(FORM) / f"{item.sha256}.json"

    def _text(self, sha256: str) -> Path:
        return self.folder / "texts" / sha256


def _reader(item: Input) -> Callable[..., Reading]:
    from kgshare.attest import deb, jar, npm, wheel

    match item:
        case DebianPackage():
            return deb.read_deb
        case Jar():
            return jar.read_jar
        case Wheel():
            return wheel.read_wheel
        case NpmPackage():
            return npm.read_npm
