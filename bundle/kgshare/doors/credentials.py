"""The door to Docker's credentials: what `docker login` has stored, in config.json or behind a credential helper.

Reading them is left to Docker's own Python library, so DOCKER_CONFIG, ``credsStore`` and ``credHelpers`` hold as they do
for the command line.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from docker.auth import INDEX_NAME, INDEX_URL, load_config  # noqa: TID251 - this is the door
from docker.errors import DockerException  # noqa: TID251

from kgshare.errors import RegistryError

DOCKERS = str(INDEX_NAME)  # what Docker's own registry is called in references


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who somebody is to a registry: a name and a password, or a token that is exchanged for others."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


def docker_answers_at() -> str:
    """The host at which Docker's own registry answers."""
    return urlsplit(INDEX_URL).netloc


def docker_folder() -> Path:
    """Where Docker's command line keeps its configuration."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def credentials_for(host: str) -> Credentials | None:
    """What is stored for a registry, ``HOST[:PORT]``; None where nothing is.

    Raises:
        RegistryError: the configuration is broken, or its helper is missing or fails.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing helper is told once, below
            found = load_config().resolve_authconfig(host) or {}
    except (DockerException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegistryError(
            f"Docker's credentials for {host} cannot be read: {error}",
            hint=f"see {docker_folder() / 'config.json'}, or `docker login {host}`",
        ) from None
    said = {str(key).lower(): str(value) for key, value in found.items() if value}
    made = Credentials(
        user=said.get("username", ""),
        password=said.get("password", ""),
        identity_token=said.get("identitytoken", ""),
    )
    return made if made.identity_token or made.user else None
