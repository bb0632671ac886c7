"""Images: the database with its store inside, and the application; layers made on the host, equal bytes each time."""
