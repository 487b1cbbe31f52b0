"""How the kit gets at a backend."""

from abc import ABC, abstractmethod
from typing import ClassVar

from lazyjobs import Backend
from lazyjobs_testkit.harness._traits import Traits


class Harness(ABC):
    """Opens namespaces of a backend and does away with them; all that the kit needs to know of it.

    Written by the backend's author and made without arguments. Child processes make their own, by importing the class,
    so it stands at the top of a module. What the kit may try beyond that is offered by further methods: see
    `SupportsFaults` and the protocols beside it.
    """

    traits: ClassVar[Traits] = Traits()
    name: ClassVar[str] = ""
    """What reports call the backend; the class's name without `Harness`, in lower case, unless given."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.removesuffix("Harness").lower() or cls.__name__

    @abstractmethod
    def open(self, namespace: str) -> Backend:
        """A new handle on a namespace, created if it does not exist; the kit closes it if it can be closed.

        A namespace is 4 to 40 characters of `a-z 0-9 _`, beginning with a letter, and unique to the run.
        """

    @abstractmethod
    def destroy(self, namespace: str) -> None:
        """Removes everything of a namespace, behind the backend's back; nothing is there to remove is no error."""
