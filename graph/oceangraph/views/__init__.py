"""What the ocean's panels ask the graph: each module is the endpoints of one view, as functions of the query function."""
