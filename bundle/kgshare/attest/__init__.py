"""Evidence: what is in a bundle (SBOM), how it came about (provenance), under which licences (docs/reference/evidence.md)."""
