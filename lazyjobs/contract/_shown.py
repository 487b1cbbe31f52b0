"""How values that carry a payload are shown."""

from typing import Any


class Shown:
    """Its repr has every field, and of the payload how long it is: what is in it belongs in no text."""

    __slots__ = ()
    __struct_fields__: tuple[str, ...]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__qualname__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        values = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, _Length(value) if name == "payload" else value) for name, value in values]


class _Length:
    def __init__(self, payload: Any) -> None:
        self._length = len(payload)

    def __repr__(self) -> str:
        return f"<{self._length} bytes>"
