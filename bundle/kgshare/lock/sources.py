"""Apt's own list of sources, read so that another suite of the same mirrors can be asked; no address is ours."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Names a Debian suite goes by; what ends in -updates or -security is its companion.
SUITES = {"bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldoldstable", "oldstable", "stable", "testing",
          "unstable"}  # fmt: skip
COMPANIONS = ("", "-updates", "-security")
_ONE_LINE_OPTIONS = {"signed-by": "Signed-By", "trusted": "Trusted", "check-valid-until": "Check-Valid-Until"}
_KEPT = frozenset(_ONE_LINE_OPTIONS.values())


@dataclass(frozen=True, kw_only=True)
class Source:
    """One entry of a source list; ``options`` are the deb822 fields that say whom to trust."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()


def stanzas(text: str) -> Iterator[dict[str, str]]:
    """The stanzas of a Debian control file (deb822(5)); a field's continuation lines keep their line breaks."""
    fields: dict[str, str] = {}
    last = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t" and last:
            fields[last] += "\n" + line
        else:
            last, _, value = line.partition(":")
            fields[last] = value.strip()


def parse_deb822(text: str) -> Iterator[Source]:
    """Entries of a ``.sources`` file (sources.list(5)) that are on and name binary packages."""
    for row in stanzas(text):
        fields = {key.lower(): value for key, value in row.items()}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {
            "no",
            "false",
        }:
            continue
        yield Source(
            uris=tuple(fields.get("uris", "").split()),
            suites=tuple(fields.get("suites", "").split()),
            components=tuple(fields.get("components", "").split()),
            options=tuple((name, fields[name.lower()]) for name in sorted(_KEPT) if name.lower() in fields),
        )


def parse_one_line(text: str) -> Iterator[Source]:
    """Entries of a ``.list`` file: ``deb [options] uri suite component…``."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if len(words) < 4 or words[0] != "deb":
            continue
        options: list[tuple[str, str]] = []
        rest = words[1:]
        if rest[0].startswith("["):
            end = next((i for i, word in enumerate(rest) if word.endswith("]")), None)
            if end is None:
                continue
            pairs = (word.strip("[]").partition("=") for word in rest[: end + 1])
            options = [(_ONE_LINE_OPTIONS[k], v) for k, _, v in pairs if k in _ONE_LINE_OPTIONS]
            rest = rest[end + 1 :]
        if len(rest) >= 3:
            yield Source(
                uris=(rest[0],), suites=(rest[1],), components=tuple(rest[2:]), options=tuple(sorted(options))
            )


def for_suite(sources: Iterable[Source], suite: str) -> str:
    """A deb822 list of ``suite`` and its companions, from the mirrors that a machine uses for its own Debian suite.

    Entries of others (a vendor's, backports) are left out; of a machine's Debian entries those signed with Debian's
    own keyring are preferred, so that a vendor who also calls his suite ``bookworm main`` is not asked.
    Empty where the machine has no Debian source at all.
    """
    found = [source for source in sources if "main" in source.components and source.uris]
    debian = [source for source in found if _signed_by_debian(source)] or found
    wanted: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for source in debian:
        for name in source.suites:
            target = _counterpart(name, suite)
            uris = tuple(uri for uri in source.uris if (uri.rstrip("/"), target) not in seen)
            if target and uris:
                seen.update((uri.rstrip("/"), target) for uri in uris)
                wanted.setdefault((uris, source.options), []).append(target)
    return "\n".join(
        "Types: deb\n"
        f"URIs: {' '.join(uris)}\nSuites: {' '.join(suites)}\nComponents: main\n"
        + "".join(f"{name}: {value}\n" for name, value in options)
        for (uris, options), suites in wanted.items()
    )


def _signed_by_debian(source: Source) -> bool:
    keyring = dict(source.options).get("Signed-By", "")
    return not keyring or "debian-archive" in keyring or "debian" in keyring.rpartition("/")[2]


def _counterpart(name: str, suite: str) -> str:
    """``bookworm-security`` (or ``bookworm/updates``, as it once was) → ``trixie-security``; empty for what is not."""
    for companion in COMPANIONS:
        if name.removesuffix(companion) in SUITES and name.endswith(companion):
            return suite + companion
    return f"{suite}-security" if name.endswith("/updates") else ""
