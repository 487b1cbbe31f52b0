"""What a command line can get wrong."""


class UsageError(Exception):
    """A command line that cannot be followed; the message says which part, and how to write it."""
