"""What must not stand in any file of the project: addresses of package servers, paths of somebody's machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.machine import TOP

from kgshare.doors.process import run

# In parts, so that this file does not hold what it looks for.
SERVERS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("maven", "org"), ("maven", "apache", "org"), ("mvnrepository", "com"), ("sonatype", "org"),
        ("deb", "debian", "org"), ("ftp", "debian", "org"), ("security", "debian", "org"),
        ("snapshot", "debian", "org"), ("archive", "ubuntu", "com"), ("download", "docker", "com"),
        ("registry-1", "docker", "io"), ("index", "docker", "io"), ("proxy", "golang", "org"), ("crates", "io"),
        ("dist", "neo4j", "org"), ("dist", "neo4j", "com"), ("debian", "neo4j", "com"), ("pkg", "dev"),
        ("ghcr", "io"), ("quay", "io"), ("cgr", "dev"),
    )
]  # fmt: skip
HOME = re.compile(r"(?<![\w.~$}-])/(?:home/(?!nonroot\b|ann\b)\w+|root|Users/\w+|work)/[\w.]")
MADE_OF = "issue " + r"#?\d{1,3}"
WORDS = re.compile(
    r"\b(?:" + "|".join([MADE_OF, "open" + "ai", "anth" + "ropic", "chat" + "gpt", "ll" + "ms?"]) + r")\b",
    re.I,
)


def tracked() -> list[Path]:
    names = run(["git", "ls-files", "-z"], cwd=TOP).stdout.split("\0")
    return [TOP / name for name in names if name and (TOP / name).is_file()]


def texts() -> dict[Path, str]:
    found = {}
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content[:8192]:
            found[file.relative_to(TOP)] = content.decode("utf-8", errors="replace")
    return found


def hits(text: str) -> list[str]:
    """Every server's name, home path and word that must not be there."""
    servers = [server for server in SERVERS if server in text]
    return servers + [found.group() for pattern in (HOME, WORDS) for found in pattern.finditer(text)]


def test_no_tracked_file_names_a_package_server_a_home_folder_or_how_the_project_is_made() -> None:
    files = texts()
    assert Path("pyproject.toml") in files
    assert {str(file): found for file, text in files.items() if (found := hits(text))} == {}


@pytest.mark.parametrize("server", SERVERS)
def test_a_servers_name_in_an_address_is_noticed(server: str) -> None:
    assert hits(f"see https://files.{server}/packages/x\n") == [server]


@pytest.mark.parametrize(
    "path", ["/home/" + "jo/x", "/ro" + "ot/.cache", "(/wo" + "rk/main", "/Use" + "rs/jo/y"]
)
def test_a_path_of_somebodys_machine_is_noticed(path: str) -> None:
    assert hits(f"see {path}\n") != []


@pytest.mark.parametrize("text", ["see /etc/apt", "$HOME/work/x", "network/root/x", "http://127.0.0.1:7474/"])
def test_ordinary_paths_and_loopback_are_not_mistaken(text: str) -> None:
    assert hits(text) == []


def test_no_tracked_file_is_large_without_being_data() -> None:
    large = [str(f.relative_to(TOP)) for f in tracked() if f.stat().st_size > 2_000_000]
    assert [name for name in large if not name.startswith("data/")] == []
