"""What each base is: whose user it has, what is left out of it, and what may never be in it."""

from __future__ import annotations

from dataclasses import dataclass

from kgshare.lock.model import DebianSet


@dataclass(frozen=True, kw_only=True)
class User:
    """The one user that a base is made for; its group has the same name and number."""

    name: str
    number: int
    home: str = "/"


@dataclass(frozen=True, kw_only=True)
class BaseSpec:
    """A base.

    Attributes:
        name: the set of locked packages that it is made from.
        user: its user beside root and nobody; None for a base of build steps, which run as root.
        hardened: whether shells, package managers and what may change them are refused in it.
        left_out: path prefixes (without a leading slash) left out beside those of `LEFT_OUT`.
    """

    name: DebianSet
    user: User | None
    hardened: bool
    left_out: tuple[str, ...] = ()


# Nobody reads manuals or completes a command line in a container. Copyright files stay: their licences ask for it.
LEFT_OUT = (
    "etc/hostname", "etc/resolv.conf", "etc/motd", "etc/issue", "etc/issue.net", "etc/skel", "etc/cron.", "etc/logrotate.d",
    "etc/init.d", "etc/default/", "etc/update-motd.d", "etc/apt", "etc/dpkg", "etc/kernel", "etc/profile",
    "lib/systemd", "usr/lib/systemd", "usr/lib/init", "usr/lib/mime", "usr/lib/tmpfiles.d", "usr/lib/sysusers.d", "usr/lib/udev",
    "usr/share/bash-completion", "usr/share/bug", "usr/share/doc-base", "usr/share/gdb", "usr/share/info",
    "usr/share/lintian", "usr/share/locale", "usr/share/man", "usr/share/menu", "usr/share/pixmaps",
    "usr/share/applications", "usr/share/base-files", "usr/share/gcc", "usr/share/dict",
    "usr/games", "usr/include", "usr/src", "boot", "home", "media", "mnt", "srv", "opt",
    "var/cache/", "var/lib/apt", "var/lib/dpkg", "var/log/", "var/mail", "var/backups", "dev/",
)  # fmt: skip
# Character sets that only iconv(3) reads: Java and Python bring their own.
LEFT_OUT_PARTS = frozenset({"gconv"})
DOCUMENTS = "usr/share/doc/"

_PYTHON_TOOLS = (
    "usr/bin/pdb3.", "usr/bin/pydoc3.", "usr/bin/pygettext3.", "usr/lib/python3.13/pydoc_data",
    "usr/lib/python3.13/ensurepip", "usr/lib/python3.13/idlelib", "usr/lib/python3.13/turtle.py",
    "usr/lib/python3.13/config-", "usr/lib/python3.13/test", "usr/share/python3/runtime.d",
)  # fmt: skip

TOOLBOX = BaseSpec(name="toolbox", user=None, hardened=False)
DATABASE = BaseSpec(
    name="database",
    user=User(name="neo4j", number=7474, home="/data"),
    hardened=True,
    left_out=("usr/bin/", "usr/sbin/"),
)
APPLICATION = BaseSpec(
    name="application",
    user=User(name="nonroot", number=65532, home="/app"),
    hardened=True,
    left_out=_PYTHON_TOOLS,
)
SPECS: dict[DebianSet, BaseSpec] = {spec.name: spec for spec in (TOOLBOX, DATABASE, APPLICATION)}

# Programs by which somebody who got in would get on.
SHELLS = frozenset(
    {"sh", "bash", "rbash", "dash", "zsh", "ash", "ksh", "mksh", "fish", "csh", "tcsh", "busybox", "toybox"}
)
FORBIDDEN_PROGRAMS = SHELLS | frozenset({
    "apt", "apt-get", "apt-cache", "aptitude", "dpkg", "dpkg-deb", "rpm", "yum", "dnf", "apk", "pip", "pip3", "conda", "npm",
    "perl", "tar", "wget", "curl", "nc", "ncat", "netcat", "socat", "ssh", "su", "sudo", "gdb", "strace",
})  # fmt: skip
PROGRAM_FOLDERS = frozenset(
    {"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "opt/bin"}
)
