"""Which record a claim takes, and what it makes of it."""
