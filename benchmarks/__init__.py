"""lazyjobs on memory beside its in-process peers and beside the least that such a queue can do."""
