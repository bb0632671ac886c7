"""Where the database of a stack answers: what is down says so, whichever runtime it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgshare.errors import StackError
from kgshare.local import state as locals_of
from kgshare.stack.reach import reach


def test_a_stack_without_containers_that_is_down_says_so_where_no_engine_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (locals_of.folder_of("herbarium") / "stores" / "one").mkdir(parents=True)
    with pytest.raises(StackError, match="the database of the stack herbarium is not running"):
        reach("herbarium")
