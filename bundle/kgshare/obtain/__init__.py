"""A bundle by what the user wrote for it: a path, an address, a Git repository. Whatever comes is only a local file then.

Nothing that is got is believed: form, signature, evidence and policy are checked afterwards, as of any file.
"""

from __future__ import annotations

from kgshare.obtain.schemes import obtain

__all__ = ["obtain"]
