"""What prune promises, where it is offered."""
