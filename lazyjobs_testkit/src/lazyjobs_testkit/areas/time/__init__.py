"""What times look like and which clock they come from."""
