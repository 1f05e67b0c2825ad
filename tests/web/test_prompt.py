"""A connection that does not say what it wants is closed; whoever says it is served."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from studio.web.prompt import PromptProtocol


class Hasty(PromptProtocol):
    within = 0.2


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: here\r\nX-More: "])
def test_a_head_that_does_not_come_to_an_end_is_not_waited_for(said: bytes):
    assert at_once(asked(said)) == b""


def test_nor_is_one_that_trickles_in():
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        with contextlib.suppress(ConnectionError):  # however the end of the connection shows itself here
            for number in range(100):
                writer.write(b"X-A: b\r\n" if number else b"GET / HTTP/1.1\r\n")
                await writer.drain()
                if reader.at_eof():
                    break
                await asyncio.sleep(0.05)
            else:
                pytest.fail("the server waited for five seconds")
            return await reader.read()
        return b""

    assert at_once(asked(b"", trickle)) == b""


def test_whoever_says_what_is_wanted_is_answered_though_the_answer_takes_longer():
    assert b"200 OK" in at_once(asked(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"))


def test_a_head_without_end_is_refused_by_its_size():
    assert b" 400 " in at_once(asked(b"GET / HTTP/1.1\r\nX-Much: " + b"x" * 100_000))


async def asked(said: bytes, talk: Any = None) -> bytes:
    """What comes back until the server closes the connection."""

    async def slowly(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(2 * Hasty.within)
        await PlainTextResponse("here")(scope, receive, send)

    config = uvicorn.Config(slowly, port=0, http=Hasty, ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    async with asyncio.timeout(20):
        found = await (talk(reader, writer) if talk else reader.read())
    writer.close()
    server.should_exit = True
    await serving
    return found


def at_once(work: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
