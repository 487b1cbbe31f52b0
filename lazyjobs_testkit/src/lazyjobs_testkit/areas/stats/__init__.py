"""What stats counts."""
