"""The connections of the server: how many there are, and how long each may take."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from contextlib import suppress
from http import HTTPStatus
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote

from lazyjobs.control._http import text
from lazyjobs.control._wire import (
    HEAD_END,
    RefusedRequestError,
    check_unfinished,
    parse_head,
    write_head,
)

if TYPE_CHECKING:
    from typing import NoReturn

    from lazyjobs.control._http import Answer, Request
    from lazyjobs.control._plane import ControlPlane

logger = logging.getLogger("lazyjobs")

MOST_CONNECTIONS = 32
MOST_ANSWERS = 8
"""How many requests are answered at once; each takes a thread."""
SENDING_TIME = 10.0
"""Within how many seconds a request must be there, whole."""
READING_TIME = 30.0
"""Within how many seconds its answer must have been taken."""
QUEUEING_TIME = 10.0
"""For how many seconds a request waits for a thread."""
_CLOSING_TIME = 1.0
_BURST = 64
_PACE = 0.01
"""For how many seconds each new connection waits after a `_BURST` of them, so that a flood costs little."""
_PIECE = 0.01
"""The same for each piece of a request after the first."""
_PAUSE = 1.0
_WARNING_EVERY = 60.0
_CHUNK = 65_536
_LONGEST_LOGGED = 200
_SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Connections:
    """Accepts connections, and answers one request on each.

    There are never more than `MOST_CONNECTIONS`, and one that is being accepted. When all are taken, the next closes
    that of those whose clients have been waited for the longest. Where the process has no descriptor left, nothing is
    accepted for a second, and those who have sent no request yet are closed, since jobs need descriptors, too. After a
    burst, a hundred are accepted a second, as jobs need the processor, too.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._open: dict[asyncio.Task[None], _Connection] = {}
        self._threads = asyncio.Semaphore(MOST_ANSWERS)
        self._pace = _Pace(_PACE, _BURST)
        self._warned_at = float("-inf")

    def let_go(self) -> None:
        """Closes the descriptors that the child of a fork got, and leaves the connections to its parent."""
        for connection in self._open.values():
            connection.let_go()

    async def accept(self, listener: socket.socket) -> NoReturn:
        """Runs until it is cancelled, and then closes what is open."""
        try:
            while True:
                await _wait_for(listener)
                await self._pace.wait()
                try:
                    accepted, _ = listener.accept()
                except BlockingIOError:  # the client has gone again
                    continue
                except OSError as error:
                    await self._pause(error)
                else:
                    await self._take(accepted)
        finally:
            await _end(*self._open)

    async def _take(self, accepted: socket.socket) -> None:
        try:
            accepted.setblocking(False)
            while len(self._open) >= MOST_CONNECTIONS:
                await self._make_room()
        except BaseException:
            accepted.close()
            raise
        connection = _Connection(accepted, self._plane, self._threads)
        task = asyncio.create_task(connection.converse())
        self._open[task] = connection
        task.add_done_callback(self._close)

    def _close(self, task: asyncio.Task[None]) -> None:
        # Not in the task, which may be cancelled before it begins.
        self._open.pop(task).close()

    async def _make_room(self) -> None:
        waiting = [task for task, connection in self._open.items() if connection.waits_for_client]
        if waiting:
            await _end(min(waiting, key=lambda task: self._open[task].rank))
        else:
            await asyncio.wait(self._open, return_when=asyncio.FIRST_COMPLETED)

    async def _pause(self, error: OSError) -> None:
        if error.errno not in _SCARCE:
            # The client was gone before it was accepted, or a firewall was in the way: the next may be well.
            logger.debug("control plane: a connection was not accepted: %s", error)
            await asyncio.sleep(_PACE)
            return
        silent = [task for task, connection in self._open.items() if connection.waits_for_client]
        await _end(*silent)
        if monotonic() - self._warned_at >= _WARNING_EVERY:
            self._warned_at = monotonic()
            logger.warning(
                "the control plane accepts nothing for %g s: %s; it closed the connections without a request (%d); if "
                "this goes on, find out what holds so many files, or raise the limit (ulimit -n)",
                _PAUSE,
                error,
                len(silent),
            )
        await asyncio.sleep(_PAUSE)


class _Pace:
    """Lets a burst pass at once, and then one in so many seconds."""

    def __init__(self, seconds: float, burst: int = 1) -> None:
        self._seconds = seconds
        self._saved = seconds * burst
        self._next = float("-inf")

    async def wait(self) -> None:
        """Returns when the next one may pass."""
        now = monotonic()
        self._next = max(self._next, now - self._saved) + self._seconds
        if self._next > now:
            await asyncio.sleep(self._next - now)


