"""What complete, retry and discard make of a claimed record."""
