"""Whether two bundles of one name are of one project: nothing but a name stands on a stack, and names are chosen freely.

A project's versions change what they like, but not everything at once: they share an author, or a label with a key.
"""

from __future__ import annotations

from collections.abc import Collection

from kgshare.errors import StackError
from kgshare.project import Manifest

MOST = 4  # labels that a message names


def kin_of(manifest: Manifest) -> tuple[str, ...]:
    """What a project's versions have in common, as it is noted with a stack: ``by NAME`` and ``:LABEL``."""
    authors = {f"by {author.name}" for author in manifest.authors}
    return tuple(sorted({*authors, *(f":{label}" for label in manifest.identity.nodes)}))


def require_kin(stack: str, noted: Collection[str], manifest: Manifest) -> None:
    """See that a stack of this name is not another project's.

    Args:
        stack: its name.
        noted: what `kin_of` said of what runs there; empty where it is not known.
        manifest: of what is to be started.

    Raises:
        StackError: they have neither an author nor a label in common.
    """
    mine = kin_of(manifest)
    if noted and not {*noted} & {*mine}:
        raise StackError(
            f"two projects are named {manifest.name}: the stack {stack} runs one {_said(noted)}, and this one is {_said(mine)}",
            hint=f"`kgshare up --name ANOTHER` starts this one beside it; `kgshare down --name {stack}` makes room; where both are "
            "yours, give one of them another `name` in kgshare.yaml",
        )


def _said(kin: Collection[str]) -> str:
    authors = [word for word in kin if word.startswith("by ")]
    labels = [word for word in kin if word.startswith(":")]
    more = ", …" if len(labels) > MOST else ""
    return f"{' and '.join(authors)} ({', '.join(labels[:MOST])}{more})"
