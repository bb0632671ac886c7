"""From what an image says to what is started here: command, environment and configuration with this machine's paths.

Programs of the image are started by the image's own dynamic loader with the image's own libraries (ld.so(8)), so that
the C library of this machine does not matter.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from kgshare.compose import ABOUT, BROWSER_URL, browser_address
from kgshare.errors import StackError
from kgshare.images.conf import JVM_NATIVE, escaped
from kgshare.stack.ports import LOOPBACK

LOADERS = {
    "linux/amd64": ("usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"),
    "linux/arm64": ("usr/lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu"),
}
GUARD = Path(__file__).parent / "guard"
PAGE_FILE = "srv/kgshare/page.json"
PT_INTERP = 3
OWN_HEALTH = "opt/kgshare/health.py"  # of every application image that kgshare makes
SEARCH_PATHS = ("PATH", "PYTHONPATH")
SITE = "KGSHARE_SITE"


def loaded(tree: Path, platform: str, program: str, search: str = "/usr/bin") -> list[str]:
    """The first words of a command that runs a program of an image.

    Raises:
        StackError: the image has no such program, or its start is one that only a container can do.
    """
    file = find(tree, program, search)
    loader, libraries = (tree / part for part in LOADERS[platform])
    if is_static(file):
        return [str(file)]
    if not loader.is_file():
        raise StackError(
            "the image has no dynamic loader where Debian's is", hint="run this bundle with containers"
        )
    with file.open("rb") as stream:
        head = stream.read(256)
    if head.startswith(b"\x7fELF"):
        return [str(loader), "--library-path", str(libraries), "--argv0", str(file), str(file)]
    if head.startswith(b"#!"):
        words = head[2:].split(b"\n", 1)[0].decode(errors="replace").split()
        if words and Path(words[0]).name != "env":
            return [*loaded(tree, platform, words[0], search), *words[1:], str(file)]
        if len(words) == 2:
            return [*loaded(tree, platform, words[1], search), str(file)]
    raise StackError(f"`{program}` of the image is no program that can be started here")


def is_static(file: Path) -> bool:
    """Whether a program needs no dynamic loader (elf(5): no segment PT_INTERP); of 64 bits, low byte first."""
    with file.open("rb") as stream:
        head = stream.read(64)
        if len(head) < 64 or not head.startswith(b"\x7fELF\x02\x01"):
            return False
        (offset,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        stream.seek(offset)
        table = stream.read(size * count)
    if size < 4 or len(table) < size * count:
        return False
    return all(struct.unpack_from("<I", table, size * i)[0] != PT_INTERP for i in range(count))


def find(tree: Path, program: str, search: str) -> Path:
    """A program in an image, by its path in it or by its name; links are followed, as names inside the image.

    Raises:
        StackError: there is none.
    """
    places = [program] if "/" in program else [f"{folder}/{program}" for folder in search.split(":")]
    for place in places:
        file = (tree / place.lstrip("/")).resolve()
        if file.is_file() and file.is_relative_to(tree.resolve()):
            return file
    raise StackError(f"the image has no program `{program}`", hint="run this bundle with containers")


def application_command(tree: Path, platform: str, config: Mapping[str, object]) -> list[str]:
    """The application's command; arguments that are paths in the image become paths here.

    Raises:
        StackError: it cannot be started here.
    """
    words = command_words(config)
    search = _environment(config).get("PATH", "/usr/bin")
    return [*loaded(tree, platform, words[0], search), *(inside(tree, word) for word in words[1:])]


def command_words(config: Mapping[str, object]) -> list[str]:
    """What an image says to start.

    Raises:
        StackError: it says nothing.
    """
    words = [*_words(config, "Entrypoint"), *_words(config, "Cmd")]
    if not words:
        raise StackError("the application's image does not say what to start")
    return words


def application_environment(
    tree: Path,
    config: Mapping[str, object],
    *,
    own_port: int,
    port: int,
    bolt_port: int,
    password: Path,
    page: Path,
    edits: Path,
    about: str = "",
    browser_port: int = 0,
    own: Mapping[str, str],
) -> dict[str, str]:
    """All the variables that the application sees: the image's and the stack's, none of the user's own.

    ``own`` are those that its program needs to find its parts; ``SITE`` among them goes on Python's search path.
    """
    own = dict(own)
    site = own.pop(SITE, "")
    variables = _environment(config)
    for name in SEARCH_PATHS:
        if name in variables:
            variables[name] = os.pathsep.join(inside(tree, part) for part in variables[name].split(":"))
    path = (str(GUARD), variables.get("PYTHONPATH", ""), site)
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    more = {}
    if (tree / PAGE_FILE).is_file():
        more = {"KGSHARE_PAGE_FILE": str(page), "KGSHARE_PAGE_STATE": str(edits), ABOUT: about}
    if not (tree / OWN_HEALTH).is_file():
        more["KGSHARE_PAGE_PORT"] = str(port)  # where no guard moves what it listens on
    if browser_port:
        more[BROWSER_URL] = browser_address(browser_port, bolt_port)
    return {
        **variables,
        **more,
        **own,
        "KGSHARE_PAGE_HOST": LOOPBACK,
        "KGSHARE_LISTEN": f"{own_port}:{port}",
        "NEO4J_URI": f"bolt://{LOOPBACK}:{bolt_port}",
        "NEO4J_USER": "neo4j",
        "NEO4J_PASSWORD_FILE": str(password),
        "LC_ALL": "C.UTF-8",
    }


def page_json(tree: Path) -> str:
    """The page's settings with this machine's paths of its assets and change sets."""
    found = json.loads((tree / PAGE_FILE).read_text(encoding="utf-8"))
    for name in ("assets", "changes"):
        if isinstance(found.get(name), str):
            found[name] = inside(tree, found[name])
    return json.dumps(found)


def java_arguments(text: str, tree: Path, conf: Path, temporary: Path, *, native: bool = True) -> str:
    """Java's argument file with this machine's paths; every word quoted (java(1), ``@argfiles``).

    Without ``native`` the image's native libraries are left out: Java then takes those for this machine out of the jars.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words = [f"-Djava.io.tmpdir={temporary}"]
    for before, word in zip(["", *lines], lines, strict=False):
        if word.startswith("--config-dir="):
            words.append(f"--config-dir={conf}")
        elif before == "-cp":
            words.append(os.pathsep.join(str(tree / part.lstrip("/")) for part in word.split(":")))
        elif native or word not in JVM_NATIVE:
            words.append(re.sub(r"(^|=)(?=/opt/)", lambda found: found[1] + str(tree), word))
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "".join(f'"{word}"\n' for word in quoted)


