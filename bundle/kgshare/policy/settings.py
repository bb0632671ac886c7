"""``policy.yaml``: thresholds of the checks, and waivers. Read strictly; docs/reference/policy.md comes from these classes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from kgshare.errors import ManifestError, Problem
from kgshare.project.model import ProjectPath, Strict
from kgshare.project.rules import Lines, line_of
from kgshare.project.yamlfile import load, problems_of
from kgshare.scan.exploited import read_catalogue

POLICY = "policy.yaml"
PAGE = "docs/reference/policy.md"

# Licences that do not let just anybody pass on, or run, what is under them (SPDX identifiers).
DENIED = ("BUSL-1.1", "Elastic-2.0", "SSPL-1.0")


def _key(field: str) -> str:
    return field.replace("_", "-")


class Part(Strict):
    """A mapping of ``policy.yaml``; its keys are spelt with hyphens."""

    model_config = ConfigDict(alias_generator=_key)


class AtMost(Part):
    """How many there may be."""

    at_most: int = Field(default=0, ge=0, description="how many may be left open")


class Exploited(Part):
    """What is known to be used in attacks."""

    catalogue: ProjectPath | None = Field(
        default=None,
        description="file beside this one: CISA's catalogue of known exploited vulnerabilities, in JSON; without it only what the "
        "scanner's database says counts",
    )


class Scanned(Part):
    """Whether there must be a scan."""

    required: bool = Field(
        default=False, description="whether it fails where nothing was scanned, or with too old a database"
    )


class Age(Part):
    """How old something may be."""

    days: int = Field(ge=0, description="how old it may be")


class Approved(Part):
    """Which bases may be used."""

    bases: tuple[str, ...] | None = Field(
        default=None, description="`debian`, or images' references, `*` for any part; any base when not given"
    )


class Licences(Part):
    """Which licences may not be in it."""

    denied: tuple[str, ...] = Field(default=DENIED, description="SPDX identifiers; `*` for any part")
    unknown: Literal["said", "failed"] = Field(
        default="said", description="whether a package without a known licence only is named, or fails"
    )


class Size(Part):
    """How large it may be."""

    megabytes: int = Field(default=2000, ge=1, description="compressed layers of all images, in 10⁶ bytes")


class Origin(Part):
    """What the seed must say of where it comes from."""

    clean_tree: bool = Field(
        default=False, description="whether it must be built from a committed Git revision"
    )


class Checks(Part):
    """Thresholds, by the name of the check; a check without a threshold cannot be named here."""

    fixable_critical: AtMost = AtMost()
    fixable_high: AtMost = AtMost()
    known_exploited: Exploited = Exploited()
    scanned: Scanned = Scanned()
    scan_age: Age = Age(days=30)
    bases_approved: Approved = Approved()
    base_age: Age = Age(days=365)
    licences: Licences = Licences()
    size: Size = Size()
    seed_provenance: Origin = Origin()


class Waiver(Part):
    """Something that fails and is accepted for a while."""

    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        description="a vulnerability, by any of its names; a package (purl) or path that a check names; or a whole check"
    )
    statement: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)] = Field(
        description="why it is accepted, for whoever reads it later"
    )
    expires: date = Field(description="the last day it holds")


class Settings(Part):
    """The whole of it."""

    policy: Literal[1] = Field(description="version of this format")
    checks: Checks = Checks()
    waivers: tuple[Waiver, ...] = ()

    def waived(self, today: date) -> frozenset[str]:
        """What is accepted on a day, as the waivers call it."""
        return frozenset(waiver.id for waiver in self.waivers if waiver.expires >= today)


DEFAULT = Settings(policy=1)


def read_settings(file: Path) -> Settings:
    """The settings of a file that must be there.

    Raises:
        ManifestError: it cannot be read, or with every mistake in it, by line.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        message = f"the policy cannot be read: {error.strerror}"
        raise ManifestError(Problem(message=message, where=str(file))) from None
    return parse_settings(text, file.name)


def settings_of(folder: Path | None, file: Path | None = None) -> Settings:
    """The settings that hold for a project's folder: of the file that is named, else of its own, else the default."""
    if file is not None:
        return read_settings(file)
    return read_settings(folder / POLICY) if folder and (folder / POLICY).is_file() else DEFAULT


def catalogue_of(folder: Path) -> frozenset[str] | None:
    """The exploited vulnerabilities in the catalogue that a project's policy names; None where it names none.

    Raises:
        ManifestError: the settings or the catalogue are not as they must be.
    """
    named = settings_of(folder).checks.known_exploited.catalogue
    return read_catalogue(folder / named) if named else None


def parse_settings(text: bytes, name: str) -> Settings:
    """What `read_settings` does, for the file's bytes."""
    data, lines = load(text, name)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ManifestError(*_problems(error, lines, name)) from None
    twice = [
        Problem(
            message=f"`{waiver.id}` is waived twice", where=f"{name}:{line_of(lines, ('waivers', index))}"
        )
        for index, waiver in enumerate(settings.waivers)
        if any(waiver.id == other.id for other in settings.waivers[:index])
    ]
    if twice:
        raise ManifestError(*twice)
    return settings


def _problems(error: ValidationError, lines: Lines, name: str) -> Iterator[Problem]:
    from kgshare.policy.checks import NAMES

    told = problems_of(error, lines, name, page=PAGE, whole="the policy")
    for row, problem in zip(error.errors(include_url=False), told, strict=True):
        at = row["loc"]
        if row["type"] != "extra_forbidden" or len(at) != 2 or at[0] != "checks":
            yield problem
        elif at[1] in NAMES:
            message = f"the check `{at[1]}` has nothing to set"
            hint = "accept what it says with a waiver: id, statement, expires"
            yield Problem(message=message, where=problem.where, hint=hint)
        else:
            near = difflib.get_close_matches(str(at[1]), NAMES, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"the checks are {', '.join(NAMES)}"
            yield Problem(message=f"unknown check `{at[1]}`", where=problem.where, hint=hint)
