"""What every command that serves the control plane takes: where, and who may ask."""

import argparse
import logging
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lazyjobs.cli._ending import log_aside
from lazyjobs.cli._usage import UsageError
from lazyjobs.control import Options, Source, serve
from lazyjobs.control._token import TOKEN_VARIABLE

logger = logging.getLogger("lazyjobs")

_LONGEST = 4096


def add_guard_options(parser: argparse.ArgumentParser) -> None:
    """Adds what decides who may ask."""
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help=f"who asks must know the token in this file (- is standard input), or in {TOKEN_VARIABLE}",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="on loopback, may be asked by this host name too, such as that of a proxy; may be repeated",
    )


def read_guard_options(arguments: argparse.Namespace) -> Options:
    """What they say; raises `UsageError`."""
    return {"token": _read_token(arguments.token_file), "hosts": arguments.allow_host}


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, or `[HOST]:PORT` for IPv6, in its two parts."""
    host, _, port = text.rpartition(":")
    if not _is_host(host) or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"write HOST:PORT, such as 127.0.0.1:8000, not {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


@contextmanager
def control_plane(source: Source, option: str, address: tuple[str, int], options: Options) -> Iterator[None]:
    """Serves it while the context lasts; raises `UsageError`, naming the option, when it cannot."""
    host, port = address
    with ExitStack() as stack:
        try:
            host, port = stack.enter_context(serve(source, host, port, **options))
        except OSError as error:
            raise UsageError(f"{option} {host}:{port}: {error}; choose another address") from error
        except ValueError as error:
            advice = f"--token-file and {TOKEN_VARIABLE} give a token"
            raise UsageError(f"{option} {host}:{port}: {error}; {advice}") from error
        shown = f"[{host}]" if ":" in host else host
        log_aside(logging.INFO, "the control plane is at http://%s:%d/jobs", shown, port)
        yield


def _read_token(file: str | None) -> str | None:
    """The token of the file, or else of the environment, where no child process shall find it afterwards."""
    inherited = os.environ.pop(TOKEN_VARIABLE, None)
    if file is None:
        return inherited
    try:
        text = _read_input() if file == "-" else _read_file(Path(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {file}: {error}") from error
    return text.strip()


def _read_input() -> str:
    if sys.stdin is None:
        raise OSError("there is no standard input")
    return sys.stdin.read(_LONGEST)


def _read_file(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        if _is_open_to_others(os.fstat(file.fileno())):
            logger.warning("other users of this machine may use the token file %s; chmod 600 keeps it to yours", path)
        return file.read(_LONGEST)


def _is_open_to_others(found: os.stat_result) -> bool:
    """Whether a file, but not a pipe or a terminal, has rights for others or is theirs."""
    if not stat.S_ISREG(found.st_mode):
        return False
    return bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)) or found.st_uid not in (0, os.geteuid())


def _is_host(text: str) -> bool:
    try:
        return bool(text.encode("idna"))
    except UnicodeError:
        return False
