"""One door each to the outside: `process` for subprocesses, `engine` for the Docker API, `bolt` and `wire` for Neo4j."""
