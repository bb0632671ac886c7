"""What a reviewer wants to change, as JSON, and the changes that it means; and changes as JSON again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kgshare.canonical.records import NodeId, RelationshipId, block, parse_identity
from kgshare.canonical.values import decode, encode
from kgshare.changes.apply import shown
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove
from kgshare.changes.names import Fields, ends
from kgshare.page.canonical import key_of, text_of, typed_text
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter, Missing
from kgshare.page.sandbox import EditConflict, Sandbox
from kgshare.page.settings import Project
from kgshare.seeding.bolt import Database

MOST = 500  # changes of one request, with the relationships that go with a node
_REFERENCE = {
    "type": "object",
    "required": ["label", "key"],
    "properties": {"label": {"type": "string"}, "key": {"type": "array", "items": {"type": "string"}}},
}
_VALUE = {"type": "object", "required": ["type", "value"]}
_LINK = {
    "type": "object",
    "required": ["type", "start", "end"],
    "properties": {
        "type": {"type": "string"},
        "start": _REFERENCE,
        "end": _REFERENCE,
        "properties": {
            "type": "object",
            "additionalProperties": _VALUE,
            "description": "For a new one all that it has; for one that is there what tells it apart.",
        },
    },
}
EDIT: dict[str, Any] = {
    "type": "object",
    "required": ["do"],
    "properties": {
        "do": {"enum": ["set", "add", "remove"]},
        "record": {**_REFERENCE, "description": "set, remove: which node."},
        "relationship": {**_LINK, "description": "Instead of a node."},
        "name": {"type": "string", "description": "set: the property."},
        "value": {"description": "set: `{type, value}`, or null to take the property away."},
        "was": {"description": "set: the canonical text that was seen, or null; another one is refused."},
        "label": {"type": "string", "description": "add: the new node's label."},
        "labels": {"type": "array", "items": {"type": "string"}, "description": "add: further labels."},
        "properties": {
            "type": "object",
            "additionalProperties": _VALUE,
            "description": "add: of the new node, its key included.",
        },
    },
}
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["edits"],
    "properties": {"edits": {"type": "array", "minItems": 1, "maxItems": 50, "items": EDIT}},
}


class Meaning:
    """Finds what edits mean in a database; one for each request."""

    def __init__(self, project: Project, sandbox: Sandbox, db: Database) -> None:
        self._project, self._sandbox, self._db = project, sandbox, db
        self._identity = Identity(project.nodes)

    def changes(self, edits: Sequence[Mapping[str, Any]]) -> list[Change]:
        """The changes that edits mean.

        Raises:
            BadParameter: an edit is not as it must be.
            Missing: what it names is not there.
            EditConflict: a value is another one than was seen.
        """
        found: dict[str, Change] = {}
        for edit in edits:
            for change in self._of(edit):
                found.setdefault(repr((change.record, shown_place(change))), change)
        if len(found) > MOST:
            raise BadParameter(f"that is {len(found):,} changes at once; {MOST} are the most")
        return list(found.values())

    def _of(self, edit: Mapping[str, Any]) -> list[Change]:
        kinds: dict[str, Callable[[Mapping[str, Any]], list[Change]]] = {
            "set": self._set,
            "add": self._add,
            "remove": self._remove,
        }
        if edit.get("do") not in kinds:
            raise BadParameter("`do` must be set, add or remove")
        return kinds[edit["do"]](edit)

    def _set(self, edit: Mapping[str, Any]) -> list[Change]:
        name = edit.get("name")
        if not isinstance(name, str) or not name.strip():
            raise BadParameter("the property's name is missing")
        record = self._record(edit)
        if name in _key_names(record):
            raise BadParameter(f"{name} makes the record the one it is: remove it and add another")
        text = self._text(record)
        before = Fields(text).properties.get(name)
        if "was" in edit and edit["was"] != before:
            raise EditConflict(f"{record} {name}: somebody was quicker, it is {before or 'nothing'} by now")
        after = None if edit.get("value") is None else text_of(edit["value"])
        if before == after:
            raise BadParameter(f"{name} has that value already")
        return [Property(record, name, before, after)]

    def _add(self, edit: Mapping[str, Any]) -> list[Change]:
        if "relationship" in edit:
            link = _mapping(edit["relationship"], "relationship")
            identity = self._link(link)
            own = {name for name, _ in identity.discriminator}
            given = _values(link.get("properties"))
            return [Add(block(identity.text, [], {k: v for k, v in given.items() if k not in own}))]
        label = edit.get("label")
        if label not in self._project.nodes:
            raise BadParameter(f"{label} is no label whose key this project declares")
        given = _values(edit.get("properties"))
        key = self._project.nodes[str(label)]
        if missing := [name for name in key if name not in given]:
            raise BadParameter(f"{', '.join(missing)} is missing: it makes a {label} the one it is")
        identity_ = NodeId(str(label), tuple((name, given.pop(name)) for name in key))
        further = [str(one) for one in edit.get("labels") or ()]
        return [Add(block(identity_.text, further, given))]

    def _remove(self, edit: Mapping[str, Any]) -> list[Change]:
        record = self._record(edit)
        if ends(record) is not None:
            return [Remove(self._text(record))]
        found = self._sandbox.records_with_links(self._db, record)
        if record not in found:
            raise Missing(f"there is no {record}")
        return [Remove(text) for text in found.values()]

    def _record(self, edit: Mapping[str, Any]) -> str:
        if "relationship" in edit:
            return self._link(_mapping(edit["relationship"], "relationship")).text
        return self.node(edit.get("record")).text

    def _link(self, given: Mapping[str, Any]) -> RelationshipId:
        type_ = given.get("type")
        if not isinstance(type_, str) or not type_.strip():
            raise BadParameter("the relationship's type is missing")
        values = _values(given.get("properties"))
        discriminator = self._project.relationships.get(type_, ())
        if missing := [name for name in discriminator if name not in values]:
            raise BadParameter(f"{', '.join(missing)} is missing: it tells two {type_} apart")
        pairs = tuple((name, values[name]) for name in discriminator)
        return RelationshipId(type_, self.node(given.get("start")), self.node(given.get("end")), pairs)

    def node(self, given: Any) -> NodeId:
        """The identity of a node that is there, from ``{label, key}``."""
        reference = _mapping(given, "record")
        label, key = reference.get("label"), [str(part) for part in reference.get("key") or ()]
        if label not in self._project.nodes or len(key) != len(self._project.nodes[str(label)]):
            raise BadParameter(f"not a record: {label} {' '.join(key)}")
        names = self._project.nodes[str(label)]
        returned = ", ".join(f"n[$names[{i}]]" for i in range(len(names)))
        rows = self._db.run(
            f"{self._identity.match(str(label))} RETURN {returned} LIMIT 1",
            **self._identity.parameters(key),
            names=list(names),
        )
        if not rows:
            raise Missing(f"there is no {label} {' '.join(key)}")
        return NodeId(str(label), tuple(zip(names, rows[0], strict=True)))

    def _text(self, record: str) -> str:
        found = self._sandbox.records(self._db, [record]).get(record)
        if found is None:
            raise Missing(f"there is no {record}")
        return found


def _mapping(given: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise BadParameter(f"`{what}` is missing, or no object")
    return given


def _values(given: Any) -> dict[str, Any]:
    return {str(name): decode(text_of(value)) for name, value in _mapping(given or {}, "properties").items()}


def _key_names(record: str) -> set[str]:
    found = parse_identity(record)
    pairs = found.discriminator if isinstance(found, RelationshipId) else found.key
    return {name for name, _ in pairs}


def shown_place(change: Change) -> str:
    """The property, element or label that a change is about; empty for a whole record."""
    return shown(change)[0] if isinstance(change, Property | Element | Label) else ""


def as_json(change: Change) -> dict[str, Any]:
    """A change as the page shows it; see docs/reference/page.md."""
    found = parse_identity(change.record)
    node = reference(found) if isinstance(found, NodeId) else None
    link = None
    if isinstance(found, RelationshipId):
        link = {
            "type": found.type,
            "start": reference(found.start),
            "end": reference(found.end),
            "properties": {name: typed_text_of(value) for name, value in found.discriminator},
        }
    return {"kind": kind_of(change), "record": node, "relationship": link, **_values_of(change)}


def kind_of(change: Change) -> str:
    """``added``, ``removed``, ``renamed`` or ``changed``."""
    return {Add: "added", Remove: "removed"}.get(
        type(change), "changed" if shown_place(change) else "renamed"
    )


def typed_text_of(value: Any) -> dict[str, Any] | None:
    """A decoded value with its type."""
    return typed_text(encode(value))


def _values_of(change: Change) -> dict[str, Any]:
    match change:
        case Property(_, name, before, after) | Element(_, name, _, before, after):
            index = change.index if isinstance(change, Element) else None
            return {"name": name, "index": index, "before": typed_text(before), "after": typed_text(after)}
        case Label(_, label, after_):
            word = {"type": "label", "value": label}
            return {
                "name": f":{label}",
                "before": None if after_ else word,
                "after": word if after_ else None,
            }
        case Add(text) | Remove(text):
            fields = Fields(text)
            return {
                "name": None, "before": None, "after": None, "labels": sorted(fields.labels),
                "properties": {name: typed_text(value) for name, value in sorted(fields.properties.items())},
            }  # fmt: skip
    return {"name": None, "before": None, "after": None, "to": reference(parse_identity(change.to))}


def reference(found: NodeId | RelationshipId) -> dict[str, Any]:
    """``{label, key, title}`` of a node's identity."""
    assert isinstance(found, NodeId)
    key = key_of(found.key)
    return {"label": found.label, "key": key, "title": " · ".join(key)}
