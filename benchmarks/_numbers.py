"""Numbers as the tables show them."""

import math


def show(number: float) -> str:
    """Three significant digits, without an exponent."""
    digits = 2 - math.floor(math.log10(number)) if number else 0
    return f"{number:,.{max(digits, 0)}f}"
