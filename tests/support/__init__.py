"""What the tests of the core share."""
