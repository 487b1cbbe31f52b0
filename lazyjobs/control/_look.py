"""One look at a backend, in each of the forms in which it is shown."""

from datetime import timedelta
from threading import Lock

import msgspec

from lazyjobs.control._http import JSON, TREE
from lazyjobs.control._page import render_page
from lazyjobs.control._view import View, name_view, render_view


class Look:
    """What was seen at one moment; each form of it is made at most once. Safe in any thread."""

    def __init__(self, view: View, refresh: timedelta, seconds: float) -> None:
        self.seconds = seconds
        """How long the look took."""
        self._view = view
        self._refresh = refresh
        self._made: dict[str, bytes] = {}
        self._lock = Lock()

    def render(self, type: str) -> bytes:
        """The body of an answer of that content type."""
        with self._lock:
            if type not in self._made:
                self._made[type] = self._make(type)
            return self._made[type]

    def _make(self, type: str) -> bytes:
        if type == JSON:
            return msgspec.json.encode(self._view.snapshot)
        title, content = name_view(self._view), render_view(self._view)
        if type == TREE:
            return msgspec.json.encode({"title": title, "content": content})
        return render_page(title, content, self._refresh).encode()
