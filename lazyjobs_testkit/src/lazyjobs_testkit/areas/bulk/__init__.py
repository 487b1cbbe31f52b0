"""What the methods promise that do several things in one step, where they are offered."""
