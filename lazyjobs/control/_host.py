"""The host name of a request, read strictly."""

import re
from ipaddress import AddressValueError, IPv6Address

_NAME = re.compile(r"([A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_ADDRESS = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?")


def read_host(value: str) -> str | None:
    """The name in a header `Host`, in lower case and without its port; None for what is no host.

    An IPv6 address comes in its shortest form, so that all its spellings are one name. No user information, no empty
    port and no port beyond 65535: programs that read those differ, and a guard must not.
    """
    if found := _NAME.fullmatch(value):
        name, port = found.groups()
    elif found := _ADDRESS.fullmatch(value):
        name, port = found.groups()
        try:
            name = str(IPv6Address(name))
        except AddressValueError:
            return None
    else:
        return None
    return name.lower() if port is None or int(port) <= 65535 else None
