"""What holds for any sequence of calls, as far as the examples do not show it already."""
