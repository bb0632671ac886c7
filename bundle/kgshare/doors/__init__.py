"""One door each to the outside: `process` for subprocesses, `engine` for the Docker API, `bolt` for Neo4j."""
