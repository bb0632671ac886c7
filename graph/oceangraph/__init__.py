"""oceangraph: an oceanographic knowledge graph, the first project that kgshare shares."""
