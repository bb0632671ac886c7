"""``kgshare build --verify-reproducible``: two builds from one lock, without what was built before, compared by file."""

from kgshare.reproduce.command import ReproducibleReport, verify_reproducible

__all__ = ["ReproducibleReport", "verify_reproducible"]
