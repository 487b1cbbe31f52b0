"""What an older and a newer version of the backend left behind."""
