"""Runs pip as if on the target: ``python pip_target.py ENVIRONMENT PIP-ARGUMENTS…``.

``pip --platform --python-version`` chooses files for the target but evaluates environment markers
(``; python_version < "3.13"``) for the Python that runs it (pip issue 11664), so on an older or newer host packages
would come along or be missing. ENVIRONMENT is the target's marker environment (PEP 508) in JSON; everything else is
pip's own command line. Run as a program by `kgshare.lock.wheels`, imported by nothing.
"""

from __future__ import annotations

import json
import sys


def main() -> int:
    """Replace the marker environment, then hand over to pip."""
    from pip._internal.cli.main import main as pip
    from pip._vendor.packaging import markers

    target = json.loads(sys.argv[1])
    assert set(target) == set(markers.default_environment()), "pip knows other markers than kgshare names"
    markers.default_environment = lambda: dict(target)  # type: ignore[assignment,return-value,unused-ignore]
    return int(pip(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
