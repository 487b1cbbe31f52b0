"""What becomes of a payload."""
