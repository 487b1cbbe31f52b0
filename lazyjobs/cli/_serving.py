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

logger = logging.getLogger("lazyjobs")

TOKEN_VARIABLE = "LAZYJOBS_CONTROL_TOKEN"  # noqa: S105 (a name)
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
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        text = sys.stdin.read(_LONGEST) if file == "-" else _read_file(Path(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {file}: {error}") from error
    return text.strip()


def _read_file(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
            logger.warning("every user of this machine may use the token file %s; chmod 600 keeps it to yours", path)
        return file.read(_LONGEST)


def _is_host(text: str) -> bool:
    try:
        return bool(text.encode("idna"))
    except UnicodeError:
        return False
