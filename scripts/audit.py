"""Looks the pinned packages up among known vulnerabilities; says plainly where the list of these cannot be had.

The list is OSV's, which is asked by pip-audit. What is found fails; that there was nobody to ask does not.
"""

import socket
import ssl
import subprocess
import sys
from pathlib import Path

SERVICE = "api.osv.dev"
PATIENCE = 10.0
ROOT = Path(__file__).parents[1]
TOOL = "pip-audit==2.10.1"


def main() -> int:
    """The exit code."""
    if reason := why_unreachable():
        print(f"NOT AUDITED: the vulnerabilities known to {SERVICE} cannot be had here: {reason}", file=sys.stderr)
        return 0
    command = [str(ROOT / ".tools/bin/uv"), "tool", "run", "--quiet", "--from", TOOL, "pip-audit"]
    options = ["--vulnerability-service", "osv", "--disable-pip", "--no-deps", "--progress-spinner", "off"]
    return subprocess.run([*command, *options, "--requirement", str(ROOT / "constraints.txt")], check=False).returncode


def why_unreachable() -> str:
    """Why the service does not answer; "" if it does."""
    try:
        with (
            socket.create_connection((SERVICE, 443), timeout=PATIENCE) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=SERVICE) as secured,
        ):
            secured.sendall(f"GET /v1/vulns/OSV-2020-111 HTTP/1.0\r\nHost: {SERVICE}\r\n\r\n".encode())
            status = secured.recv(1024).partition(b"\r\n")[0].decode(errors="replace")
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return "" if status.split()[1:2] == ["200"] else f"it answers {status!r}"


if __name__ == "__main__":
    sys.exit(main())
