"""The short README in every bundle, for whoever opens the file without kgshare."""

from __future__ import annotations

from kgshare.compose import PASSWORD_FILE
from kgshare.project import Manifest


def bundle_readme(manifest: Manifest) -> str:
    """Its text, from the manifest alone."""
    name, version = manifest.name, manifest.version
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

Open http://127.0.0.1:{manifest.application.port}{manifest.open} . The database makes a random password for its user
`neo4j` at the first start; this prints it:

    docker compose cp database:{PASSWORD_FILE} - | tar -xO

`docker compose down` stops it, `docker compose down --volumes` also forgets what you changed.

## What is inside

`index.json` leads to everything: the images, the manifest `kgshare.yaml`, the lock `kgshare.lock` (every package by
name, version and hash), `compose.yaml`, this text, `seed.json` (counts), and `graph.tar.zst`, the whole graph as sorted text.
"""
