"""A socket that takes connections, as the server and the studio want it."""

from __future__ import annotations

import socket

from handful.foundation.errors import UsageError, require


def listen_at(host: str, port: int) -> socket.socket:
    """Take an address of this machine.

    Args:
        host: Of IPv4, or of IPv6 when it has a colon.
        port: From 0 to 65535; 0 takes a free one.

    Returns:
        A socket that listens; close it to give the address back.

    Raises:
        UsageError: When the address cannot be used.
    """
    require(0 <= port <= 65535, "port", port, "from 0 to 65535; 0 takes a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for the
    # client to acknowledge its headers.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        reason = error.strerror or str(error)
        raise UsageError(
            f"Cannot listen at {host}:{port}: {reason}.",
            "choose another --port; 0 takes a free one",
        ) from None
    return taken
