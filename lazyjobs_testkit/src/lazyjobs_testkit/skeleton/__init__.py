"""The beginnings of a backend: a distribution whose seven methods are still to be written."""

from lazyjobs_testkit.skeleton._names import NameRefusedError, Names
from lazyjobs_testkit.skeleton._write import render_skeleton, write_skeleton

__all__ = ["NameRefusedError", "Names", "render_skeleton", "write_skeleton"]
