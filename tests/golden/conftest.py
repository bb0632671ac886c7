"""Golden files: what a pure function renders is compared with a file that a person has read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """``golden(file, text)``: the file holds the text, or is written with ``--update-golden``."""

    def check(file: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file.name} is not there yet: run pytest with --update-golden and read it"
        assert file.read_text(encoding="utf-8") == text, (
            f"{file.name} differs: --update-golden, then read the diff"
        )

    return check
