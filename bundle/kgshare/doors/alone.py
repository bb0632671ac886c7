"""Neo4j's driver loads numpy, pandas and pyarrow where they are installed, to take their values as parameters.

That is half a second of each command, which has no such values. So in a process that is kgshare's own the driver is
imported as if they were not there; in anybody else's, a test's for one, it is left as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

OPTIONAL = ("numpy", "pandas", "pyarrow")
_own = False


def this_process_is_ours() -> None:
    """Say that nobody else's code runs here; the command line's entry point does."""
    global _own
    _own = True


@contextmanager
def without_extras() -> Iterator[None]:
    """While the driver is imported for the first time: what it would look for is not there."""
    hidden = [name for name in OPTIONAL if _own and "neo4j" not in sys.modules and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: an import says that there is none
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
