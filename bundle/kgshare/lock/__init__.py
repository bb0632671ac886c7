"""The lock: every input of a build by name, version and hash, and never by address."""
