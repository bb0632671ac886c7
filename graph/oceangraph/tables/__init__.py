"""From upstream files to the tidy tables in ``data/``: what ``oceangraph tables`` does.

Stages: read (upstream.py), derive (argo.py, cruise.py, vocabularies.py, areas.py), write (build.py). What is wrong
upstream becomes a finding by file, line and rule (findings.py); nothing is repaired silently.
"""
