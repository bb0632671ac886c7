from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from tests.unit import lock_example as example
from tests.unit.test_lock_needs import MANIFEST, project

from kgshare.errors import LockError
from kgshare.lock.file import every_input, parse, read_lock, render, write_lock
from kgshare.lock.needs import needs_of


def test_a_lock_reads_back_as_what_was_written() -> None:
    assert parse(render(example.lock())) == example.lock()


def test_no_address_is_in_a_lock() -> None:
    assert not re.search(r"https?:|//|\.(org|com|io)/", render(example.lock()))


def test_the_order_in_which_inputs_were_found_does_not_show() -> None:
    lock = example.lock()
    turned = dataclasses.replace(lock, jars={"plugins": (), "database": lock.jars["database"][::-1]})
    assert render(turned) == render(lock)


def test_a_file_that_several_sets_need_is_one_input() -> None:
    assert [i.version for i in every_input(example.lock()) if getattr(i, "name", "") == "libc6"] == [
        "2.41-12"
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('"epoch": 1790000000', '"epoch": ', "kgshare.lock:4", "not JSON"),
        ('"kgshare-lock": 1', '"kgshare-lock": 2', "kgshare.lock", "lock format 2, this kgshare reads 1"),
        ('"suite": "trixie",\n', '"suite": "trixie", "url": 1,\n', "kgshare.lock", "url: Extra inputs"),
        ('"java": "21",\n', "", "kgshare.lock", "java: Field required"),
        (example.sha("chart"), "beef", "kgshare.lock:", "`beef` is no SHA-256"),
        ('{"name": "bash"', '{"name":  "bash"', "kgshare.lock:", "not in the one form"),
    ],
)  # fmt: skip
def test_a_lock_that_is_not_as_kgshare_writes_it_is_refused_at_its_line(
    old: str, new: str, where: str, message: str
) -> None:
    text = render(example.lock())
    assert old in text
    with pytest.raises(LockError) as caught:
        parse(text.replace(old, new, 1))
    assert caught.value.problems[0].where.startswith(where)
    assert message in caught.value.problems[0].message


def test_a_merge_that_kept_both_sides_is_refused() -> None:
    row = next(line for line in render(example.lock()).splitlines(keepends=True) if '"bash"' in line)
    with pytest.raises(LockError, match=r"bash stands 2 times in debian\.toolbox amd64"):
        parse(render(example.lock()).replace(row, row + row.replace("5.2", "5.3")))


def test_a_lock_is_refused_for_another_manifest_and_says_what_to_do(tmp_path: Path) -> None:
    first = project(tmp_path)
    lock = dataclasses.replace(example.lock(), manifest=first.checksum, needs=needs_of(first).digests())
    write_lock(first, lock)
    assert read_lock(first) == lock
    with pytest.raises(LockError, match=r"kgshare\.yaml has changed") as caught:
        read_lock(project(tmp_path, text=MANIFEST.replace("Two", "Three")))
    assert "kgshare lock" in caught.value.problems[0].hint


def test_a_lock_of_a_kgshare_that_needed_other_inputs_is_refused(tmp_path: Path) -> None:
    here = project(tmp_path)
    write_lock(here, dataclasses.replace(example.lock(), manifest=here.checksum))
    with pytest.raises(LockError, match="another kgshare"):
        read_lock(here)


def test_a_project_without_a_lock_is_told_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="has no lock") as caught:
        read_lock(project(tmp_path))
    assert caught.value.problems[0].hint == "run `kgshare lock`"
