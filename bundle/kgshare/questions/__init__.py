"""Questions to a graph: what the manifest states, with parameters that are filled in, asked of the graph, shown as a table.

Pure. `model` and `values` need the standard library only, as the page carries them into an image of its own; `expected`
compares answers for the seed stage and for reviews; `ask` asks over a connection that somebody else opened.
"""

from kgshare.questions.model import MOST_ROWS, SECONDS, Answer, Parameter, Question, from_data, to_data
from kgshare.questions.values import BadValue, Value, convert, values_of

__all__ = [
    "MOST_ROWS",
    "SECONDS",
    "Answer",
    "BadValue",
    "Parameter",
    "Question",
    "Value",
    "convert",
    "from_data",
    "to_data",
    "values_of",
]
