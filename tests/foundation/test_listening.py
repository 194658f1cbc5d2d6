"""A socket to listen at."""

from __future__ import annotations

import asyncio
import socket

import pytest

from handful.foundation.errors import UsageError
from handful.foundation.listening import listen_at


def test_answers_are_sent_at_once() -> None:
    async def is_hasty() -> bool:
        found: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ours = writer.get_extra_info("socket")
            found.set_result(bool(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            writer.close()

        sock = listen_at("127.0.0.1", 0)
        async with await asyncio.start_server(met, sock=sock) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            hasty = await asyncio.wait_for(found, 5)
            writer.close()
            await writer.wait_closed()
            return hasty

    assert asyncio.run(is_hasty())


def test_a_port_that_is_taken_is_named() -> None:
    with listen_at("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}"):
            listen_at("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match="65535"):
        listen_at("127.0.0.1", port)
