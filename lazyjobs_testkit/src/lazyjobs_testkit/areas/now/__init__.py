"""What now promises, where it is offered."""
