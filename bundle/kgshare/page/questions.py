"""The project's questions in the API: a list of them, a route for each, and the values that a parameter's query proposes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kgshare.page.ask import table
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter, Missing, Parameter
from kgshare.page.routes import Call, Route
from kgshare.page.values import plain
from kgshare.questions import MOST_ROWS, BadValue, Question, values_of

MOST_CHOICES = 500


def routes(questions: tuple[Question, ...], identity: Identity) -> tuple[Route, ...]:
    """The routes of a project's questions; the list is there where there are none."""
    named = {question.name: question for question in questions}

    async def listed(_: Call) -> dict[str, Any]:
        return {"questions": [_described(question) for question in questions]}

    async def choices(call: Call) -> dict[str, Any]:
        return {"choices": await _choices(named, call)}

    return (
        Route(path="questions", summary="The questions that the project states.", handler=listed),
        Route(
            path="question-choices",
            summary="Values that the graph proposes for a parameter of a question.",
            handler=choices,
            parameters=(
                Parameter(name="question", description="The question's name.", required=True),
                Parameter(name="parameter", description="The parameter's name.", required=True),
            ),
        ),
        *(
            Route(
                path=f"questions/{question.name}",
                summary=question.question,
                handler=_answering(question, identity),
                parameters=tuple(
                    Parameter(
                        name=p.name,
                        description=p.description or f"A value of type {p.type}.",
                        default=p.default,
                        choices=p.choices if not p.type.endswith("[]") else (),
                    )
                    for p in question.parameters
                ),
            )
            for question in questions
        ),
    )


def _described(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "question": question.question,
        "cypher": question.cypher,
        "parameters": [
            {
                "name": p.name,
                "type": p.type,
                "default": p.default,
                "description": p.description,
                "choices": list(p.choices),
                "proposed": bool(p.choices_cypher),
            }
            for p in question.parameters
        ],
    }


def _answering(question: Question, identity: Identity) -> Callable[[Call], Awaitable[dict[str, Any]]]:
    async def answer(call: Call) -> dict[str, Any]:
        try:
            values = values_of(question, call.single)
        except BadValue as error:
            raise BadParameter(str(error)) from None
        found = await call.ask(question.cypher, values, rows=MOST_ROWS)
        return {"question": question.name, **table(identity, found)}

    return answer


async def _choices(named: Mapping[str, Question], call: Call) -> list[Any]:
    question = named.get(call.single["question"])
    if question is None:
        raise Missing(f"there is no question {call.single['question']}")
    parameter = next((p for p in question.parameters if p.name == call.single["parameter"]), None)
    if parameter is None:
        raise Missing(f"{question.name} has no parameter {call.single['parameter']}")
    if not parameter.choices_cypher:
        return list(parameter.choices)
    found = await call.ask(parameter.choices_cypher, {}, rows=MOST_CHOICES)
    return [plain(row[0]) for row in found.rows if row and row[0] is not None]
