"""What a wrong clock may do."""
