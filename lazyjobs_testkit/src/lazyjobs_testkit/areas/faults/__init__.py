"""What a backend makes of a storage that fails."""
