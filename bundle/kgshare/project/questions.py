"""The manifest's questions: from the list or the file that it names to `kgshare.questions.Question`, strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kgshare.errors import ManifestError, Problem
from kgshare.project import rules
from kgshare.project.model import Question
from kgshare.project.yamlfile import load, problems_of
from kgshare.questions import model
from kgshare.questions.values import BadValue, convert

FILE: TypeAdapter[tuple[Question, ...]] = TypeAdapter(tuple[Question, ...])
# What is no code: strings, names in backticks, comments.
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:``|[^`])*`|//[^\n]*|/\*.*?\*/", re.DOTALL)
_REACHES_OUT = re.compile(
    r"\bLOAD\s+CSV\b|\bapoc\s*\.\s*(?:load|export|import|cypher\s*\.\s*run(?:Schema)?Files?)\b", re.IGNORECASE
)


def questions_schema() -> str:
    """The JSON Schema of a file of questions, from the same definition that validates it."""
    return json.dumps(FILE.json_schema(), indent=2) + "\n"


def read_questions(
    stated: str | tuple[Question, ...], lines: rules.Lines, file: Path
) -> tuple[model.Question, ...]:
    """The questions that a manifest states.

    Args:
        stated: what stands at ``questions``.
        lines: the manifest's lines.
        file: the manifest.

    Raises:
        ManifestError: every mistake, by the file it is in and the line.
    """
    if not isinstance(stated, str):
        return _checked(stated, lines, file.name, ("questions",))
    target = file.parent / stated
    if not target.is_file():
        if target.exists():
            where = f"{file.name}:{rules.line_of(lines, ('questions',))}"
            raise ManifestError(
                Problem(message=f"{stated} is a folder, not a file of questions", where=where)
            )
        return ()  # said by those who look for every file that the manifest names
    return read_file(target, stated)


def read_file(path: Path, name: str) -> tuple[model.Question, ...]:
    """The questions of a file.

    Args:
        path: the file.
        name: what messages call it.

    Raises:
        ManifestError: it cannot be read, or every mistake in it by line.
    """
    try:
        data, lines = load(path.read_bytes(), name)
    except OSError as error:
        raise ManifestError(Problem(message=f"cannot be read: {error.strerror}", where=name)) from None
    try:
        stated = FILE.validate_python(data if data is not None else [])
    except ValidationError as error:
        raise ManifestError(*problems_of(error, lines, name)) from None
    return _checked(stated, lines, name, ())


def _checked(
    stated: Sequence[Question], lines: rules.Lines, name: str, at: rules.Place
) -> tuple[model.Question, ...]:
    questions = tuple(_question(row) for row in stated)
    seen: set[str] = set()
    problems: list[Problem] = []
    for index, question in enumerate(questions):
        here = (*at, index)
        if question.name in seen:
            place = f"{name}:{rules.line_of(lines, (*here, 'name'))}"
            problems.append(Problem(message=f"two questions are named {question.name}", where=place))
        seen.add(question.name)
        for key, message, hint in _wrong(question):
            place = f"{name}:{rules.line_of(lines, (*here, *key))}"
            problems.append(Problem(message=f"question {question.name}: {message}", where=place, hint=hint))
    if problems:
        raise ManifestError(*problems)
    return questions


def _question(row: Question) -> model.Question:
    parameters = tuple(
        model.Parameter(
            name=name,
            type=p.type,
            default=p.default,
            description=p.description,
            choices=() if isinstance(p.choices, str) else p.choices,
            choices_cypher=p.choices if isinstance(p.choices, str) else "",
        )
        for name, p in row.parameters.items()
    )
    expect = None if row.expect is None else tuple(_plain(wanted) for wanted in row.expect)
    return model.Question(
        name=row.name, question=row.question, cypher=row.cypher, parameters=parameters, expect=expect
    )


def _wrong(question: model.Question) -> Iterator[tuple[rules.Place, str, str]]:
    """What is wrong beyond the types of its keys: the key, a sentence, what to do."""
    code = _QUOTED.sub(" ", question.cypher)
    used = set(re.findall(r"\$(\w+)", code))
    declared = {parameter.name for parameter in question.parameters}
    for name in sorted(used - declared):
        yield ("cypher",), f"${name} is not declared", f"declare it: parameters: {{{name}: {{default: …}}}}"
    for name in sorted(declared - used):
        yield ("parameters", name), f"the query does not use ${name}", "take it out, or use it"
    for parameter in question.parameters:
        at: rules.Place = ("parameters", parameter.name)
        try:
            convert(parameter, parameter.default)
        except BadValue as error:
            yield (*at, "default"), f"the default of {error}", ""
    queries: list[tuple[rules.Place, str]] = [(("cypher",), question.cypher)]
    queries += [(("parameters", p.name, "choices"), p.choices_cypher) for p in question.parameters]
    for at, query in queries:
        if hit := _REACHES_OUT.search(_QUOTED.sub(" ", query)):
            message = f"a question reads the graph, not files or addresses: {hit[0]}"
            yield at, message, "load the data in a seed step"


def _plain(expected: Any) -> Any:
    """An expected value as JSON can hold it: YAML's own dates become their ISO text."""
    if isinstance(expected, dict):
        return {str(key): _plain(value) for key, value in expected.items()}
    if isinstance(expected, list | tuple):
        return [_plain(value) for value in expected]
    return expected.isoformat() if hasattr(expected, "isoformat") else expected
