"""What extend promises, where it is offered."""
