"""Write a draft as ``kgshare.yaml``: the keys in the manifest's order, and as comments what a person should look at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from kgshare.init.model import Draft


class _Dumper(yaml.SafeDumper):
    pass


def _short(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(not isinstance(v, (Mapping, list, tuple)) or _short(v) for v in value.values())
    return not isinstance(value, (list, tuple)) or all(
        not isinstance(v, (Mapping, list, tuple)) for v in value
    )


def render(draft: Draft) -> str:
    """The text of the manifest."""
    about, proposal = draft.about, draft.proposal
    author = {"name": about.author, **({"email": about.email} if about.email else {})}
    identity: dict[str, Any] = {"nodes": {label: list(key) for label, key in proposal.nodes.items()}}
    if proposal.relationships:
        identity["relationships"] = {name: list(key) for name, key in proposal.relationships.items()}
    head = {
        "kgshare": 1, "name": about.name, "version": about.version, "description": about.description,
        "licence": about.licence, "authors": [author],
    }  # fmt: skip
    parts = [
        "# Written by `kgshare init`; see docs/reference/manifest.md for what else can stand here.\n",
        _comments(about.notes),
        _yaml(head),
        _section("neo4j", dict(draft.neo4j)),
        _section("identity", identity, proposal.notes),
        _section("seed", [_plain(step) for step in draft.seed], draft.notes),
        _section("checks", [dict(check) for check in draft.checks]),
        _doubtful(draft.doubtful),
        _proposed(draft.application),
    ]
    return "\n".join(part for part in parts if part)


def _section(name: str, value: Any, notes: Iterable[str] = ()) -> str:
    return _comments(notes) + _yaml({name: value}) if value else _comments(notes)


def _comments(notes: Iterable[str]) -> str:
    lines = [
        line
        for note in notes
        for line in textwrap.wrap(note, 110, initial_indent="# look: ", subsequent_indent="#   ")
    ]
    return "".join(f"{line}\n" for line in lines)


def _doubtful(checks: Iterable[Mapping[str, Any]]) -> str:
    text = "".join(_yaml([dict(check)]) for check in checks)
    if not text:
        return ""
    lines = "".join(f"# {line}\n" for line in text.splitlines())
    return "# look: the README states this, and it does not hold of the graph:\n" + lines


def _proposed(application: Mapping[str, Any] | None) -> str:
    if application is None:
        return ""
    lines = "".join(f"# {line}\n" for line in _yaml({"application": dict(application)}).splitlines())
    return "# look: an application was found; without these lines kgshare's own page is shown\n" + lines


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def _lists(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_short(value))


_Dumper.add_representer(list, _lists)
