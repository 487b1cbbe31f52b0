"""What close leaves behind."""
