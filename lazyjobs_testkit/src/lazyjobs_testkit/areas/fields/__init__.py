"""What a record tells of its claims: who holds it, from whom it was taken, what was abandoned, what does not count."""
