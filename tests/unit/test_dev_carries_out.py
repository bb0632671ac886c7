"""./dev with consent: which programs it calls, in which order, and what it writes; and how it ends when that fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.golden.dev.test_dev_plan import NEW_ENGINE, furnished
from tests.machine import DEBIAN_12, DEBIAN_13, TOP, Machine

RECORD = 'echo "$(basename "$0") $*" >>"$DEV_SYSROOT/called"'
SILENT_ENGINE = NEW_ENGINE.replace(
    "echo 26.1.5+dfsg1 ;;",
    '[ -e "$DEV_SYSROOT/runs" ] && echo 26.1.5+dfsg1 || { echo Cannot connect >&2; exit 1; } ;;',
)
DOCKERD = "case $1 in --version) echo Docker version 26.1.5+dfsg1, build 411e817 ;; *) {run} ;; esac"


def called(machine: Machine) -> list[str]:
    return (machine.root / "called").read_text(encoding="utf-8").splitlines()


def with_tools(machine: Machine, **programs: str) -> Machine:
    """The machine with programs that only write down that they were called, and with real process tools."""
    for name in ("apt-get", "usermod"):
        machine.program(name, programs.get(name.replace("-", "_"), RECORD))
    for tool in ("basename", "setsid", "touch"):
        (machine.bin / tool).symlink_to(f"/usr/bin/{tool}")
    (machine.bin / "sh").symlink_to("/bin/sh")
    return machine


def test_on_debian_12_trixie_is_pinned_and_derived_before_docker_comes_from_it(tmp_path: Path) -> None:
    machine = with_tools(furnished(tmp_path, DEBIAN_12, docker=NEW_ENGINE.replace("26.1.5", "20.10.24")))

    ended = machine.dev("setup", "--yes")

    install = "install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold"
    calls = [line for line in called(machine) if " install " in line]
    assert calls == [
        f"apt-get {install} debian-archive-keyring",
        f"apt-get {install} -t /^trixie(|-security|-updates)$/ docker.io docker-cli docker-buildx docker-compose",
    ]
    pin = (machine.root / "etc/apt/preferences.d/kgshare-trixie").read_text(encoding="utf-8")
    assert pin == "Package: *\nPin: release n=trixie*\nPin-Priority: 100\n"
    source = (machine.root / "etc/apt/sources.list.d/kgshare-trixie.sources").read_text(encoding="utf-8")
    assert "Suites: trixie trixie-updates\n" in source
    assert "example" not in source
    assert ended.code == 21  # the recorded apt-get installed nothing, and that is noticed
    assert "still missing after installing: docker.io" in ended.stderr


def test_a_second_attempt_on_debian_12_adds_the_source_only_once(tmp_path: Path) -> None:
    machine = with_tools(furnished(tmp_path, DEBIAN_12, docker=NEW_ENGINE.replace("26.1.5", "20.10.24")))
    machine.dev("setup", "--yes")
    first = (machine.root / "etc/apt/sources.list.d/kgshare-trixie.sources").read_text(encoding="utf-8")
    machine.write("etc/os-release", DEBIAN_13)  # which trixie's base-files does to a Debian 12

    ended = machine.dev("setup", "--yes")

    assert "Debian 12" in ended.stderr
    assert "add Debian's suite" not in ended.stderr
    assert (machine.root / "etc/apt/sources.list.d/kgshare-trixie.sources").read_text(
        encoding="utf-8"
    ) == first


def test_only_debians_own_lists_are_refreshed(tmp_path: Path) -> None:
    listing = 'for o in "$@"; do case $o in Dir::Etc::SourceParts=*) ls "${o#*=}" >>"$DEV_SYSROOT/lists" ;; esac; done'
    machine = with_tools(furnished(tmp_path, DEBIAN_13, docker=NEW_ENGINE), apt_get=listing)
    (machine.bin / "git").unlink()
    machine.write("etc/apt/sources.list.d/vendor.list", "deb file:/srv/vendor trixie main\n")
    machine.dev("setup", "--yes")
    assert (machine.root / "lists").read_text(encoding="utf-8") == "debian.sources\n"


@pytest.mark.parametrize("setting", [{"CI": "true"}, {}])
def test_consent_is_ci_or_yes_or_a_y_typed_at_a_terminal(setting: dict[str, str], tmp_path: Path) -> None:
    machine = with_tools(furnished(tmp_path, DEBIAN_13, docker=NEW_ENGINE))
    (machine.bin / "git").unlink()
    ended = machine.dev("setup", typed=None if setting else "y\n", **setting)
    assert ended.code == 21  # it went on, and the recorded apt-get installed nothing
    assert any(" install " in line for line in called(machine))


def test_anything_but_y_at_the_terminal_changes_nothing(tmp_path: Path) -> None:
    machine = with_tools(furnished(tmp_path, DEBIAN_13))
    ended = machine.dev("setup", typed="\n")
    assert ended.code == 20
    assert "Go on? [y/N]" in ended.stderr
    assert "you said no" in ended.stderr
    assert not (machine.root / "called").exists()


def test_a_failing_apt_ends_with_code_21_and_starts_nothing(tmp_path: Path) -> None:
    machine = with_tools(furnished(tmp_path, DEBIAN_13), apt_get="echo E: no space left >&2; exit 100")
    ended = machine.dev("setup", "--yes")
    assert ended.code == 21
    assert "no space left" in ended.stderr
    assert "docker.io" in ended.stderr.splitlines()[-1]


def test_the_daemon_is_started_detached_and_waited_for(tmp_path: Path) -> None:
    runs = 'sleep 1.5; touch "$DEV_SYSROOT/runs"; sleep 1.5'
    machine = with_tools(
        furnished(tmp_path, DEBIAN_13, docker=SILENT_ENGINE, dockerd=DOCKERD.format(run=f"echo up; {runs}"))
    )
    ended = machine.dev("__system", "--yes")
    assert ended.code == 0, ended.stderr
    assert (machine.root / "var/log/kgshare-dockerd.log").read_text(encoding="utf-8") == "up\n"


def test_a_daemon_that_dies_is_reported_at_once_with_the_end_of_its_log(tmp_path: Path) -> None:
    dying = DOCKERD.format(run="echo failed to start: no cgroups >&2; exit 1")
    machine = with_tools(furnished(tmp_path, DEBIAN_13, docker=SILENT_ENGINE, dockerd=dying))
    ended = machine.dev("setup", "--yes")
    assert ended.code == 22
    assert ended.stderr.endswith("/var/log/kgshare-dockerd.log:\nfailed to start: no cgroups\n")


def test_an_old_daemon_that_runs_on_after_the_upgrade_is_stopped_and_the_new_one_started(
    tmp_path: Path,
) -> None:
    old = NEW_ENGINE.replace("echo 26.1.5+dfsg1", 'cat "$DEV_SYSROOT/answer" 2>/dev/null || exit 1')
    new = DOCKERD.format(run='echo 26.1.5 >"$DEV_SYSROOT/answer"; exec sleep 2')
    machine = with_tools(furnished(tmp_path, DEBIAN_13, docker=old, dockerd=new))
    machine.write("answer", "20.10.24\n")
    machine.write("run/docker.pid", "17\n")
    # as an ordinary user, so that the call goes through a sudo that writes it down instead of killing
    machine.program("id", "case $1 in -u) echo 1000 ;; -un) echo root ;; -nG) echo docker ;; esac")
    for tool in ("newuidmap", "fakeroot"):  # what only an ordinary user needs
        machine.program(tool, "exit 0")
    stopping = f'{RECORD}; rm "$DEV_SYSROOT/answer"'
    machine.program("sudo", f'case "$*" in "-n true") ;; "sh -c kill"*) {stopping} ;; *) "$@" ;; esac')
    ended = machine.dev("__system", "--yes")
    assert ended.code == 0, ended.stderr
    assert "restart Docker, which is older than 25" in ended.stderr
    assert "sudo sh -c kill 17" in called(machine)


def test_systemd_starts_the_daemon_where_it_is_in_charge(tmp_path: Path) -> None:
    machine = with_tools(
        furnished(tmp_path, DEBIAN_13, docker=SILENT_ENGINE, dockerd=DOCKERD.format(run="exit 1"),
                  systemctl=f'{RECORD}; touch "$DEV_SYSROOT/runs"')
    )  # fmt: skip
    machine.write("run/systemd/system/.keep", "")
    ended = machine.dev("__system", "--yes")
    assert ended.code == 0, ended.stderr
    assert called(machine) == ["systemctl enable --now docker"]


@pytest.mark.parametrize("words", [["fly"], ["setup", "--everything"], ["run"]])
def test_wrong_usage_ends_with_code_2(words: list[str], tmp_path: Path) -> None:
    assert Machine(tmp_path, DEBIAN_13).dev(*words).code == 2


def test_every_command_in_the_help_is_known_and_every_known_one_is_in_the_help(tmp_path: Path) -> None:
    machine = Machine(tmp_path, DEBIAN_13)
    listed = {line.split()[0] for line in machine.dev("help").stdout.splitlines() if line.startswith("  ")}
    assert listed == {"up", "down", "test", "check", "run", "setup", "relock", "help"}
    for command in listed - {"help"}:
        assert "there is no command" not in machine.dev(command).stderr


def checkout(folder: Path) -> Path:
    """A clone whose environment is made already; its kgshare says how it was called."""
    top = shutil.copytree(TOP / ".ci", folder / "top" / ".ci", ignore=shutil.ignore_patterns("*.lock")).parent
    shutil.copy(TOP / "dev", top / "dev")
    for file in (".ci/requirements.lock", "pyproject.toml"):
        (top / file).touch()
    programs = top / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "kgshare"):
        (programs / name).write_text('#!/bin/bash\necho "kgshare $*"\n')
        (programs / name).chmod(0o755)
    (top / ".venv" / "dev-stamp").write_text(f"{top}\n")
    return top


WITHOUT_DOCKER = {
    "it may not install": lambda d: furnished(d, DEBIAN_13, user="ann"),
    "nobody is there to ask": lambda d: furnished(d, DEBIAN_13),
    "its daemon ends": lambda d: furnished(
        d, DEBIAN_13, docker=SILENT_ENGINE, dockerd=DOCKERD.format(run="echo no iptables; exit 1")
    ),
    "another daemon is named": lambda d: furnished(d, DEBIAN_13, docker=SILENT_ENGINE, dockerd=DOCKERD),
    "its socket is another's": lambda d: furnished(
        d, DEBIAN_13, user="docker", docker=NEW_ENGINE.replace("echo 26.1.5+dfsg1", "echo permission denied >&2; exit 1")
    ),
}  # fmt: skip
ARGUMENTS: dict[str, dict[str, str]] = {"another daemon is named": {"DOCKER_HOST": "unix:///nowhere"}}


@pytest.mark.parametrize("why", WITHOUT_DOCKER)
def test_up_goes_on_without_docker_where_it_cannot_be_had_and_says_so_in_one_sentence(
    why: str, tmp_path: Path
) -> None:
    machine = with_tools(WITHOUT_DOCKER[why](tmp_path))
    words = ["--yes"] if why == "its daemon ends" else []
    ended = machine.dev("up", *words, "--no-open", top=checkout(tmp_path), **ARGUMENTS.get(why, {}))
    assert (ended.code, ended.stdout) == (0, "kgshare up --local --no-open\n"), ended.stderr
    assert ended.stderr.count("Docker cannot be had") == 1
    assert "not sandboxed" in ended.stderr.splitlines()[-1]


def test_up_does_not_go_on_where_more_than_docker_is_missing(tmp_path: Path) -> None:
    machine = furnished(tmp_path, DEBIAN_13, user="ann")
    (machine.bin / "mmdebstrap").unlink()
    ended = machine.dev("up", top=checkout(tmp_path))
    assert ended.code == 20
    assert "mmdebstrap" in ended.stderr
    assert "without containers" not in ended.stderr


def test_a_no_to_installing_docker_is_no_yes_to_running_without(tmp_path: Path) -> None:
    ended = furnished(tmp_path, DEBIAN_13).dev("up", top=checkout(tmp_path), typed="n\n")
    assert ended.code == 20
    assert "`./dev up --local` goes on without containers" in ended.stderr


def test_up_local_asks_for_nothing_of_docker_and_with_docker_up_is_as_ever(tmp_path: Path) -> None:
    top = checkout(tmp_path)
    without = furnished(tmp_path / "without", DEBIAN_13, user="ann")
    (without.bin / "iptables").unlink()
    ended = without.dev("up", "--local", top=top)
    assert (ended.code, ended.stdout, ended.stderr) == (0, "kgshare up --local\n", "")
    ended = furnished(tmp_path / "with", DEBIAN_13, docker=NEW_ENGINE).dev("up", "--json", top=top)
    assert (ended.code, ended.stdout, ended.stderr) == (0, "kgshare up --json\n", "")
