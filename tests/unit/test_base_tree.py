"""What stays of packages in a base, what is added, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from kgshare.base.make import packages_index
from kgshare.base.spec import APPLICATION, DATABASE, TOOLBOX
from kgshare.base.tree import Entry, base_tree, record_name, refuse
from kgshare.lock.model import DebianPackage


def file(path: str, mode: int = 0o644) -> Entry:
    return Entry(path=path, kind="file", mode=mode)


def paths(*entries: Entry, spec=APPLICATION) -> list[str]:  # type: ignore[no-untyped-def]
    return [entry.path for entry in base_tree(entries, spec, {})]


def test_documents_go_and_copyright_files_stay() -> None:
    kept = paths(
        file("usr/share/doc/zlib1g/changelog.Debian.gz"),
        file("usr/share/doc/zlib1g/copyright"),
        file("usr/share/man/man1/x.1"),
        file("usr/share/locale/de/LC_MESSAGES/x.mo"),
    )
    assert "usr/share/doc/zlib1g/copyright" in kept
    assert not [path for path in kept if "changelog" in path or "man1" in path or "locale" in path]


def test_a_document_folder_that_is_a_link_to_another_packages_stays() -> None:
    link = Entry(path="usr/share/doc/libgcc-s1", kind="link", mode=0o777, target="gcc-14-base")
    assert link.path in paths(link)


@pytest.mark.parametrize("leak", ["etc/hostname", "etc/resolv.conf"])
def test_nothing_of_the_building_machine_stays(leak: str) -> None:
    assert leak not in paths(file(leak), file("etc/debian_version"))


def test_no_file_keeps_another_users_rights_or_anybodys_pen() -> None:
    tree = {e.path: e for e in base_tree([file("usr/lib/x", 0o4755), file("usr/lib/y", 0o2766)], TOOLBOX, {})}
    assert tree["usr/lib/x"].mode == 0o755
    assert tree["usr/lib/y"].mode == 0o764
    assert refuse(tree.values(), TOOLBOX) == []


def test_only_tmp_may_be_written_by_anybody_and_only_sticky() -> None:
    tree = base_tree([Entry(path="var/local", kind="folder", mode=0o2775)], DATABASE, {})
    assert sorted(e.path for e in tree if e.mode & 0o002 and e.kind != "link") == ["tmp", "var/tmp"]
    open_folder = dataclasses.replace(tree[0], kind="folder", mode=0o777)
    assert [p.message for p in refuse([open_folder], DATABASE)] == ["anybody may write it"]


@pytest.mark.parametrize("program", ["usr/bin/dash", "usr/bin/apt-get", "usr/sbin/dpkg", "bin/busybox"])
def test_a_shell_or_package_manager_is_refused_where_people_run_things(program: str) -> None:
    (problem,) = refuse(base_tree([file(program, 0o755)], APPLICATION, {}), APPLICATION)
    assert problem.where == program


def test_a_link_named_like_a_shell_is_refused_as_well() -> None:
    link = Entry(path="usr/bin/sh", kind="link", mode=0o777, target="dash")
    assert refuse([link], APPLICATION)


def test_build_steps_may_have_a_shell() -> None:
    assert refuse(base_tree([file("usr/bin/dash", 0o755)], TOOLBOX, {}), TOOLBOX) == []


def test_the_database_base_has_no_programs_at_all() -> None:
    kept = paths(file("usr/bin/ldd", 0o755), file("usr/sbin/zic", 0o755), spec=DATABASE)
    assert not [path for path in kept if path.startswith(("usr/bin/", "usr/sbin/"))]


def test_usr_merge_links_are_made_where_their_targets_are() -> None:
    tree = {
        e.path: e for e in base_tree([file("usr/lib64/ld.so"), file("usr/bin/python3.13")], APPLICATION, {})
    }
    assert (tree["lib64"].kind, tree["lib64"].target) == ("link", "usr/lib64")
    assert tree["bin"].target == "usr/bin"
    assert "sbin" not in tree


def test_the_users_of_a_base_are_root_nobody_and_its_own() -> None:
    tree = {e.path: e for e in base_tree([], DATABASE, {})}
    lines = (tree["etc/passwd"].content or b"").decode().splitlines()
    assert [line.split(":")[2] for line in lines] == ["0", "7474", "65534"]
    assert all(line.endswith(":/usr/sbin/nologin") for line in lines)


def test_scanners_find_a_record_per_package() -> None:
    tree = {e.path: e for e in base_tree([], DATABASE, {"libc6": "Package: libc6\n"})}
    assert tree["var/lib/dpkg/status.d/libc6"].content == b"Package: libc6\n"
    with pytest.raises(ValueError, match="not a Debian package name"):
        record_name("../etc/passwd")


def test_every_folder_stands_before_what_is_in_it_and_hard_links_after_their_files() -> None:
    hard = Entry(path="a/link", kind="hardlink", mode=0o644, target="z/file")
    order = paths(hard, file("z/file"), file("q/r/s"))
    assert order.index("q") < order.index("q/r") < order.index("q/r/s")
    assert order.index("z/file") < order.index("a/link")


def test_the_index_asks_for_exactly_the_locked_files_and_for_nothing_they_depend_on() -> None:
    package = DebianPackage(
        name="libx", version="1:2-3", suite="trixie", architecture="amd64", sha256="ab" * 32, size=7, source="x"
    )  # fmt: skip
    index = packages_index([package])
    assert f"Filename: ./libx_1.2-3_amd64.deb\nSize: 7\nSHA256: {'ab' * 32}\n" in index
    assert "Depends" not in index
