"""lazyjobs on SQLite beside the queues that people would pick instead, and beside what SQLite itself can do."""
