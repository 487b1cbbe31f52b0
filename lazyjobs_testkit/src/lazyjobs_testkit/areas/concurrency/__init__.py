"""What holds when many threads and processes use a backend at once."""
