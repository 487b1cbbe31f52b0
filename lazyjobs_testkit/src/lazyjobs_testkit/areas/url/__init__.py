"""What a backend makes of the URL that opens it."""
