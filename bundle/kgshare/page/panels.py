"""How a project's own views plug into the page.

The manifest names a module (``application.panels``); its attribute ``PANELS`` is a tuple of `Panel`. Each panel brings
a folder of static files, an ES module in it, and endpoints below ``/api/v1/panels/NAME``.

What the module exports and what it is handed is in docs/reference/page.md: ``mount(element, page)`` and perhaps
``describe(record, page, neighbours)``. Text from the graph goes into elements as text (``textContent``), never as HTML.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from kgshare.page.assets import Asset
from kgshare.page.graphdb import Query
from kgshare.page.settings import SettingsError

Handler = Callable[[Query, Mapping[str, str]], Awaitable[dict[str, Any]]]


class BadParameter(Exception):
    """A parameter of the address is missing or not as it must be; the message names it."""


class Missing(Exception):
    """What the address names does not exist; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A query parameter, for validation and for the OpenAPI document.

    Attributes:
        name: as it stands in the address.
        description: what it means, in one sentence.
        required: a request without it is refused.
        default: what is taken where it is missing.
        minimum: smallest value; a parameter with bounds is an integer.
        maximum: largest value.
        choices: the only values, where they are few.
        many: may be given more than once.
    """

    name: str
    description: str
    required: bool = False
    default: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A reading route of a panel: ``/api/v1/panels/PANEL/PATH``.

    Attributes:
        path: without a slash in front.
        summary: one sentence for the OpenAPI document.
        handler: gets the query function and the validated parameters, returns what becomes JSON; raises BadParameter
            or Missing.
        parameters: those that it takes; others are refused.
        kept: the answer follows from the graph and the parameters alone (no clock, no chance, no file that changes); then it
            is computed once, and kept until something is committed to the graph.
        first: the view asks it as soon as it opens, with the parameters of the page's address, in the order in which they are
            declared here and with their defaults; so it is made ready before the page says that it is.
    """

    path: str
    summary: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    kept: bool = False
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A view of the project.

    Attributes:
        name: stands in addresses; lower case.
        title: the heading above it.
        static: folder whose files are served; panels of one folder share its address, and so their modules.
        module: the ES module in it.
        style: a style sheet in it, or empty.
        view: the tab in which it stands; panels of one view are shown together.
        view_title: the tab's heading.
        width: ``full`` or ``half`` of the view.
        endpoints: its routes.
        assets: npm packages that it loads.
    """

    name: str
    title: str
    static: Path
    module: str
    style: str = ""
    view: str
    view_title: str
    width: str = "full"
    endpoints: tuple[Endpoint, ...] = ()
    assets: tuple[Asset, ...] = ()


Consequences = Callable[[Query, str, tuple[str, ...], str | None], Awaitable[Sequence[Mapping[str, Any]]]]
"""What is derived from a record: called with the query function, its label and key, and the property that would change
(None: any). Returns ``{label, key, title, says}``, a row for each derived fact; ``says`` is what it is, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a project tells the page beside its panels.

    Attributes:
        consequences: which derived facts rest on a record; None where the project has no answer of its own.
        next: command that adds to a proposal what follows from it, with ``FILE`` for the proposal; or empty.
        opens: the records (label, key) that a view selects by itself at an address, given its parameters; made ready like
            what is ``first``.
    """

    consequences: Consequences | None = None
    next: str = ""
    opens: Callable[[Mapping[str, str]], Sequence[tuple[str, tuple[str, ...]]]] | None = None


def hooks(module: str) -> Hooks:
    """The attribute ``HOOKS`` of the module of the panels; none where there is none.

    Raises:
        SettingsError: there is no such module, or its ``HOOKS`` are something else.
    """
    found = getattr(_module(module), "HOOKS", Hooks()) if module else Hooks()
    if not isinstance(found, Hooks):
        raise SettingsError(f"--panels {module}: HOOKS must be kgshare.page.panels.Hooks")
    return found


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingsError(f"--panels {name}: {error}") from error


def load(module: str) -> tuple[Panel, ...]:
    """The panels of a module; an empty name means none.

    Raises:
        SettingsError: there is no such module, or it has no tuple of panels called PANELS.
    """
    if not module:
        return ()
    found = getattr(_module(module), "PANELS", None)
    if not isinstance(found, tuple) or not all(isinstance(p, Panel) for p in found):
        raise SettingsError(f"--panels {module}: PANELS must be a tuple of kgshare.page.panels.Panel")
    names = [p.name for p in found]
    if len(set(names)) != len(names):
        raise SettingsError(f"--panels {module}: two panels have one name")
    return found
