"""What the ocean graph's own commands may end with, beside kgshare's errors."""

from __future__ import annotations

from kgshare.errors import KgshareError


class QualityError(KgshareError):
    """`import --strict`: a file cannot be read, something in one is not as its format says, or nothing was imported."""

    exit_code = 30
    kind = "quality"
