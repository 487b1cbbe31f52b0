"""Which errors leave a backend."""
