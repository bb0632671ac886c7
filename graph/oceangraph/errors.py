"""What the ocean graph's own commands may end with, beside kgshare's errors."""

from __future__ import annotations

from kgshare.errors import KgshareError


class QualityError(KgshareError):
    """`oceangraph import --strict`: an upstream file cannot be read, or something in it is not as its format says."""

    exit_code = 30
    kind = "quality"
