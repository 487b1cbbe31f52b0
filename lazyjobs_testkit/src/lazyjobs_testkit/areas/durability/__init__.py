"""What outlives the process that wrote it."""
