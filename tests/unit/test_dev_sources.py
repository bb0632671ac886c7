"""The rewriting of apt's own sources to the next Debian: what goes along, what stays out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.machine import SOURCES_12, TOP, dev


def derive(folder: Path, text: str, name: str = "debian.sources") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    ended = dev([str(TOP / "dev"), "__derive-source", str(file)])
    assert ended.code == 0, ended.stderr
    return ended.stdout


def test_suites_become_trixie_and_the_server_key_and_options_stay(tmp_path: Path) -> None:
    assert derive(tmp_path, SOURCES_12) == (
        "Types: deb\n"
        "URIs: mirror+file:///etc/apt/mirrors/debian.list\n"
        "Suites: trixie trixie-updates\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def test_a_key_given_in_the_text_goes_along_whole(tmp_path: Path) -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n"
    text = f"Types: deb\nURIs: file:/srv/debian\nSuites: bookworm-security\nComponents: main\n{key}"
    assert derive(tmp_path, text) == text.replace("bookworm", "trixie")


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("deb file:/srv/debian bookworm main contrib", "deb file:/srv/debian trixie main\n"),
        (
            "deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] file:/srv/a bookworm-updates main",
            "deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] file:/srv/a trixie-updates main\n",
        ),
        ("deb file:/srv/debian-security oldstable-security main # mine", "deb file:/srv/debian-security trixie-security main\n"),
        ("# deb file:/srv/debian bookworm main", ""),
        ("deb-src file:/srv/debian bookworm main", ""),
        ("deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main", ""),
        ("deb file:/srv/debian bookworm-backports main", ""),
        ("deb file:/srv/debian trixie main", ""),
        ("deb [signed-by=/etc/apt/keyrings/x.asc] file:/srv/debian bookworm main", ""),
        ("deb file:/srv/vendor bookworm main", ""),
        ("deb file:/srv/debian bookworm contrib", ""),
    ],
)  # fmt: skip
def test_a_classic_line_is_rewritten_or_left_out(line: str, becomes: str, tmp_path: Path) -> None:
    assert derive(tmp_path, line + "\n", "sources.list") == becomes


@pytest.mark.parametrize("change", [("Types: deb", "Types: deb-src"), ("Suites: bookworm", "Suites: trixie"),
                                    ("Components: main", "Components: contrib"), ("Types", "Enabled: no\nTypes"),
                                    ("debian-archive-keyring.gpg", "vendor.gpg")])  # fmt: skip
def test_an_entry_that_is_not_debians_packages_of_this_release_is_left_out(
    change: tuple[str, str], tmp_path: Path
) -> None:
    text = (
        "Types: deb\nURIs: file:/srv/debian\nSuites: bookworm\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    assert derive(tmp_path, text) != ""
    assert derive(tmp_path, text.replace(*change)) == ""