async def _wait_for(listener: socket.socket) -> None:
    """Returns when somebody may be accepted."""
    # And not accepted here, as `sock_accept` would: if its task is cancelled just then, it loses the connection.
    loop, somebody = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener, somebody.set)
    try:
        await somebody.wait()
    finally:
        loop.remove_reader(listener)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Connection:
    """One accepted connection."""

    def __init__(self, accepted: socket.socket, plane: ControlPlane, threads: asyncio.Semaphore) -> None:
        self._socket = accepted
        with suppress(OSError):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._plane = plane
        self._threads = threads
        self._pace = _Pace(_PIECE)
        self.waits_for_client = True
        self.rank = (0, monotonic())
        """The smallest is closed first where there is no room: those that send before those that read."""

    async def converse(self) -> None:
        """Reads a request and answers it; raises nothing but what cancels it."""
        try:
            await self._converse()
        except (OSError, EOFError, TimeoutError) as error:
            logger.debug("control plane: a connection ended early: %s", type(error).__name__)
        except Exception:
            logger.exception("control plane: a connection failed")

    def close(self) -> None:
        """Ends the connection."""
        with suppress(OSError):
            # A process that a job forked has the descriptor, too; closing would not end the connection then.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def let_go(self) -> None:
        """Closes the descriptor and not the connection, which another process has."""
        self._socket.close()

    async def _converse(self) -> None:
        try:
            async with asyncio.timeout(SENDING_TIME):
                request = await self._read()
        except RefusedRequestError as error:
            logger.debug("control plane: a request was refused with %d: %s", error.status, error)
            await self._send(text(error.status, str(error)), with_body=True)
            await self._linger()
            return
        self.waits_for_client = False
        answer = self._plane.refuse(request) or await self._answer(request)
        # Without the query, which may hold what is nobody's business, and quoted, so that it stays one line of ASCII.
        path = quote(request.path)[:_LONGEST_LOGGED]
        logger.debug('control plane: "%s %s %s" %d', request.method, path, request.version, answer.status)
        await self._send(answer, with_body=request.method != "HEAD")

    async def _read(self) -> Request:
        data = bytearray()
        while (end := data.find(HEAD_END)) < 0:
            read = len(data)
            data += await self._receive()
            check_unfinished(data[:end] if (end := data.find(HEAD_END)) >= 0 else data, read)
        head = parse_head(bytes(data[:end]))
        left = head.length - (len(data) - end - len(HEAD_END))
        while left > 0:
            left -= len(await self._receive())
        return head.request

    async def _receive(self) -> bytes:
        await self._pace.wait()
        received = await asyncio.get_running_loop().sock_recv(self._socket, _CHUNK)
        if not received:
            raise EOFError
        return received

    async def _answer(self, request: Request) -> Answer:
        """Asks the control plane in a thread of its own: a daemon, since a backend may keep it for ever."""
        try:
            async with asyncio.timeout(QUEUEING_TIME):
                await self._threads.acquire()
        except TimeoutError:
            line = "too many requests are being answered; ask again later"
            return text(HTTPStatus.SERVICE_UNAVAILABLE, line, Retry_After="10")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def finish(answer: Answer) -> None:
            self._threads.release()
            if not answered.done():
                answered.set_result(answer)

        def work() -> None:
            answer = self._ask(request)
            with suppress(RuntimeError):  # the server was stopped meanwhile, and its loop is closed
                loop.call_soon_threadsafe(finish, answer)

        try:
            Thread(target=work, name="lazyjobs-control-answer", daemon=True).start()
        except RuntimeError as error:  # the system allows no more threads
            finish(text(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}; ask again later", Retry_After="10"))
        return await answered

    def _ask(self, request: Request) -> Answer:
        try:
            return self._plane.answer(request)
        except Exception:
            logger.exception("control plane: a request failed")
            return text(HTTPStatus.INTERNAL_SERVER_ERROR, "the control plane failed; its log says why")

    async def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.rank = (1, monotonic())
        self.waits_for_client = True
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(READING_TIME):
            await loop.sock_sendall(self._socket, write_head(answer))
            if with_body:
                # Not joined to the head: many connections may send one body.
                await loop.sock_sendall(self._socket, answer.body)

    async def _linger(self) -> None:
        """Takes what is still being sent, for a moment: closing over unread bytes would destroy the answer."""
        self._socket.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(_CLOSING_TIME):
            while True:
                await self._receive()
