"""``python -m kgshare.seeding SPEC.json``: run the seed stage; exit 0, or with the error's exit code.

On failure ``error.json`` stands in the result folder for whoever started the stage, and the problems are printed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.errors import Interrupted, KgshareError
from kgshare.seeding.result import ERROR, error_json
from kgshare.seeding.review import review
from kgshare.seeding.spec import SeedSpec
from kgshare.seeding.stage import seed, seed_upstream


def main(argv: list[str]) -> int:
    """Run the stage that a specification's file describes; returns the exit code."""
    if len(argv) != 2:
        print("usage: python -m kgshare.seeding SPEC.json", file=sys.stderr)
        return 2
    spec = SeedSpec.from_json(Path(argv[1]).read_text(encoding="utf-8"))
    try:
        stage = review if spec.store else seed_upstream if spec.only_steps else seed
        report = stage(spec)
    except KgshareError as error:
        return _fail(spec, error)
    except KeyboardInterrupt:
        return _fail(spec, Interrupted("interrupted"))
    print(f"{report.nodes:,} nodes, {report.relationships:,} relationships, digest {report.digest[:12]}")
    return 0


def _fail(spec: SeedSpec, error: KgshareError) -> int:
    out = Path(spec.out)
    for name in ("data", "graph"):
        shutil.rmtree(out / name, ignore_errors=True)
    write_aside(out / ERROR, error_json(error))
    for problem in error.problems:
        print(problem, file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv))
