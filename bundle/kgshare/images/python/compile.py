"""Run in the build stage: bytecode of the standard library, the wheels and the project, below /bytecode."""

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

Path("/bytecode").mkdir()
for root in ROOTS:
    for source in sorted(Path(root).rglob("*.py")):
        if NOT_NEEDED.isdisjoint(source.parts):
            target = "/bytecode" + cache_from_source(str(source))
            try:
                compile(
                    str(source), target, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
                )
            except (PyCompileError, UnicodeDecodeError) as error:
                print(f"no bytecode for {source}: {type(error).__name__}")
