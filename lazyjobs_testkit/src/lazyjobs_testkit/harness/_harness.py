"""How the kit gets at a backend."""

import inspect
import os
import sys
from abc import ABC, abstractmethod
from importlib.machinery import PathFinder
from typing import ClassVar

from lazyjobs import Backend
from lazyjobs_testkit.harness._traits import Traits


class HarnessError(Exception):
    """A harness cannot be found, loaded or used; the message says which, why, and what to do."""


class Harness(ABC):
    """Opens namespaces of a backend and does away with them; all that the kit needs to know of it.

    Written by the backend's author and made without arguments. Child processes make their own, by importing the class,
    so it stands at the top of a module. What the kit may try beyond that is offered by further methods: see
    `SupportsFaults` and the protocols beside it.
    """

    traits: ClassVar[Traits] = Traits()
    name: ClassVar[str] = ""
    """What reports call the backend; the class's name without `Harness`, in lower case, unless given."""
    one_store: ClassVar[bool] = False
    """Whether all namespaces are one store, emptied between the tests; true only for a URL without `{namespace}`."""

    notes: ClassVar[tuple[str, ...]] = ()
    """What the reader of a report has to know of how the backend was tried."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.removesuffix("Harness").lower() or cls.__name__

    @abstractmethod
    def open(self, namespace: str) -> Backend:
        """A new handle on a namespace, created if it does not exist; the kit closes it if it can be closed.

        A namespace is 4 to 40 characters of `a-z 0-9 _`, beginning with a letter, and unique to the run. Where the
        trait `single_instance` is declared, a namespace is opened only once.
        """

    @abstractmethod
    def destroy(self, namespace: str) -> None:
        """Removes everything of a namespace, behind the backend's back; if nothing of it is there, that is no error."""

    @classmethod
    def reference(cls) -> str:
        """What `load_harness` finds this class by, in a child process too if it has `child_environment()`.

        Raises `HarnessError` for a class that no import can reach.
        """
        if "<locals>" in cls.__qualname__:
            raise HarnessError(f"{cls.__qualname__} is local to a function; a child process cannot import it; move it")
        file = inspect.getfile(cls)
        home = cls.__module__ if _find_file(cls.__module__) == file else file
        return f"{home}:{cls.__qualname__}"

    @classmethod
    def conceal(cls, text: str) -> str:
        """`text` without what no report may tell; overridden by a harness that connects with a password of its own."""
        return text


def _find_file(module: str) -> str | None:
    """The file that a fresh process would import as `module`: what this one has imported is not asked."""
    found, path = None, None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        found = PathFinder.find_spec(".".join(parts[:end]), path)
        if found is None:
            return None
        path = found.submodule_search_locations
    return found.origin if found else None


def child_environment() -> dict[str, str]:
    """The environment in which a child process imports what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
