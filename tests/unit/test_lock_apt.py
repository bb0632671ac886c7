from __future__ import annotations

from pathlib import Path

import pytest

from kgshare.errors import LockError
from kgshare.lock.apt import Choice, InContainer, choices, configuration, reasons
from kgshare.lock.debian import refuse_forbidden

SIMULATED = """\
NOTE: This is only a simulation!
Inst base-files (13.8+deb13u8 Debian:13.8/stable [amd64])
Inst zlib1g (1:1.3.1-1+deb13u1 Debian:13.8/stable, Debian-Security:13/stable-security [amd64])
Inst tzdata (2026f-0+deb13u1 Debian:13-updates/stable-updates [all]) []
Inst openjdk-21-jre-headless [21.0.1] (21.0.13.1+2-1~deb13u1 Debian-Security:13/stable-security [amd64])
Conf base-files (13.8+deb13u8 Debian:13.8/stable [amd64])
"""


def test_apts_simulation_becomes_names_versions_and_suites() -> None:
    assert choices(SIMULATED, "trixie") == [
        Choice(name="base-files", version="13.8+deb13u8", suite="trixie", architecture="amd64"),
        Choice(name="openjdk-21-jre-headless", version="21.0.13.1+2-1~deb13u1", suite="trixie-security",
               architecture="amd64"),
        Choice(name="tzdata", version="2026f-0+deb13u1", suite="trixie-updates", architecture="all"),
        Choice(name="zlib1g", version="1:1.3.1-1+deb13u1", suite="trixie", architecture="amd64"),
    ]  # fmt: skip


def test_where_the_machine_is_not_debian_the_same_words_run_in_a_debian_container() -> None:
    argv = InContainer(user="1000:1000").argv(["apt-get", "update"], Path("/cache/apt"), "/kgshare/download")
    assert argv == [
        "docker", "run", "--rm", "--user", "1000:1000", "--mount", "type=bind,source=/cache/apt,target=/kgshare",
        "--workdir", "/kgshare/download", "--env", "LC_ALL=C", "debian:trixie-slim", "apt-get", "update",
    ]  # fmt: skip


def test_no_place_of_the_machines_own_apt_is_written_to() -> None:
    text = configuration("/r", "arm64")
    for place in (
        "Dir::State",
        "Dir::State::status",
        "Dir::Cache",
        "Dir::Etc::sourcelist",
        "Dir::Etc::sourceparts",
    ):
        assert f'{place} "/r/' in text
    assert 'APT::Architecture "arm64";' in text


def test_a_shell_in_a_base_is_refused_with_the_chain_that_brings_it() -> None:
    records = [
        {"Package": "tool", "Depends": "libtool (>= 1), neat-shell | other"},
        {"Package": "libtool", "Pre-Depends": "libc6"},
        {"Package": "libc6"},
        {"Package": "bash", "Provides": "neat-shell"},
        {"Package": "netbase"},
    ]
    with pytest.raises(LockError) as caught:
        refuse_forbidden("database", ["netbase", "tool=1.0"], records)
    assert caught.value.problems[0].message == "the database base would contain bash: tool → bash"


def test_a_base_without_a_shell_is_let_through() -> None:
    refuse_forbidden("application", ["tool"], [{"Package": "tool", "Depends": "bash-completion"}])


def test_apts_reasons_are_told_on_one_line() -> None:
    printed = "Reading package lists...\n tool : Depends: nothing but it is not installable\nE: Unable to correct problems\n"
    assert reasons(printed) == (
        "tool : Depends: nothing but it is not installable; E: Unable to correct problems"
    )
