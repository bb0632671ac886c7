from __future__ import annotations

from kgshare.lock.sources import for_suite, parse_deb822, parse_one_line

DEB822 = """\
Types: deb
# a comment between the fields
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.invalid/debian-security/
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.invalid/debian
Suites: bookworm
Components: main
"""
VENDOR = """\
deb [arch=amd64 signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.invalid/12/prod bookworm main
deb [signed-by=/etc/apt/keyrings/docker.asc] http://docker.invalid/linux bookworm stable # not main
"""


def test_the_suite_is_asked_of_the_machines_own_mirrors_with_its_keyring() -> None:
    assert for_suite(parse_deb822(DEB822), "trixie") == (
        "Types: deb\nURIs: http://mirror.invalid/debian\nSuites: trixie trixie-updates\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        "\n"
        "Types: deb\nURIs: http://mirror.invalid/debian-security/\nSuites: trixie-security\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def test_a_vendor_who_calls_his_suite_like_debians_is_not_asked() -> None:
    text = for_suite([*parse_one_line(VENDOR), *parse_deb822(DEB822)], "trixie")
    assert "vendor.invalid" not in text
    assert "docker.invalid" not in text


def test_the_classic_list_with_its_old_name_of_the_security_suite_is_understood() -> None:
    lines = (
        "deb http://mirror.invalid/debian/ bullseye main\n"
        "deb [trusted=yes] http://mirror.invalid/security bullseye/updates main\n"
        "deb-src http://mirror.invalid/debian bullseye main\n"
    )
    text = for_suite(parse_one_line(lines), "trixie")
    assert "URIs: http://mirror.invalid/debian/\nSuites: trixie\n" in text
    assert (
        "URIs: http://mirror.invalid/security\nSuites: trixie-security\nComponents: main\nTrusted: yes\n"
        in text
    )
    assert text.count("Types: deb\n") == 2


def test_a_machine_that_has_both_suites_already_names_each_once() -> None:
    both = [*parse_deb822(DEB822), *parse_deb822(DEB822.replace("bookworm", "trixie"))]
    assert for_suite(both, "trixie") == for_suite(parse_deb822(DEB822), "trixie")


def test_a_machine_without_debian_sources_gives_nothing() -> None:
    assert for_suite(parse_one_line("deb http://archive.invalid/ubuntu noble main universe"), "trixie") == ""


def test_a_key_written_into_the_list_itself_is_kept_line_by_line() -> None:
    key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEYSA\n -----END PGP PUBLIC KEY BLOCK-----"
    entry = f"Types: deb\nURIs: http://m.invalid/d\nSuites: stable\nComponents: main\nSigned-By:{key}\n"
    assert f"Signed-By: {key}\n" in for_suite(parse_deb822(entry), "trixie")
