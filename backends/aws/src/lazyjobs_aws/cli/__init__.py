"""The command `lazyjobs-aws`."""

from lazyjobs_aws.cli._main import main

__all__ = ["main"]
