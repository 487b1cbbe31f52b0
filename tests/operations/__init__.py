"""What an operator does, on every backend alike: nothing but the URL changes."""
