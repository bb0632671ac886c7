"""A file is there as a whole or as it was before, whatever happens while it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kgshare.aside import aside, write_aside


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("before")
    with aside(file) as path:
        path.write_text("after")
        assert file.read_text() == "before"
    assert file.read_text() == "after"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("before")

    def fail() -> None:
        with aside(file) as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert file.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_text_is_written_as_it_is_for_whom_it_is(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        write_aside(tmp_path / "new" / "file", "ä\n\r\nö", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "file").read_bytes() == "ä\n\r\nö".encode()
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == mode
