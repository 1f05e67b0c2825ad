"""Lines: how a visitor's browser speaks HTTP, at a fifth of what httpx itself takes of the machine for it.

What the visitors take is missing to the studio, and to bare Gradio, which stand on the same machine.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Lines(httpx.AsyncBaseTransport):
    """Keeps a line open for the next request, once an answer was read to its end; without TLS, to one server."""

    def __init__(self) -> None:
        self._free: list[Line] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raw = b"".join(b"%b: %b\r\n" % header for header in request.headers.raw)
        asked = b"%b %b HTTP/1.1\r\n%b\r\n%b" % (
            request.method.encode(),
            request.url.raw_path,
            raw,
            await request.aread(),
        )
        while True:
            is_used = bool(self._free)
            line = self._free.pop() if is_used else await _opened(request.url)
            try:
                line[1].write(asked)
                async with asyncio.timeout(request.extensions.get("timeout", {}).get("read")):
                    head = await line[0].readuntil(b"\r\n\r\n")
                break
            except TimeoutError as error:
                line[1].close()
                raise httpx.ReadTimeout("nothing was answered", request=request) from error
            except (asyncio.IncompleteReadError, OSError) as error:  # it was closed while it waited
                line[1].close()
                if not is_used:
                    raise httpx.ReadError(str(error), request=request) from error
        said, *rows = head[:-4].split(b"\r\n")
        headers = [(name, value.strip()) for name, _, value in (row.partition(b":") for row in rows)]
        return httpx.Response(int(said.split(b" ", 2)[1]), headers=headers, stream=Answer(self, line, headers, request))

    def put_back(self, line: Line) -> None:
        self._free.append(line)

    async def aclose(self) -> None:
        for _, writer in self._free:
            writer.close()


class Answer(httpx.AsyncByteStream):
    """What is answered, as it comes."""

    def __init__(self, lines: Lines, line: Line, headers: list[tuple[bytes, bytes]], request: httpx.Request) -> None:
        self._lines, self._line, self._is_whole = lines, line, False
        self._said = {name.lower(): value.lower() for name, value in headers}
        self._has_none = request.method == "HEAD"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reader, _ = self._line
        try:
            if self._said.get(b"transfer-encoding") == b"chunked":
                while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                    yield (await reader.readexactly(size + 2))[:-2]
                await reader.readuntil(b"\r\n")
            elif not self._has_none and (size := int(self._said.get(b"content-length", b"0"))):
                yield await reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise httpx.ReadError(str(error)) from error
        self._is_whole = True

    async def aclose(self) -> None:
        if self._is_whole and self._said.get(b"connection") != b"close":
            self._lines.put_back(self._line)
        else:
            self._line[1].close()


async def _opened(url: httpx.URL) -> Line:
    try:
        return await asyncio.open_connection(url.host, url.port)
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
