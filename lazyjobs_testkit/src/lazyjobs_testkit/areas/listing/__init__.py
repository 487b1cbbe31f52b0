"""What list shows, in which order, and how much of it."""
