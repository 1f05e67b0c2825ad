"""Through: the way from a browser to the studio, tried from outside: what a reverse proxy does to it."""

import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import httpx

from studio.domain.machine import Check

LARGEST = 1_000_000_000  # bytes of a file that people may send
APART = 0.5  # seconds between the two parts of the stream; a proxy that collects them hands out both at once
PATIENCE, AT_ONCE = 10.0, 2.0


def through(address: str) -> list[Check]:
    """Ask the studio at the address that people use: is it it, do live views come through, and do files."""
    try:
        with httpx.Client(base_url=address.rstrip("/"), timeout=PATIENCE) as client:
            return list(_asked(client, address))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fix = "Check the address, its certificate, and that the proxy passes on to the studio's port."
        return [Check("Address", False, f"{address}: {error}", fix)]


def _asked(client: httpx.Client, address: str) -> Iterator[Check]:
    answer = client.get("/healthz")
    is_studio = answer.status_code == 200 and "x-request-id" in answer.headers
    fix = "Pass every path on to the studio, with the header Host as the browser sent it."
    yield Check("Address", is_studio, f"{address} answers {answer.status_code}", "" if is_studio else fix)
    if is_studio:
        yield _live(client)
        yield _files(address)


def _live(client: httpx.Client) -> Check:
    """Curves and answers come as they are made, unless something on the way collects them."""
    with client.stream("GET", "/healthz/stream") as answer:
        came = [time.monotonic() for _ in answer.iter_raw()]
    is_live = len(came) > 1 and came[-1] - came[0] >= APART / 2
    fix = "Turn its buffering off: proxy_buffering off; in nginx. deploy/nginx.conf shows where."
    words = "come as they are made" if is_live else "are collected on the way, so the page seems to stand still"
    return Check("Live views", is_live, words, "" if is_live else fix)


def _files(address: str) -> Check:
    """A large file is announced and never sent: a proxy that takes none says so at once."""
    parts = urlsplit(address)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=AT_ONCE)
    try:
        connection.putrequest("POST", "/gradio_api/upload")
        connection.putheader("Content-Length", str(LARGEST))
        connection.endheaders(b"x")
        status = connection.getresponse().status
    except (OSError, HTTPException):  # it waits for the rest, as it should
        status = 0
    finally:
        connection.close()
    fix = "Let files of 1 GB through: client_max_body_size 1g; in nginx."
    words = "come through" if status != 413 else "of 1 GB are refused by the proxy (413)"
    return Check("Files", status != 413, words, "" if status != 413 else fix)
