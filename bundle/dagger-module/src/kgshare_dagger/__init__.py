"""Hand a Neo4j project to somebody else as one file: kgshare's build, check and publish, for any project and pipeline.

Each function runs kgshare's own command in a Debian container, with Dagger as its engine: what it does is what the command does on a
laptop. How to call it, and what of it was run and what was not: docs/how-to/build-with-dagger.md of kgshare.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar, cast

import dagger
from dagger import DefaultPath, Doc, Ignore, dag, field, function, object_type

BASE = "debian:trixie"
# What a build needs of Debian beside Python: .ci/system.sh, NEEDS_CLONE and NEEDS_BUILD.
PACKAGES = ("ca-certificates", "debian-archive-keyring", "git", "mmdebstrap", "python3-venv")
F = TypeVar("F", bound=Callable[..., object])
PREFIX, PROJECT, OUT, CONFIG = "/opt/kgshare", "/project", "/bundle", "/run/kgshare"

Project = Annotated[
    dagger.Directory,
    Doc("The project's folder, with its kgshare.yaml, kgshare.lock and, for the provenance, its .git."),
]
Key = Annotated[
    dagger.Secret, Doc("The private key that signs, as it stands in NAME.key; goes with `public`.")
]
NoKey = Annotated[
    dagger.Secret | None,
    Doc(
        "The private key that signs, as it stands in NAME.key; goes with `public`. Without, nothing is signed."
    ),
]
Public = Annotated[
    str, Doc("The line of that key's public part, as `kgshare key show` prints it: ssh-ed25519 … NAME.")
]
Passphrase = Annotated[dagger.Secret | None, Doc("The key's passphrase, where it has one.")]


def called(of: F) -> F:
    """A function of which no answer of an earlier call is given: what it says is of now."""
    return cast(F, function(cache="never")(of))  # type: ignore[call-overload]  # its overloads lack `cache`


@object_type
class Kgshare:
    """kgshare's commands, each in a container of its own with a cache that stays."""

    kgshare: Annotated[
        dagger.Directory,
        Doc("kgshare itself; the repository and revision this module was called from, when not given."),
        DefaultPath("/"),
        Ignore([".git", ".venv", "**/__pycache__", "tests", "docs"]),
    ] = field()

    @called
    async def build(
        self, project: Project, key: NoKey = None, public: Public = "", passphrase: Passphrase = None
    ) -> dagger.File:
        """Build the project's bundle, taking its lock as it is; the file is NAME-VERSION.kgshare.tar."""
        signing = ["--sign", _name(public)] if key is not None else ["--no-sign"]
        words = ["kgshare", "build", PROJECT, "--locked", "--output", OUT, *signing]
        out = _run(self._signer(project, key, public, passphrase), words).directory(OUT)
        [bundle] = await out.glob("*.kgshare.tar")
        return out.file(bundle)

    @called
    async def check(
        self,
        project: Project,
        to: Annotated[
            str, Doc("The last step of the pipeline: `check` for the change sets only.")
        ] = "policy",
    ) -> str:
        """Check the change sets, seed and build the project, scan and judge it; says what was done, fails with what is wrong."""
        words = ["kgshare", "ci", "run", PROJECT, "--no-sign", "--output", OUT, "--to", to]
        return await _run(self._machine(project), words).stdout()

    @called
    async def publish(
        self,
        project: Project,
        to: Annotated[str, Doc("Where the signed bundle goes: oci://HOST/NAME[:TAG].")],
        key: Key,
        public: Public,
        passphrase: Passphrase = None,
        login: Annotated[
            dagger.Secret | None, Doc("A config.json of Docker's with the login of that registry.")
        ] = None,
    ) -> str:
        """Check, build, scan, judge, sign and publish the project; says what was done. Nothing is half published."""
        if not to.startswith("oci://"):
            raise ValueError("`to` is a registry's address: oci://HOST/NAME[:TAG]")
        machine = self._signer(project, key, public, passphrase)
        if login is not None:
            machine = machine.with_mounted_secret(f"{CONFIG}/docker/config.json", login)
            machine = machine.with_env_variable("DOCKER_CONFIG", f"{CONFIG}/docker")
        words = ["kgshare", "ci", "run", PROJECT, "--sign", _name(public), "--output", OUT, "--publish", to]
        return await _run(machine, words).stdout()

    def _machine(self, project: dagger.Directory) -> dagger.Container:
        """A container with kgshare, the project, and the cache that all runs share."""
        python = f"{PREFIX}/bin"
        return (
            dag.container()
            .from_(BASE)
            .with_exec(["apt-get", "update"])
            .with_exec(["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES])
            .with_exec(["python3", "-m", "venv", PREFIX])
            .with_directory("/src/kgshare", self.kgshare)
            .with_exec([f"{python}/pip", "install", "/src/kgshare[dagger]"])
            .with_env_variable(
                "PATH", f"{python}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            )
            .with_mounted_cache("/cache", dag.cache_volume("kgshare"))
            .with_env_variable("KGSHARE_CACHE", "/cache")
            .with_env_variable("KGSHARE_CONFIG", CONFIG)
            .with_env_variable("KGSHARE_ENGINE", "dagger")
            .with_directory(PROJECT, project)
        )

    def _signer(
        self,
        project: dagger.Directory,
        key: dagger.Secret | None,
        public: str,
        passphrase: dagger.Secret | None,
    ) -> dagger.Container:
        """The same with a key: its private part and its passphrase are secrets, in no layer and in no log."""
        machine = self._machine(project)
        if key is None:
            return machine
        name = _name(public)
        machine = machine.with_new_file(f"{CONFIG}/keys/{name}.pub", f"{public.strip()}\n")
        machine = machine.with_mounted_secret(f"{CONFIG}/keys/{name}.key", key, mode=0o400)
        if passphrase is not None:
            file = f"{CONFIG}/passphrase"
            machine = machine.with_mounted_secret(file, passphrase, mode=0o400)
            machine = machine.with_env_variable("KGSHARE_KEY_PASSPHRASE_FILE", file)
        return machine


def _run(machine: dagger.Container, words: list[str]) -> dagger.Container:
    """One of kgshare's commands, which may ask the engine that runs it to build."""
    # Else the layer of an earlier call would be the answer.
    now = machine.with_env_variable("KGSHARE_CALLED", datetime.now(UTC).isoformat())
    return now.with_exec(words, experimental_privileged_nesting=True)


def _name(public: str) -> str:
    """The name of a key, from the line of its public part."""
    words = public.split()
    if len(words) != 3 or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", words[2]):
        raise ValueError("`public` is the line that `kgshare key show` prints: ssh-ed25519 … NAME")
    return words[2]
