"""``kgshare ci plan``: the pipeline as a list, as JSON or as a drawing in Mermaid; nothing is run, fetched or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from kgshare.build import prepared
from kgshare.ci.pipeline import COMMENT, against_of, make_pipeline, until
from kgshare.ci.run import Asked, author_for, require_places, wishes_of
from kgshare.places import cache_dir
from kgshare.progress import Progress
from kgshare.steps import Cause, Plan, StepStore, outlook
from kgshare.trust import keys

NEW_KEY = "a key that is made then"


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One step of a pipeline.

    Attributes:
        name: what it does.
        needs: the steps whose outputs it reads.
        inputs: what else goes in, each with its digest.
        outputs: the files that come out, each with its digest where it is there already.
        runs: ``no``, ``yes``, or ``maybe`` where that depends on what a step before it makes.
        reason: why it would run, in words.
        causes: the inputs that changed, and which of the project's files that is.
    """

    name: str
    needs: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    runs: str
    reason: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, kw_only=True)
class PipelineReport:
    """The steps of a pipeline, in an order in which they can be done."""

    schema: ClassVar[str] = "ci-plan"
    steps: tuple[PlannedStep, ...]
    drawn: bool = field(default=False, repr=False)

    def text(self) -> str:
        """One line a step, or the drawing."""
        if self.drawn:
            return "\n".join(_drawing(self.steps))
        width = max(18, *(len(s.name) for s in self.steps))
        return "\n".join(f"{s.name:<{width}} {s.reason or 'unchanged'}" for s in self.steps)


def plan(folder: Path, asked: Asked, *, drawn: bool = False, progress: Progress) -> PipelineReport:
    """Which steps `run` would run, and why.

    Raises:
        ManifestError, LockError, SecretError, TrustError, UsageError: what a run would begin with.
    """
    require_places(asked)
    made = prepared(folder, locked=True, progress=progress)
    against = against_of(made.project.root, asked.against, asked.environment)
    known = asked.signing.off or asked.signing.key or keys.default_name()
    author = author_for(asked) if known else None  # a run makes a key where there is none
    wishes = wishes_of(made, asked, author, against, otherwise="" if known else NEW_KEY)
    return described(until(make_pipeline(made, wishes), asked.to or COMMENT), drawn)


def described(pipeline: Plan, drawn: bool = False) -> PipelineReport:
    """A pipeline with what would become of each of its steps."""
    seen = outlook(pipeline, StepStore(root=cache_dir() / "steps"))
    steps = []
    for step in pipeline.steps:
        one = seen[step.name]
        made = one.done.outputs if one.done else dict.fromkeys(step.outputs, "")
        steps.append(
            PlannedStep(
                name=step.name, needs=step.needs, inputs=dict(step.inputs), outputs=dict(made),
                runs="no" if one.done else "maybe" if one.waits else "yes", reason=one.reason, causes=one.causes,
            )
        )  # fmt: skip
    return PipelineReport(steps=tuple(steps), drawn=drawn)


def _drawing(steps: tuple[PlannedStep, ...]) -> Iterator[str]:
    """Mermaid's flowchart; https://mermaid.js.org/syntax/flowchart.html."""
    yield "flowchart LR"
    at = {step.name: f"s{number}" for number, step in enumerate(steps)}
    for step in steps:
        why = f"<br/><small>{_quoted(step.reason)}</small>" if step.reason else ""
        yield f'  {at[step.name]}["{_quoted(step.name)}{why}"]:::{step.runs}'
    for step in steps:
        for need in step.needs:
            yield f"  {at[need]} --> {at[step.name]}"
    yield "  classDef no fill:#eee,stroke:#999,color:#555"
    yield "  classDef yes fill:#ffe8cc,stroke:#d9480f,color:#000"
    yield "  classDef maybe fill:#fff9db,stroke:#e67700,color:#000,stroke-dasharray:4"


def _quoted(text: str) -> str:
    """A text inside a node: Mermaid writes what it would read otherwise by number."""
    return "".join(c if c.isalnum() or c in " .,:;/()-_'" else f"#{ord(c)};" for c in text)
