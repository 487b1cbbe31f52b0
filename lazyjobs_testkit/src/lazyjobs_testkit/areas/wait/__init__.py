"""What wait promises, where it is offered."""
