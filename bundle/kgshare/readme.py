"""The short README in every bundle, for whoever opens the file without kgshare."""

from __future__ import annotations

from collections.abc import Sequence

from kgshare.compose import APPLICATION, APPLICATION_IMAGE, DATABASE, DATABASE_IMAGE, PASSWORD_FILE, image_tag
from kgshare.lock.model import Arch
from kgshare.platforms import tag_suffix
from kgshare.project import Manifest


def bundle_readme(manifest: Manifest, archs: Sequence[Arch] = ()) -> str:
    """Its text, from the manifest and the architectures that the bundle is for, where these are several."""
    name, version = manifest.name, manifest.version
    others = "".join(_other(manifest, arch, archs) for arch in archs if tag_suffix(arch, archs))
    file = f"{name}-{version}.kgshare.tar"
    authors = ", ".join(a.name + (f" <{a.email}>" if a.email else "") for a in manifest.authors)
    return f"""\
# {name} {version}

{manifest.description}

By {authors}. Licence: {manifest.licence}.

This file is a kgshare bundle: a Neo4j database with its data, and the application on top of it, as container images.

## With kgshare

    kgshare up {file}

verifies every byte of the file and who signed it, starts it, and opens the page. Nothing but your machine reaches it, and it reaches
nothing.

## Without kgshare

Nothing is verified then.

    docker load -i {file}
    tar -xf {file} compose.yaml
    docker compose up --wait
{others}
Open http://127.0.0.1:{manifest.application.port}{manifest.open} . The database makes a random password for its user
`neo4j` at the first start; this prints it:

    docker compose cp database:{PASSWORD_FILE} - | tar -xO

`docker compose down` stops it, `docker compose down --volumes` also forgets what you changed.

## What is inside

`index.json` leads to everything: the images, the manifest `kgshare.yaml`, the lock `kgshare.lock` (every package by
name, version and hash), `compose.yaml`, this text, `seed.json` (counts), and `graph.tar.zst`, the whole graph as sorted text.
"""


def _other(manifest: Manifest, arch: Arch, archs: Sequence[Arch]) -> str:
    """What is to be said before `docker compose up` on a machine that is not of the first platform."""
    images = ((DATABASE_IMAGE, DATABASE), (APPLICATION_IMAGE, APPLICATION))
    lines = (
        f"    export {variable}={image_tag(manifest.name, role, manifest.version)}{tag_suffix(arch, archs)}\n"
        for variable, role in images
    )
    return f"\nOn a machine with an {arch} processor say before that:\n\n{''.join(lines)}"
