"""An author with a signed bundle, a registry of this process, and a reviewer with an empty cache."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.registry_fake import PASSWORD, USER, Fake, fake
from tests.unit.signed_example import Person, new_key, sign_as, whole

from kgshare.progress import Progress
from kgshare.registry import session, transfer
from kgshare.registry.pull import PullReport, pull_bundle
from kgshare.registry.push import PushReport, push
from kgshare.trust.keys import OwnKey

QUIET = Progress(quiet=True)


@dataclass(frozen=True)
class Desk:
    """Somebody's machine: folders of their own, and Docker's configuration."""

    folder: Path
    patch: pytest.MonkeyPatch

    def here(self) -> Desk:
        """From now on this is the machine."""
        Person(folder=self.folder).here(self.patch)
        self.patch.setenv("KGSHARE_CACHE", str(self.folder / "cache"))
        self.patch.setenv("DOCKER_CONFIG", str(self.docker))
        self.docker.mkdir(parents=True, exist_ok=True)
        return self

    @property
    def docker(self) -> Path:
        return self.folder / "docker"

    def login(self, host: str, password: str = PASSWORD, **more: object) -> None:
        """What `docker login` leaves."""
        auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
        (self.docker / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth, **more}}}))

    def files(self) -> list[str]:
        """What is in the folder where bundles are pulled to."""
        return sorted(file.name for file in self.out.iterdir())

    @property
    def out(self) -> Path:
        made = self.folder / "out"
        made.mkdir(parents=True, exist_ok=True)
        return made


@dataclass(frozen=True)
class Scene:
    """Everything at hand; the reviewer's machine is the one that is set."""

    file: Path
    key: OwnKey
    author: Desk
    reviewer: Desk
    server: Fake

    @property
    def where(self) -> str:
        return f"oci://{self.server.host}/herbs"

    def push(self, file: Path | None = None, *, tag: str = "", replace: bool = False) -> PushReport:
        self.author.here()
        try:
            return push(file or self.file, self.where + tag, replace=replace, progress=QUIET)
        finally:
            self.reviewer.here()

    def pull(self, which: str = "") -> PullReport:
        return pull_bundle(self.where + which, self.reviewer.out, progress=QUIET)


@pytest.fixture(scope="session")
def signed_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, OwnKey]:
    """A folder of configuration, a bundle, and the key that signed it."""
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        Person(folder=folder).here(patch)
        key = new_key("anna")
        return folder, sign_as(whole(folder / "whole"), key), key


@pytest.fixture
def scene(
    signed_once: tuple[Path, Path, OwnKey],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Scene]:
    """A scene; its registry is made with the keywords given by indirect parameters."""
    monkeypatch.setattr(transfer, "PAUSE", 0)
    monkeypatch.setattr(session, "BACKOFF", 0)
    folder, file, key = signed_once
    author, reviewer = Desk(folder, monkeypatch), Desk(tmp_path / "reviewer", monkeypatch)
    with fake(**getattr(request, "param", {})) as server:
        reviewer.here()
        yield Scene(file, key, author, reviewer, server)
