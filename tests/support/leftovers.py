"""What a test leaves behind: processes, modules, a changed directory. It is taken away, and the test told of it."""

import os
import signal
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

MARK = "LAZYJOBS_TESTS_PROCESS"
"""The environment variable by which a program is known as started by this process, or by a child of it."""
_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
_SERVERS = (
    "lazyjobs_aws.emulator._serve",
    "lazyjobs_testkit.crash._forkserver",
    "from multiprocessing.",
    "/playwright/driver/",
    "/chrom",
)
"""Programs that serve every test of a process, and end with it."""
_GRACE = 5.0
"""In seconds: a program that was told to end may still be at it."""


class Leftovers:
    """Looks at what there is before a test, and at what is new after it."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._mark = f"{os.getpid()}-{uuid.uuid4().hex}"
        self._started = False
        # A run inside of this one, as tests start, leaves the mark to it.
        if os.environ.get(MARK, "").startswith(f"{os.getpid()}-"):
            self._mark = os.environ[MARK]
        os.environ[MARK] = self._mark
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _: object) -> None:
        if event in _STARTS:
            self._started = True

    def before(self) -> None:
        """Takes down what is there."""
        self._modules = set(sys.modules)
        self._directory = Path.cwd()
        self._umask = _read_umask()
        self._handlers = _read_handlers()

    def after(self) -> list[str]:
        """Takes away what is new, and names what of it a test has to take away itself."""
        self._forget_modules()
        left = self.end_processes(_GRACE)
        if not _is_here(self._directory):
            os.chdir(self._directory)
            left.append("another current directory")
        if (umask := os.umask(self._umask)) != self._umask:
            left.append(f"the umask {umask:o}")
        for number, handler in _read_handlers().items():
            if handler != self._handlers[number]:
                signal.signal(number, self._handlers[number])
                left.append(f"a handler of {number.name}: {handler}")
        return left

    def _forget_modules(self) -> None:
        """Tests write applications, several of the same name, and import them."""
        for name in set(sys.modules) - self._modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(self._temporary):
                del sys.modules[name]

    def end_processes(self, grace: float) -> list[str]:
        """Kills the programs that were started and have not ended by themselves in `grace` seconds; names them."""
        if not self._started:
            return []
        deadline = time.monotonic() + grace
        while (found := find_processes(self._mark)) and time.monotonic() < deadline:
            time.sleep(0.01)
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        self._started = False
        return [f"the process {pid}: {command}" for pid, command in found.items()]


def find_processes(mark: str) -> dict[int, str]:
    """The commands of the processes below this one, and of those with the mark, which may belong to nobody any more.

    Where there is no /proc none is found.
    """
    parents = dict(filter(None, map(_read_parent, Path("/proc").glob("[0-9]*"))))
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for pid in parents:
        if pid != os.getpid() and (_is_below(pid, parents) or wanted in _read(pid, "environ").split(b"\0")):
            command = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
            if command and not any(server in command for server in _SERVERS):
                found[pid] = command
    return found


def _read_parent(directory: Path) -> tuple[int, int] | None:
    """The process and its parent, unless it has ended and was only not waited for."""
    # The name of the program, in parentheses, may hold anything.
    state, _, rest = _read(int(directory.name), "stat").rpartition(b") ")[2].partition(b" ")
    return None if state in (b"", b"Z", b"X") else (int(directory.name), int(rest.split()[0]))


def _is_below(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return Path("/proc", str(pid), name).read_bytes()
    return b""


def _is_here(directory: Path) -> bool:
    try:
        return Path.cwd() == directory
    except FileNotFoundError:
        return False


def _read_umask() -> int:
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def _read_handlers() -> "dict[signal.Signals, signal._HANDLER]":
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
