"""Who looks at a worker, from a process of its own: a page that refreshes itself, and Prometheus.

`python -m benchmarks.operations._visitors URL PATH...` asks until its standard input is closed; it fails if a path was
never answered.
"""

import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from subprocess import PIPE, Popen
from threading import Event, Thread

REFRESH = 2.0
"""Seconds between two looks of the page."""
SCRAPE = 5.0
"""Seconds between two scrapes; Prometheus does so every 15 to 60 seconds."""
PAGE, METRICS = "/jobs", "/metrics"
_ASKED = {
    PAGE: ("application/vnd.lazyjobs.page+json", REFRESH),
    METRICS: ("application/openmetrics-text; version=1.0.0", SCRAPE),
}
TIMEOUT = 30


@contextmanager
def visited(url: str, paths: Sequence[str]) -> Iterator[None]:
    """Visitors come while the context lasts, one for each path; raises RuntimeError if one was not answered."""
    process = Popen([sys.executable, "-m", __name__, url, *paths], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # of readiness
    try:
        yield
    finally:
        _, errors = process.communicate(timeout=TIMEOUT)
    if process.returncode:
        raise RuntimeError(f"a visitor failed:\n{errors}")


def _visit(url: str, path: str, leave: Event, seen: dict[str, int]) -> None:
    accept, pause = _ASKED[path]
    due = time.monotonic()
    while not leave.wait(max(0.0, due - time.monotonic())):
        with urllib.request.urlopen(urllib.request.Request(url + path, headers={"Accept": accept})) as response:
            response.read()
        seen[path] = seen.get(path, 0) + 1
        due += pause


def main(url: str, *paths: str) -> None:
    """Visits until told to leave."""
    leave, seen = Event(), dict[str, int]()
    threads = [Thread(target=_visit, args=(url, path, leave, seen)) for path in paths]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    leave.set()
    for thread in threads:
        thread.join()
    if set(seen) != set(paths):
        raise SystemExit(f"only {sorted(seen)} were answered")


if __name__ == "__main__":
    main(*sys.argv[1:])
