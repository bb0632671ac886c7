"""The manifest of the smallest project: one script that makes one node."""

MANIFEST = """\
kgshare: 1
name: tiny
version: 1.0.0
description: one node
licence: CC0-1.0
authors: [{name: A}]
identity: {nodes: {Thing: [id]}}
seed: [{cypher: {scripts: [a.cypher]}}]
"""
