"""What a caller may do with the objects it gave and got."""
