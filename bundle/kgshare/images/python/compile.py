"""Run in the build stage: bytecode of the standard library, the wheels and the project, below /bytecode.

With a folder as its argument, of what lies there; the bytecode says the places that it has in the image.
"""

import sys
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode, PyCompileError, compile

ROOTS = (
    f"/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}",
    "/usr/local/lib",
    "/app",
    "/opt/kgshare/python",
)
NOT_NEEDED = {"test", "tests", "lib2to3", "tkinter"}

BELOW = sys.argv[1] if len(sys.argv) > 1 else ""

Path("/bytecode").mkdir()
for root in ROOTS:
    for source in sorted(Path(BELOW + root).rglob("*.py")):
        if NOT_NEEDED.isdisjoint(source.parts):
            name = str(source).removeprefix(BELOW)
            target = "/bytecode" + cache_from_source(name)
            try:
                compile(
                    str(source),
                    target,
                    name,
                    doraise=True,
                    invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
                )
            except (PyCompileError, UnicodeDecodeError) as error:
                print(f"no bytecode for {source}: {type(error).__name__}")
