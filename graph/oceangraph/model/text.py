"""The model as a reference in Markdown, with a diagram that is drawn from the schema itself."""

from __future__ import annotations

from collections.abc import Sequence

from oceangraph.model.kinds import NodeKind, Property, RelationshipKind


def markdown(nodes: Sequence[NodeKind], relationships: Sequence[RelationshipKind]) -> str:
    """The diagram, a table of properties for each label, and the relationship types."""
    lines = [
        "# The ocean graph's model",
        "",
        "Printed by `oceangraph model` from the model that seed and check use.",
    ]
    lines += ["", *_diagram(nodes, relationships), ""]
    for kind in nodes:
        lines += [f"## {kind.label}", "", _headline(kind), "", *_property_table(kind.properties), ""]
    lines += ["## Relationships", ""]
    for relationship in relationships:
        ends = ", ".join(f"({start})→({end})" for start, end in relationship.ends)
        lines += [f"### {relationship.type}", "", f"{relationship.text}.", "", ends, ""]
        if relationship.discriminator:
            lines += [f"Told apart by: {', '.join(relationship.discriminator)}.", ""]
        if relationship.properties:
            lines += [*_property_table(relationship.properties), ""]
    return "\n".join(lines)


def _headline(kind: NodeKind) -> str:
    beside = f", beside it {', '.join(kind.also)}" if kind.also else ""
    tables = f"Table: data/{kind.table}" + (f", data/{kind.details}" if kind.details else "")
    if not kind.table:
        tables = "Made when the graph is seeded"
    absent = "; absent where nothing of the kind was imported" if kind.optional else ""
    return f"{kind.text}. Key: {', '.join(kind.key)}{beside}. {tables}{absent}."


def _diagram(nodes: Sequence[NodeKind], relationships: Sequence[RelationshipKind]) -> list[str]:
    # DERIVED_FROM joins nearly every label with Dataset: drawn, it would hide all the others.
    groups = list(dict.fromkeys(kind.group for kind in nodes))
    lines = ["```mermaid", "flowchart LR"]
    for number, group in enumerate(groups):
        inside = [f"    {kind.label}" for kind in nodes if kind.group == group]
        lines += [f'  subgraph g{number}["{group}"]', *inside, "  end"]
    lines += [
        f"  {start} -->|{relationship.type}| {end}"
        for relationship in relationships
        if relationship.type != "DERIVED_FROM"
        for start, end in relationship.ends
    ]
    return [
        *lines,
        "```",
        "",
        "Not drawn: DERIVED_FROM, from every record to the Dataset that its facts come from.",
    ]


def _property_table(properties: Sequence[Property]) -> list[str]:
    rows = [f"| {p.name} | {p.type} | {p.unit} | {p.text}{_vocabulary(p)} |" for p in properties]
    return ["| property | type | unit | meaning |", "| --- | --- | --- | --- |", *rows]


def _vocabulary(prop: Property) -> str:
    if prop.scheme:
        return f"; a QCFlag of {prop.scheme}"
    return f"; a {prop.term}" if prop.term else ""