def neo4j_conf(
    text: str, tree: Path, *, conf: Path, data: Path, run: Path, bolt_port: int, browser_port: int = 0
) -> str:
    """Neo4j's configuration with this machine's folders, listening on loopback only."""
    ours = {
        "server.default_listen_address": LOOPBACK,
        "server.default_advertised_address": LOOPBACK,
        "server.bolt.listen_address": f"{LOOPBACK}:{bolt_port}",
        "server.bolt.advertised_address": f"{LOOPBACK}:{bolt_port}",
        **({"server.http.listen_address": f"{LOOPBACK}:{browser_port}"} if browser_port else {}),
        "server.directories.data": str(data),
        "server.directories.plugins": str(tree / "opt/neo4j/plugins"),
        "server.directories.logs": str(run / "logs"),
        "server.directories.run": str(run),
        "server.directories.import": str(run / "import"),
        "server.logs.config": str(conf / "server-logs.xml"),
        "server.logs.user.config": str(conf / "user-logs.xml"),
    }
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in ours]
    return "\n".join([*kept, *(f"{name}={escaped(value)}" for name, value in ours.items()), ""])


def database_environment(password: Path, data: Path) -> dict[str, str]:
    """All the variables that the database sees."""
    return {
        "KGSHARE_PASSWORD_FILE": str(password),
        "KGSHARE_DATA": str(data),
        "LC_ALL": "C.UTF-8",
    }


def inside(tree: Path, word: str) -> str:
    """A path of the image, or paths with colons between them, as paths here; any other word as it is.

    ``/*`` at a path's end is Java's for every jar of a folder.
    """
    return ":".join(_inside_one(tree, part) for part in word.split(":"))


def _inside_one(tree: Path, word: str) -> str:
    place = tree / word.lstrip("/").removesuffix("/*")
    return str(tree / word.lstrip("/")) if word.startswith("/") and place.exists() else word


def _environment(config: Mapping[str, object]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in _words(config, "Env") if "=" in word)


def _words(config: Mapping[str, object], key: str) -> Sequence[str]:
    found = config.get(key) or []
    return [str(word) for word in found] if isinstance(found, list) else []
