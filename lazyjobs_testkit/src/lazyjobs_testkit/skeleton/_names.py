"""The names of a new backend, all made of one."""

import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Self

from msgspec import Struct

from lazyjobs_testkit.harness import BACKEND_ENTRY_POINTS, ENTRY_POINTS

_PREFIX = "lazyjobs-"
_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 24
_OWN_WORDS = ("all", "new", "replay")
_OF_THE_PROJECT = ("aws", "memory", "sqlite", "testkit")


class NameRefusedError(Exception):
    """A backend cannot be called that, or cannot be begun there; the message says why and what would do."""


class Names(Struct, frozen=True):
    """What a backend of that name is called in each place; made by `choose`."""

    name: str
    """What the kit calls it, and the scheme of its URLs: `my-store`."""

    @classmethod
    def choose(cls, text: str) -> Self:
        """The names for `text`, with or without `lazyjobs-` before it; raises `NameRefusedError`.

        It is normalised as the names of distributions are (PEP 503): lower case, and a dash for each run of `-_.`.
        """
        name = _SEPARATORS.sub("-", text.lower()).removeprefix(_PREFIX)
        if not _NAME.fullmatch(name):
            raise NameRefusedError(
                f"a backend cannot be called {text!r}: its name becomes a URL's scheme and part of a Python module's "
                "name; write letters a-z, digits and single dashes, with a letter first, such as my-store"
            )
        if len(name) > _LONGEST:
            raise NameRefusedError(f"{name} has {len(name)} characters; take a name of at most {_LONGEST}")
        names = cls(name)
        names._refuse_taken()
        return names

    def _refuse_taken(self) -> None:
        if self.name in _OWN_WORDS:
            raise NameRefusedError(f"{self.name!r} means something else to lazyjobs-conformance; take another name")
        if self.name in _OF_THE_PROJECT:
            raise NameRefusedError(f"{self.distribution} is a distribution of lazyjobs itself; take another name")
        for group in (ENTRY_POINTS, BACKEND_ENTRY_POINTS):
            if self.name in entry_points(group=group).names:
                raise NameRefusedError(f"an installed backend is called {self.name!r} already; take another name")
        if find_spec(self.package) is not None:
            raise NameRefusedError(f"the package {self.package} is installed already; take another name")

    @property
    def distribution(self) -> str:
        """What is installed: `lazyjobs-my-store`."""
        return f"{_PREFIX}{self.name}"

    @property
    def package(self) -> str:
        """What is imported: `lazyjobs_my_store`."""
        return self.distribution.replace("-", "_")

    @property
    def stem(self) -> str:
        """What its classes' names begin with: `MyStore`."""
        return "".join(word.capitalize() for word in self.name.split("-"))
