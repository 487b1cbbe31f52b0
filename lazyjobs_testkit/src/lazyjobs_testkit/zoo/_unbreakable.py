"""The rules that no backend of the zoo can break."""

from collections.abc import Mapping

UNBREAKABLE: Mapping[str, str] = {}
"""By the rule's id, why there is none."""
